"""One's own pictures: a folder or a zip of one, read by the same rules; and what in it is no picture."""

import contextlib
import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from PIL import Image

from gan.pictures.read import is_readable
from train.data.archive import unpack
from train.data.sources import LeftOut, Listing, SourceFile
from train.errors import DataError

NO_PICTURE = "no pictures by their names"
UNKNOWN_FORMAT = "this Pillow cannot read them"
HIDDEN = "hidden, as their names begin with a dot"
LEFTOVER = "left by macOS"
BROKEN_LINK = "links that lead nowhere"
REPEATED = "links to what is read already"
SPECIAL = "neither files nor folders"

# Picture files that people have and Pillow has no decoder for, or one that starts other programs.
FOREIGN = {
    ".heic",
    ".heif",
    ".hif",
    ".jxl",
    ".svgz",
    ".ai",
    ".psb",
    ".xcf",
    ".kra",
    ".clip",
    ".ase",
    ".aseprite",
}
FOREIGN |= {
    ".exr",
    ".hdr",
    ".raw",
    ".dng",
    ".cr2",
    ".cr3",
    ".nef",
    ".arw",
    ".orf",
    ".rw2",
    ".mp4",
    ".webm",
    ".mov",
}

Named = tuple[PurePosixPath, Path]  # its name within the folder or zip, and where its content lies


@contextlib.contextmanager
def open_pictures(path: Path) -> Iterator[Listing]:
    """The pictures in a folder, or in a zip, which is unpacked beside the temporary files while it is in use.

    Those in one subfolder share a species, others have their own. Raises DataError for what is neither, for a
    zip that is not to be trusted, and where there are no pictures.
    """
    if path.is_dir():
        yield _listing(path, *_walk(path))
    elif path.suffix.lower() == ".zip" and path.is_file():
        with tempfile.TemporaryDirectory(prefix="images-") as scratch:
            members = unpack(path, Path(scratch), lambda name: why_not(name) is None)
            left_out = [(name, why) for name in members.others if (why := why_not(PurePosixPath(name)))]
            left_out += [(name, REPEATED) for name in members.links]
            yield _listing(path, members.unpacked, left_out)
    elif path.exists():
        raise DataError(f"{path} is not a folder: give a folder of images or a zip of one.")
    else:
        raise DataError(f"There is no folder {path}: give one that holds images.")


def why_not(name: PurePosixPath) -> str | None:
    """Why a file of this name, relative to the folder or zip, is not looked at; None for pictures."""
    if "__MACOSX" in name.parts:
        return LEFTOVER
    if any(part.startswith(".") for part in name.parts):
        return HIDDEN
    if is_readable(name):
        return None
    suffix = name.suffix.lower()
    return UNKNOWN_FORMAT if suffix in FOREIGN or suffix in Image.registered_extensions() else NO_PICTURE


def groups(left_out: Iterable[LeftOut]) -> list[str]:
    """What was left out in words: "3 .heic files: this Pillow cannot read them"."""
    kinds: dict[tuple[str, str], list[str]] = {}
    for name, why in left_out:
        by_suffix = PurePosixPath(name).suffix.lower() if why in (NO_PICTURE, UNKNOWN_FORMAT) else ""
        kinds.setdefault((by_suffix, why), []).append(name)
    found = []
    for (suffix, why), names in sorted(kinds.items()):
        what = f"{suffix} file{'s' * (len(names) > 1)}".strip()
        more = ", …" if len(names) > 2 else ""
        found.append(f"{len(names)} {what}: {why} ({', '.join(names[:2])}{more})")
    return found


def _walk(root: Path) -> tuple[list[Named], list[LeftOut]]:
    """All pictures under a folder, linked folders included, each of them once."""
    found: list[Named] = []
    left_out: list[LeftOut] = []
    seen: set[tuple[int, int]] = set()
    folders = [(root, PurePosixPath())]
    linked: list[tuple[Path, PurePosixPath]] = []  # last, so that a folder counts where it really lies
    while folders or linked:
        folder, name = folders.pop() if folders else linked.pop()
        state = folder.stat()
        if (state.st_dev, state.st_ino) in seen:
            left_out.append((_text(str(name)), REPEATED))
            continue
        seen.add((state.st_dev, state.st_ino))
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            path, own = Path(entry.path), name / entry.name
            if (why := why_not(own)) in (HIDDEN, LEFTOVER):
                left_out.append((_text(str(own)), why))
            elif entry.is_dir():
                (linked if entry.is_symlink() else folders).append((path, own))
            elif entry.is_symlink() and not path.exists():
                left_out.append((_text(str(own)), BROKEN_LINK))
            elif not entry.is_file():
                left_out.append((_text(str(own)), SPECIAL))
            elif why is not None:
                left_out.append((_text(str(own)), why))
            else:
                found.append((own, path))
    return found, left_out


def _listing(source: Path, found: list[Named], left_out: list[LeftOut]) -> Listing:
    """Names and species of what was found. Raises DataError where that is nothing."""
    left_out = sorted(left_out)
    if not found:
        others = f" Left out: {'; '.join(groups(left_out))}." if left_out else ""
        raise DataError(
            f"There are no images in {source}: put PNG, GIF, JPEG, WebP or SVG files there.{others}"
        )
    found = _unwrapped(sorted(found))
    species = _species([name for name, _ in found])
    files = [
        SourceFile(path, _text(str(name)), _text(of), None, "normal")
        for (name, path), of in zip(found, species, strict=True)
    ]
    return Listing(files, left_out)


def _unwrapped(found: list[Named]) -> list[Named]:
    """Names without a folder that holds all pictures, as zips have it: it is a wrapping, not a species."""
    while len({name.parts[0] for name, _ in found}) == 1 and all(len(name.parts) > 1 for name, _ in found):
        found = [(PurePosixPath(*name.parts[1:]), path) for name, path in found]
    return found


def _species(names: list[PurePosixPath]) -> list[str]:
    """The folder of a picture, or its own name if it lies loose: whole where that without suffix is taken."""
    folders = {name.parts[0] for name in names if len(name.parts) > 1}
    stems = Counter(name.stem for name in names if len(name.parts) == 1)
    species = []
    for name in names:
        if len(name.parts) > 1:
            species.append(name.parts[0])
        else:
            own = name.stem if stems[name.stem] == 1 and name.stem not in folders else name.name
            species.append(own if own not in folders else f"{own} (loose)")
    return species


def _text(name: str) -> str:
    """A file's name as text that can be written anywhere, even where its bytes are no valid UTF-8."""
    return os.fsencode(name).decode("utf-8", "replace")
