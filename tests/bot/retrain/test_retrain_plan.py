"""What is checked before a retrain begins, and what its process is told."""

from __future__ import annotations

import importlib.util
import json
import math
import re
import shutil
import subprocess
from collections import namedtuple
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.checkpoints.files import CheckpointFiles
from bot.config import Settings, load_settings
from bot.errors import UserError
from bot.retrain.plan import Plan, command, data_sources, plan, run_folder
from bot.retrain.progress import Progress, last_words, read_outcome, read_progress
from bot.store import Job
from bot.system.background import ROOT

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def files(settings: Settings) -> CheckpointFiles:
    return CheckpointFiles(settings.data_dir / "checkpoints")


@pytest.fixture
def parent(settings: Settings, files: CheckpointFiles) -> str:
    return files.put(settings.checkpoint)[0]


def a_job(**changes: Any) -> Job:
    values: dict[str, Any] = dict.fromkeys(Job.__slots__)
    values |= {"id": 7, "run": "0007", "kimg": 40.0, "data": "sprites", "state": "failed"}
    values |= {"created_at": datetime(2026, 1, 1, tzinfo=UTC), "attempts": 1}
    return Job(**(values | changes))


# -- numbers, data, means ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kimg", [0.0, -1.0, 0.09, 5000.1, 1e300, math.inf, math.nan])
def test_silly_numbers_are_refused(
    settings: Settings, files: CheckpointFiles, parent: str, kimg: float
) -> None:
    with pytest.raises(UserError, match=r"0\.1 to 5000 kimg.*try 100"):
        plan(settings, files, parent, kimg, None, None)
    careful = settings.model_copy(update={"retrain_max_kimg": 20.0})
    with pytest.raises(UserError, match="try 20"):
        plan(careful, files, parent, None, None, None)


def test_without_a_number_it_is_the_configured_one(
    settings: Settings, files: CheckpointFiles, parent: str
) -> None:
    chosen = plan(settings, files, parent, None, None, None)
    assert (chosen.kimg, chosen.source.name, chosen.resumes) == (settings.retrain_kimg, "sprites", None)


def test_data_are_chosen_by_name_and_never_by_path(
    settings: Settings, files: CheckpointFiles, parent: str
) -> None:
    for name in ("/etc", "../sprites", "", "Sprites"):
        with pytest.raises(UserError, match="no data set called"):
            plan(settings, files, parent, 1, name, None)


def test_data_may_be_the_package_a_built_set_or_a_folder_to_build(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "built").mkdir()
    (tmp_path / "built" / "index.json").write_text("{}")
    data = {"all": "pokeapi", "mine": str(tmp_path / "built"), "new": str(tmp_path / "images")}
    sources = data_sources(settings.model_copy(update={"retrain_data": data}))
    folder = settings.data_dir
    assert [(s.dataset, s.build, s.built) for s in sources.values()] == [
        (folder / "dataset", "pokeapi", False),
        (tmp_path / "built", None, True),
        (folder / "datasets" / "new", str(tmp_path / "images"), False),
    ]


@pytest.mark.parametrize("name", ["Mine", "a b", "../a", "a/b", "x" * 33])
def test_names_of_data_that_would_lead_elsewhere_are_refused(settings: Settings, name: str) -> None:
    with pytest.raises(UserError, match="is no name"):
        data_sources(settings.model_copy(update={"retrain_data": {name: "pokeapi"}}))


def test_data_are_configured_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETRAIN_DATA", "sprites=pokeapi, mine = /somewhere/pictures")
    assert load_settings().retrain_data == {"sprites": "pokeapi", "mine": "/somewhere/pictures"}
    monkeypatch.setenv("RETRAIN_DATA", "pokeapi")
    with pytest.raises(UserError, match="name=folder"):
        load_settings()


