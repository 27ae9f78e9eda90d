"""A folder of images, or a zip of one, which is unpacked with suspicion while it is in use."""

import contextlib
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from train.errors import DataError, disk_error
from train.sources import IMAGE_SUFFIXES, is_hidden

# Image formats are compressed already; drawings shrink to a tenth at best. A bomb shrinks a thousandfold.
MAX_RATIO = 100
ALWAYS_ALLOWED_BYTES = 64 << 20


@contextlib.contextmanager
def open_folder(path: Path) -> Iterator[Path]:
    """`path` itself where it is a folder; a zip is unpacked beside the temporary files while it is in use.

    Raises DataError for what is neither, and for a zip that is damaged, encrypted, leads out of its folder,
    or holds far more than its size can mean.
    """
    if path.is_dir():
        yield path
    elif path.suffix.lower() == ".zip" and path.is_file():
        with tempfile.TemporaryDirectory(prefix="images-") as scratch:
            try:
                _unpack(path, Path(scratch))
            except OSError as error:
                raise disk_error(Path(scratch).parent, error) from error
            yield Path(scratch)
    elif path.exists():
        raise DataError(f"{path} is not a folder: give a folder of images or a zip of one.")
    else:
        raise DataError(f"There is no folder {path}: give one that holds images.")


def _unpack(path: Path, folder: Path) -> None:
    """Extract the images of a zip, and nothing else, into `folder`."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info for info in archive.infolist() if _wanted(path, info)]
            _check_size(path, sum(info.file_size for info in members), folder)
            for info in members:
                archive.extract(info, folder)  # reads no more than the size that was checked
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise DataError(f"{path} is not a readable zip file: make it again ({error}).") from error


def _wanted(path: Path, info: zipfile.ZipInfo) -> bool:
    """Whether a member is an image. Raises DataError for one whose name leads out of the folder."""
    name = PurePosixPath(info.filename.replace("\\", "/"))
    if name.is_absolute() or ".." in name.parts:
        raise DataError(f"{path} wants to write to {info.filename}, outside its folder: do not trust it.")
    return not info.is_dir() and name.suffix.lower() in IMAGE_SUFFIXES and not is_hidden(Path(name))


def _check_size(path: Path, unpacked: int, folder: Path) -> None:
    """Refuse a zip bomb, and what the disk has no room for, before a byte is written."""
    if unpacked > max(ALWAYS_ALLOWED_BYTES, MAX_RATIO * path.stat().st_size):
        raise DataError(f"{path} would unpack to {_size(unpacked)}, as a zip bomb does: unpack it yourself.")
    if unpacked > (free := shutil.disk_usage(folder).free):
        need = f"{_size(unpacked)} unpacked, and only {_size(free)} are free under {folder.parent}"
        raise DataError(f"{path} needs {need}: free some space, or set TMPDIR to another place.")


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
