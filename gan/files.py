"""Writing files: whole or not at all, and never over another one unless that was asked for.

Used wherever a file is written; knows nothing of what is in it. Also one process at a time in one place.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from filelock import FileLock, Timeout

from gan.errors import UserError

HALF_WRITTEN = ".*.part"


class FileError(UserError):
    """A file that cannot be written, or may not be replaced."""


@contextlib.contextmanager
def whole_file(target: Path, lasting: bool = True) -> Iterator[Path]:
    """Yields a fresh, empty file beside `target` to write to, which takes its name in the end.

    Whatever is raised meanwhile leaves `target` as it was and nothing beside it. The file has a name of its
    own, so that any number of processes may write the same target: each writes a whole one, and the last
    stays. It is on the disk before it gets its name, unless it need not be `lasting`: whoever reads a cache
    checks what a crash of the machine may have left. Raises OSError.
    """
    part = target.with_name(f".{secrets.token_hex(8)}.part")
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        yield part
        if lasting:
            _sync(part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    if lasting:
        with contextlib.suppress(OSError):  # not every file system lets a folder be synced
            _sync(target.parent)  # the name, too


def remove_half_written(folder: Path) -> None:
    """Delete what killed processes left of `whole_file` in a folder, which must be locked against others."""
    for part in folder.glob(HALF_WRITTEN):
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def locked(path: Path, busy: Exception) -> Iterator[None]:
    """Hold the lock file `path` while the context lasts; a process that is killed frees it.

    Raises `busy` if somebody else holds it, in another process or in this one, and OSError.
    """
    lock = FileLock(path, blocking=False, fallback_to_soft=False)
    while True:
        try:
            lock.acquire()
            break
        except Timeout:
            if path.exists():
                raise busy from None
            # Its holder removed it between two calls: there is none any more.
    try:
        yield
    finally:
        path.unlink(missing_ok=True)  # before it is let go: whoever opened it finds that it lies nowhere
        lock.release()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all. Raises `FileError`."""
    try:
        with whole_file(path) as part:
            part.write_bytes(data)
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error.strerror or error}.") from error


def named(path: Path) -> Path:
    """The path, spelled so that its last part is a name: `.` becomes the folder's own.

    Raises `FileError` for the root of the file system, which has none.
    """
    found = path if path.name not in ("", "..") else path.resolve()
    if not found.name:
        raise FileError(f"{path} has no name: choose another --out.")
    return found


def check_replaces(
    targets: Iterable[Path], force: bool, sources: Sequence[Path] = (), option: str = "--out"
) -> None:
    """Refuse to write over what is read, and without `force` over anything that is there.

    To be asked before the work is done. `option` is how the targets were named. Raises `FileError`.
    """
    there = [path for path in targets if os.path.lexists(path)]
    for path in there:
        for source in sources:
            if source.exists() and path.exists() and path.samefile(source):
                raise FileError(f"{path} would overwrite {source}, which is read: choose another {option}.")
    if there and not force:
        others = f" (and {len(there) - 1} more)" if len(there) > 1 else ""
        raise FileError(
            f"{there[0]}{others} is there already: choose another {option}, or replace it with --force."
        )
