"""One process at a time in one place; a killed one frees it."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def locked(path: Path, busy: Exception) -> Iterator[None]:
    """Hold the lock file `path` while the context lasts. Raises `busy` if another process holds it."""
    descriptor = _acquire(path, busy)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)  # before it is let go: whoever waits for it finds it stale
        os.close(descriptor)


def _acquire(path: Path, busy: Exception) -> int:
    """The descriptor of a locked file that still lies at `path`."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.exists() and path.stat().st_ino == os.fstat(descriptor).st_ino:
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            raise busy from None
        os.close(descriptor)  # its last holder removed it between the two calls