def test_missing_packages_are_said_at_once(
    settings: Settings, files: CheckpointFiles, parent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.util.find_spec

    def without(name: str, package: str | None = None) -> Any:
        return None if name.startswith("efficientnet") else real(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", without)
    with pytest.raises(UserError, match="packages that are not installed") as refused:
        plan(settings, files, parent, 1, None, None)
    (target,) = re.findall(r"`make ([a-z-]+)`", str(refused.value))
    told = subprocess.run(
        ["make", "--dry-run", target, f"VENV={settings.data_dir / 'fresh'}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert told.returncode == 0, told.stderr
    assert f"{settings.data_dir / 'fresh'}/bin/python -m pip" in told.stdout  # and not any other pip
    assert "--editable '.[bot,train]'" in told.stdout
    assert f"`make {target}`" in (ROOT / "README.md").read_text()


def test_missing_weights_and_images_are_said_at_once(
    settings: Settings, files: CheckpointFiles, parent: str, tmp_path: Path
) -> None:
    (tmp_path / "images").rmdir()
    with pytest.raises(UserError, match="images of the data set sprites are missing"):
        plan(settings, files, parent, 1, None, None)
    files.training_path(parent).unlink()
    with pytest.raises(UserError, match="training weights are missing"):
        plan(settings, files, parent, 1, None, None)


def test_the_disk_is_looked_at_first(
    settings: Settings, files: CheckpointFiles, parent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict = settings.model_copy(update={"retrain_keep_free_gb": 1.0})

    def with_free(gigabytes: float) -> Plan:
        monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1e12, 0, gigabytes * 1e9))
        return plan(strict, files, parent, 100, None, None)

    with pytest.raises(UserError, match=r"0\.9 GB are free.*1 GB left over"):
        with_free(0.9)
    assert with_free(1.2).kimg == 100
    images = Path(strict.retrain_data["sprites"])
    for number in range(2000):  # 320 MB as line art
        (images / f"{number}.png").touch()
    with pytest.raises(UserError, match="too little room"):
        with_free(1.1)
    archive = shutil.make_archive(str(images.parent / "zipped"), "zip", images)
    strict = strict.model_copy(update={"retrain_data": {"sprites": archive}})
    with pytest.raises(UserError, match="too little room"):
        with_free(1.1)
    assert with_free(1.5).kimg == 100
    package = strict.model_copy(update={"retrain_data": {"sprites": "pokeapi"}})
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1e12, 0, 1.2e9))
    with pytest.raises(UserError, match="too little room"):  # the sprites must fit, too
        plan(package, files, parent, 100, None, None)


# -- going on ------------------------------------------------------------------------------------------------


def test_an_unfinished_one_is_gone_on_with_as_it_was(
    settings: Settings, files: CheckpointFiles, parent: str
) -> None:
    unfinished = a_job()
    folder = run_folder(settings, unfinished.run)
    assert plan(settings, files, parent, None, None, unfinished).resumes is None  # nothing was learned yet
    folder.mkdir(parents=True)
    (folder / "state.safetensors").touch()
    chosen = plan(settings, files, parent, None, None, unfinished)
    assert (chosen.resumes, chosen.kimg) == (unfinished, 40)
    assert plan(settings, files, parent, 60, None, unfinished).kimg == 60
    more = {**settings.retrain_data, "others": "pokeapi"}
    settings = settings.model_copy(update={"retrain_data": more})
    assert plan(settings, files, parent, None, "others", unfinished).resumes is None
    gone = settings.model_copy(update={"retrain_data": {"others": "pokeapi"}})
    assert plan(gone, files, parent, None, None, unfinished).source.name == "others"


def test_one_that_was_cancelled_is_gone_on_with_though_nothing_was_learned(
    settings: Settings, files: CheckpointFiles, parent: str
) -> None:
    cancelled, failed = a_job(state="cancelled"), a_job()
    assert plan(settings, files, parent, None, None, cancelled).resumes == cancelled
    assert plan(settings, files, parent, None, None, failed).resumes is None
    chosen = plan(settings, files, parent, None, None, failed, go_on=True)  # its button says so
    assert (chosen.resumes, chosen.kimg) == (failed, 40)
    gone = settings.model_copy(update={"retrain_data": {"others": "pokeapi"}})
    with pytest.raises(UserError, match="no longer in RETRAIN_DATA"):
        plan(gone, files, parent, None, None, cancelled, go_on=True)
    with pytest.raises(UserError, match="training weights are missing"):  # of a checkpoint that was deleted
        plan(settings, files, "0" * 16, None, None, cancelled, go_on=True)


def test_the_process_is_told_everything_with_whole_paths(
    settings: Settings, files: CheckpointFiles, parent: str, tmp_path: Path
) -> None:
    job = a_job(parent_id=parent)
    words = command(settings, files, job)
    assert words[:3] == ["-m", "train", "retrain"]
    options = dict(zip(words[3::2], words[4::2], strict=True))
    data = settings.data_dir.resolve()
    assert options == {
        "--from": str(data / "checkpoints" / f"{parent}.safetensors"),
        "--run": str(data / "retrain" / "0007"),
        "--kimg": "40.0",
        "--data": str(data / "datasets" / "sprites"),
        "--cache": str(data / "cache"),
        "--samples": "2000",
        "--build": str(tmp_path / "images"),
    }
    with pytest.raises(UserError, match="no longer in RETRAIN_DATA"):
        command(settings.model_copy(update={"retrain_data": {"x": "pokeapi"}}), files, job)


# -- what it writes ------------------------------------------------------------------------------------------


def test_before_anything_is_written_it_is_starting(tmp_path: Path) -> None:
    assert read_progress(tmp_path / "missing") == Progress()
    assert read_outcome(tmp_path) is None and last_words(tmp_path) == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[1, 2]",
        '{"stage": 5, "done": "x", "total": null, "beats": 1e999, "left_s": "x"}',
        "\x00\xff",
    ],
)
def test_anything_at_all_may_be_in_the_files(tmp_path: Path, text: str) -> None:
    for name in ("progress.json", "outcome.json", "stats.jsonl", "log.txt"):
        (tmp_path / name).write_bytes(text.encode("latin-1"))
    progress = read_progress(tmp_path)
    assert (progress.done, progress.total, progress.beats, progress.share) == (0, 0, 0, None)
    assert progress.left_s is None
    assert read_outcome(tmp_path) is None
    last_words(tmp_path)


