"""What pictures the sprite package has, and what is known of a file. One's own: `train.data.folder`."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from train.data.fetch import artwork_folder
from train.errors import DataError

FRONT_FOLDERS = {"normal": "", "shiny": "shiny", "female": "female", "shiny-female": "shiny/female"}
BACK_FOLDERS = {f"back-{name}": f"back/{folder}".rstrip("/") for name, folder in FRONT_FOLDERS.items()}
FRONTS, BACKS = tuple(FRONT_FOLDERS), tuple(BACK_FOLDERS)
ARTWORK = "artwork"  # vector drawings
NO_CREATURE = "no creatures by their names"
VARIANTS = (*FRONTS, *BACKS, ARTWORK)
VARIANT_GROUPS = {"fronts": FRONTS, "backs": BACKS}

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


LeftOut = tuple[str, str]  # a file's name, and why it is not looked at


@dataclass(frozen=True, slots=True)
class Listing:
    """What a source holds."""

    files: list[SourceFile]  # in the order in which they are read
    left_out: list[LeftOut]


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


def chosen_variants(text: str) -> tuple[str, ...]:
    """Variants from a list such as "fronts,artwork", each once and in the order of `VARIANTS`.

    Raises DataError for a name that is neither a variant nor a group of them.
    """
    chosen: set[str] = set()
    for name in (part.strip() for part in text.split(",")):
        if name not in VARIANT_GROUPS and name not in VARIANTS:
            known = ", ".join((*VARIANT_GROUPS, *VARIANTS))
            raise DataError(f"There is no variant {name!r}: choose from {known}.")
        chosen.update(VARIANT_GROUPS.get(name, (name,)))
    return tuple(variant for variant in VARIANTS if variant in chosen)


def sprite_files(root: Path, variants: tuple[str, ...] = FRONTS) -> Listing:
    """The package's pictures of the given variants, ordered by species number, then name.

    What is no creature by its name is left out.

    `root` is what `fetch_sprites` returned. Raises DataError for an unknown variant or where there is none.
    """
    files: list[tuple[int, SourceFile]] = []
    left_out: list[LeftOut] = []
    for variant in chosen_variants(",".join(variants)):
        for path, name in _variant_files(root, variant):
            parsed = parse_name(path.stem)
            if parsed is None:
                left_out.append((name, NO_CREATURE))
                continue
            number, form = parsed
            if variant == ARTWORK and path.parent.name == "female":
                form = form or "female"
            files.append((number, SourceFile(path, name, str(number), form, variant)))
    if not files:
        raise DataError(f"There are no sprites under {root}: delete that folder and fetch again.")
    files.sort(key=lambda pair: (pair[0], pair[1].name))
    return Listing([file for _, file in files], sorted(left_out))


def _variant_files(root: Path, variant: str) -> list[tuple[Path, str]]:
    """The files of one variant, and the name that the index gives each."""
    if variant == ARTWORK:
        drawings = artwork_folder(root)
        found = drawings.rglob("*.svg")
        return [(path, f"{ARTWORK}/{path.relative_to(drawings).as_posix()}") for path in found]
    folder = root / (FRONT_FOLDERS | BACK_FOLDERS)[variant]
    return [(path, path.relative_to(root).as_posix()) for path in folder.glob("*.gif")]


def fingerprint(files: list[SourceFile]) -> str:
    """sha256 over names and contents: the same images give the same data set."""
    total = hashlib.sha256()
    for file in files:
        total.update(file.name.encode() + b"\0" + hashlib.sha256(file.path.read_bytes()).digest())
    return total.hexdigest()
