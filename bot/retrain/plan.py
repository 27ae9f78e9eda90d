"""What a retrain is to do, checked before anything begins. Nothing typed in a channel names a path."""

from __future__ import annotations

import importlib
import importlib.util
import math
import os
import re
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path

from bot.checkpoints.files import CheckpointFiles
from bot.config import Settings
from bot.errors import N_, UserError
from bot.store import Job
from train.protocol import INDEX_FILE, PACKAGE_SOURCE, RETRAIN_PACKAGES, STATE_FILE

LEAST_KIMG, USUAL_KIMG = 0.1, 100

# What a retrain writes: several states and checkpoints, each a few times the shipped file; a picture a tick.
STATES_PER_CHECKPOINT = 40
PICTURE_BYTES = 500_000
KIMG_PER_PICTURE = 4
PACKAGE_BYTES = 2_000_000_000  # the sprites, what is drawn on the way, the data set and its features
# Of one's own: 128×128 in four colours, in the data set and (packed) in the cache, and its features.
IMAGE_BYTES = 160_000
ANIMATION_FRAMES = 12  # that a data set takes of a file at most

GONE_DATA = N_(
    "The data set {data} is no longer in RETRAIN_DATA: begin with another one with /retrain start."
)

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


@dataclass(frozen=True)
class DataSource:
    """A data set that may be trained on, by the name that people use."""

    name: str
    dataset: Path
    build: str | None  # what it is built from, if it is not there

    @property
    def built(self) -> bool:
        """Whether there is one."""
        return (self.dataset / INDEX_FILE).is_file()


@dataclass(frozen=True)
class Plan:
    """A retrain that can begin."""

    parent_id: str
    kimg: float
    source: DataSource
    resumes: Job | None  # the one that it goes on with


def data_sources(settings: Settings) -> dict[str, DataSource]:
    """All data sets of the configuration, the default one first. Raises `UserError` for impossible ones."""
    found: dict[str, DataSource] = {}
    for name, place in settings.retrain_data.items():
        if not _NAME.fullmatch(name):
            raise UserError(
                N_("RETRAIN_DATA: {name!r} is no name: use small letters, digits, - and _."), name=name[:32]
            )
        path = Path(place)
        if place == PACKAGE_SOURCE:
            found[name] = DataSource(name, settings.data_dir / "dataset", PACKAGE_SOURCE)
        elif (path / INDEX_FILE).is_file():
            found[name] = DataSource(name, path, None)
        else:
            built = settings.data_dir / "datasets" / name
            found[name] = DataSource(name, built, str(path.resolve()))
    return found


def run_folder(settings: Settings, run: str) -> Path:
    """Where a retrain keeps everything."""
    return settings.data_dir / "retrain" / run


def plan(
    settings: Settings,
    files: CheckpointFiles,
    parent_id: str,
    kimg: float | None,
    data: str | None,
    unfinished: Job | None,
    *,
    go_on: bool = False,
) -> Plan:
    """A retrain of that checkpoint, or the rest of an unfinished one. Blocking.

    `go_on`: it must be the unfinished one, even if nothing of it was learned yet.
    Raises `UserError` for silly numbers, unknown data, missing packages or weights, and a disk that is full.
    """
    sources = data_sources(settings)
    if data is not None and data not in sources:
        raise UserError(
            N_("There is no data set called {data}: choose one of {known}."),
            data=data[:32],
            known=", ".join(sources),
        )
    if go_on and unfinished is not None and unfinished.data not in sources:
        raise UserError(GONE_DATA, data=unfinished.data)
    resumes = unfinished if unfinished and (go_on or _resumable(settings, unfinished, data)) else None
    name = data or (resumes.data if resumes is not None else next(iter(sources)))
    wanted = kimg if kimg is not None else resumes.kimg if resumes is not None else settings.retrain_kimg
    chosen = Plan(parent_id, _checked(wanted, settings.retrain_max_kimg), sources[name], resumes)
    _check_means(files, chosen)
    _check_disk(settings, files, chosen)
    return chosen


