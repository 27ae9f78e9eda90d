"""Zips, which are unpacked with suspicion."""

import shutil
import stat
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from train.errors import DataError, disk_error

# Image formats are compressed already; drawings shrink to a tenth at best. A bomb shrinks a thousandfold.
MAX_RATIO = 100
ALWAYS_ALLOWED_BYTES = 64 << 20


@dataclass(slots=True)
class Members:
    """What was found in a zip."""

    unpacked: list[tuple[PurePosixPath, Path]] = field(default_factory=list)  # name, and where it lies now
    others: list[str] = field(default_factory=list)  # files that were not wanted
    links: list[str] = field(default_factory=list)  # which mean nothing outside of where they were packed


def unpack(path: Path, folder: Path, wanted: Callable[[PurePosixPath], bool]) -> Members:
    """Extract the wanted files of a zip into `folder`, under numbers: their names may suit no file system.

    Raises DataError where they cannot be written, and for a zip that is damaged, encrypted, leads out of its
    folder, or holds far more than its size can mean.
    """
    try:
        with path.open("rb") as stream, zipfile.ZipFile(stream) as archive:
            found = Members()
            chosen = _choose(path, archive, wanted, found)
            _check_size(path, sum(info.file_size for info in chosen.values()), folder)
            for number, (name, info) in enumerate(chosen.items()):
                target = folder / f"{number:06d}{name.suffix}"
                with archive.open(info) as content:  # gives no more than the size that was checked
                    _copy(path, content, target)
                found.unpacked.append((name, target))
            return found
    except DataError:
        raise
    except Exception as error:  # decompressors answer broken bytes with anything
        raise _unreadable(path, error) from error


def _copy(path: Path, content: IO[bytes], target: Path) -> None:
    try:
        with target.open("wb") as out:
            while chunk := _read(path, content):
                out.write(chunk)
    except OSError as error:
        raise disk_error(target.parent.parent, error) from error


def _read(path: Path, content: IO[bytes]) -> bytes:
    try:
        return content.read(1 << 20)
    except Exception as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> DataError:
    if isinstance(error, OSError) and error.strerror:
        return DataError(f"{path} cannot be read: {error.strerror}.")
    return DataError(f"{path} is not a readable zip file: make it again ({error or type(error).__name__}).")


def _choose(
    path: Path, archive: zipfile.ZipFile, wanted: Callable[[PurePosixPath], bool], found: Members
) -> dict[PurePosixPath, zipfile.ZipInfo]:
    """The wanted files by name; of two with one name the later one, as programs that unpack have it."""
    chosen: dict[PurePosixPath, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        name = PurePosixPath(info.filename.replace("\\", "/"))
        if name.is_absolute() or ".." in name.parts:
            raise DataError(f"{path} wants to write to {info.filename}, outside its folder: do not trust it.")
        if info.is_dir() or not name.parts:
            continue
        if stat.S_ISLNK(info.external_attr >> 16):
            found.links.append(str(name))
        elif wanted(name):
            chosen[name] = info
        else:
            found.others.append(str(name))
    return chosen


def _check_size(path: Path, unpacked: int, folder: Path) -> None:
    """Refuse a zip bomb, and what the disk has no room for, before a byte is written."""
    if unpacked > max(ALWAYS_ALLOWED_BYTES, MAX_RATIO * path.stat().st_size):
        raise DataError(f"{path} would unpack to {_size(unpacked)}, as a zip bomb does: unpack it yourself.")
    if unpacked > (free := shutil.disk_usage(folder).free):
        need = f"{_size(unpacked)} unpacked, and only {_size(free)} are free under {folder.parent}"
        raise DataError(f"{path} needs {need}: free some space, or set TMPDIR to another place.")


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