def test_the_latest_figures_count_and_the_last_kid_stays(tmp_path: Path) -> None:
    lines: list[dict[str, object]] = [
        {"kimg": 1, "loss_d": 0.9, "kid": 80.0, "kid_error": 2.0},
        {"kimg": 2, "loss_d": 0.8},
        {"kimg": 3, "loss_d": 0.7},
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines) + '{"kimg": 4, "lo'
    (tmp_path / "stats.jsonl").write_text(text)
    (tmp_path / "grids").mkdir()
    for name in ("000001.png", "000003.png", "000002.png"):
        (tmp_path / "grids" / name).touch()
    (tmp_path / "progress.json").write_text(
        '{"stage": "training", "what": "", "done": 3, "total": 4, "beats": 9, "left_s": 12.5}'
    )
    progress = read_progress(tmp_path)
    assert progress.figures == {"kimg": 3, "loss_d": 0.7, "kid": 80.0, "kid_error": 2.0}
    assert progress.grid == tmp_path / "grids" / "000003.png"
    assert (progress.stage, progress.share, progress.beats) == ("training", 0.75, 9)
    assert progress.left_s == 12.5


def test_kid_is_shown_throughout_a_long_retrain(tmp_path: Path) -> None:
    """It is measured five times at most, so that hundreds of lines may lie between two of them."""
    names = ("resolution", "alpha", "images_per_s", "augment", "lr_factor", "eta_s", "loss_d", "loss_g")
    names += ("loss_eyes", "lead", "r1", "r2")
    lines = [{"kimg": n, **dict.fromkeys(names, 12345.6789)} for n in range(400)]
    lines[0] |= {"kid": 80.0, "kid_error": 2.0}
    (tmp_path / "stats.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    figures = read_progress(tmp_path).figures
    assert (figures["kid"], figures["kid_error"], figures["kimg"]) == (80.0, 2.0, 399)


def test_of_a_long_log_only_the_end_is_read(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text("x" * 1_000_000 + "\n\nRuntimeError: " + "no " * 1000 + "\n\n")
    assert last_words(tmp_path).startswith("RuntimeError: no") and len(last_words(tmp_path)) == 300
