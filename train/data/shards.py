"""Decoded images on disk, in shards of a few files each: what lets a killed build go on where it stopped.

A shard carries the hash of its content in its name and is renamed into place when complete. One that a crash
spoiled is not recognised and is decoded again.
"""

import hashlib
import io
import shutil
from collections.abc import Callable, Generator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from gan.files import whole_file
from train.data.decode import attempt, start_worker

FILES = 16  # a shard
MAX_BYTES = 64 << 20  # of pixels in a shard, which bounds a worker's memory
KEY_FILE = "key"

Read = Callable[
    [Path], list[tuple[int, np.ndarray]]
]  # a file → (frame number, uint8 [R, R, 4]); can be pickled


@dataclass(frozen=True, slots=True)
class Shard:
    """What came of a few files."""

    images: np.ndarray  # uint8 [N, R, R, 4]
    file: np.ndarray  # int32 [N], position of the file among all
    frame: np.ndarray  # int32 [N]
    skipped: dict[int, str]  # position of a file that could not be used → why


@dataclass(frozen=True, slots=True)
class Job:
    """A shard to be made, by a worker."""

    folder: Path
    number: int
    first: int  # position of the first path among all files
    paths: tuple[Path, ...]
    resolution: int
    read: Read

    def run(self) -> Path:
        """Decode the files and write the shard; where it lies."""
        images, file, frame, skipped = [], [], [], {}
        for position, path in enumerate(self.paths, self.first):
            sprites = attempt(partial(self.read, path))
            if isinstance(sprites, str):
                skipped[position] = sprites
                continue
            for number, sprite in sprites:
                images.append(sprite)
                file.append(position)
                frame.append(number)
        shape = (-1, self.resolution, self.resolution, 4)
        stack = np.array(images, dtype=np.uint8).reshape(shape)
        return self._write(Shard(stack, np.array(file, np.int32), np.array(frame, np.int32), skipped))

    def finished(self) -> Path | None:
        """The shard that an earlier build left, if it is there and sound."""
        for path in self.folder.glob(f"{self.number:06d}-*.npz"):
            if _named(self.number, path.read_bytes()) == path.name:
                return path
            path.unlink()
        return None

    def _write(self, shard: Shard) -> Path:
        stream = io.BytesIO()
        np.savez(
            stream,
            images=shard.images,
            files=shard.file,
            frames=shard.frame,
            skipped=np.array(list(shard.skipped), np.int32),
            reasons=np.array(list(shard.skipped.values()), np.str_),
        )
        content = stream.getvalue()
        path = self.folder / _named(self.number, content)
        with whole_file(path, lasting=False) as part:
            part.write_bytes(content)
        return path


def load(path: Path) -> Shard:
    """Read a shard that `decode` yielded."""
    with np.load(path, allow_pickle=False) as content:
        skipped = dict(zip(content["skipped"].tolist(), content["reasons"].tolist(), strict=True))
        return Shard(content["images"], content["files"], content["frames"], skipped)


def prepare(folder: Path, key: str) -> None:
    """Make `folder` ready for the shards of the build that `key` names; shards of another are removed."""
    marker = folder / KEY_FILE
    if not marker.is_file() or marker.read_text(encoding="utf-8") != key:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        marker.write_text(key, encoding="utf-8")


def decode(
    paths: list[Path], read: Read, resolution: int, frames: int, folder: Path, workers: int
) -> Generator[tuple[Path, int, bool]]:
    """Decode `paths` with `read` into shards in a prepared `folder`, or find them there.

    A file gives at most `frames` images of `resolution` pixels.
    Yields, in order and whatever the number of workers: the shard, how many files it covers, and whether it
    was there already. Raises OSError where it cannot be written, BrokenProcessPool where a worker died.
    """
    size = min(FILES, max(1, MAX_BYTES // (frames * resolution**2 * 4)))
    starts = range(0, len(paths), size)
    jobs = [
        Job(folder, number, start, tuple(paths[start : start + size]), resolution, read)
        for number, start in enumerate(starts)
    ]
    found = {job.number: path for job in jobs if (path := job.finished()) is not None}
    missing = [job for job in jobs if job.number not in found]
    made = _run(missing, workers)
    try:
        for job in jobs:
            there = job.number in found
            yield found[job.number] if there else next(made), len(job.paths), there
    finally:
        made.close()


def _run(jobs: list[Job], workers: int) -> Generator[Path]:
    if workers <= 1 or len(jobs) < 2:
        yield from map(Job.run, jobs)
        return
    # Spawned, since forking a process that has torch's threads can deadlock.
    pool = ProcessPoolExecutor(min(workers, len(jobs)), get_context("spawn"), start_worker)
    try:
        yield from pool.map(Job.run, jobs)
    finally:
        pool.shutdown(cancel_futures=True)


def _named(number: int, content: bytes) -> str:
    return f"{number:06d}-{hashlib.sha256(content).hexdigest()[:32]}.npz"
