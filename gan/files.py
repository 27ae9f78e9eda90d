"""Writing files: whole or not at all. Used wherever a file is written; knows nothing of what is in it."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """Yields a fresh, empty file beside `target` to write to, which takes its name in the end.

    Whatever is raised meanwhile leaves `target` as it was and nothing beside it. The file has a name of its
    own, so that any number of processes may write the same target: each writes a whole one, and the last
    stays. It is on the disk before it gets its name. Raises OSError.
    """
    part = target.with_name(f".{secrets.token_hex(8)}.part")
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        yield part
        _sync(part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # not every file system lets a folder be synced
        _sync(target.parent)  # the name, too


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