def command(settings: Settings, files: CheckpointFiles, job: Job) -> list[str]:
    """What carries a job out, after the interpreter's name. Raises `UserError` for data that are gone."""
    source = data_sources(settings).get(job.data)
    if source is None:
        raise UserError(GONE_DATA, data=job.data)
    options: dict[str, object] = {
        "--from": files.path(job.parent_id).resolve(),
        "--run": run_folder(settings, job.run).resolve(),
        "--kimg": job.kimg,
        "--data": source.dataset.resolve(),
        "--cache": (settings.data_dir / "cache").resolve(),
        "--samples": settings.retrain_samples,
    }
    if source.build is not None:
        options["--build"] = source.build
    return ["-m", "train", "retrain", *(str(part) for option in options.items() for part in option)]


def _resumable(settings: Settings, job: Job, data: str | None) -> bool:
    same_data = data in (None, job.data) and job.data in data_sources(settings)
    learned = (run_folder(settings, job.run) / STATE_FILE).is_file()
    return same_data and (learned or job.state == "cancelled")  # which says nothing against it


def _checked(kimg: float, most: float) -> float:
    if not math.isfinite(kimg) or not LEAST_KIMG <= kimg <= most:
        raise UserError(
            N_(
                "A retrain shows {least:g} to {most:g} kimg (thousand images), and {kimg:g} is not among "
                "that: try {usual:g}."
            ),
            least=LEAST_KIMG,
            most=most,
            kimg=kimg,
            usual=min(USUAL_KIMG, most),
        )
    return kimg


def _check_means(files: CheckpointFiles, chosen: Plan) -> None:
    importlib.invalidate_caches()  # they may have come since the bot was started
    if any(importlib.util.find_spec(package) is None for package in RETRAIN_PACKAGES):
        raise UserError(
            N_(
                "Retraining needs packages that are not installed here: whoever runs the bot can install "
                "them with `make retrain-ready` in its folder, also while it runs."
            )
        )
    if not files.path(chosen.parent_id).is_file() or not files.training_path(chosen.parent_id).is_file():
        raise UserError(
            N_(
                "Checkpoint {checkpoint} cannot be trained further, because its training weights are "
                "missing: choose another one with /checkpoint use, then begin with /retrain start."
            ),
            checkpoint=chosen.parent_id[:8],
        )
    build = chosen.source.build
    if build is not None and build != PACKAGE_SOURCE and not Path(build).exists():
        raise UserError(
            N_("The images of the data set {data} are missing: look at RETRAIN_DATA."),
            data=chosen.source.name,
        )


def _check_disk(settings: Settings, files: CheckpointFiles, chosen: Plan) -> None:
    checkpoint_bytes = files.path(chosen.parent_id).stat().st_size
    needed = checkpoint_bytes * STATES_PER_CHECKPOINT + chosen.kimg / KIMG_PER_PICTURE * PICTURE_BYTES
    needed += _data_bytes(chosen.source)
    reserve = settings.retrain_keep_free_gb * 1e9
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.data_dir).free
    if free < needed + reserve:
        raise UserError(
            N_(
                "There is too little room on the disk: {free:.1f} GB are free, and a retrain takes about "
                "{needed:.1f} GB with {reserve:g} GB left over. Free some space first."
            ),
            free=free / 1e9,
            needed=needed / 1e9,
            reserve=reserve / 1e9,
        )


def _data_bytes(source: DataSource) -> int:
    """What a data set that must still be built will take, about."""
    if source.build is None or source.built:
        return 0
    if source.build == PACKAGE_SOURCE:
        return PACKAGE_BYTES
    images = sum(
        ANIMATION_FRAMES if name.lower().endswith(".gif") else 1 for name in _files(Path(source.build))
    )
    return images * IMAGE_BYTES


def _files(images: Path) -> list[str]:
    """The names of all files in a folder or a zip; none where it cannot be read, as building it will say."""
    try:
        if images.is_dir():
            return [name for _, _, names in os.walk(images) for name in names]
        with zipfile.ZipFile(images) as archive:
            return archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return []
