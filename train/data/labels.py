"""What is known of the species: names, types, colours, sizes, stats, evolution; from poke-env's Pokédex.

Body shapes and families, which it does not have, are in shapes.csv beside this file: of each national number
one of PokeAPI's 14 shapes and the number of its evolution chain (tables pokemon_species and pokemon_shapes of
the PokeAPI project, BSD-3-Clause).
"""

import csv
import json
import re
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from train.errors import DataError

FORMAT = "newmon-labels"
FORMAT_VERSION = 2
READABLE_VERSIONS = (1, 2)  # 1 knew no shapes and no families
SHAPES_FILE = Path(__file__).with_name("shapes.csv")
POKEDEX_FILE = "poke_env/data/static/pokedex/gen9pokedex.json"


@dataclass(frozen=True, slots=True)
class Label:
    """One species or form."""

    name: str
    types: tuple[str, ...]  # one or two
    colour: str
    height_m: float
    weight_kg: float
    stats: dict[str, int]  # base stats: hp, atk, def, spa, spd, spe
    stage: int  # in its line of evolution, from 1; baby forms count
    prevo: str | None  # name of what it evolves from
    evos: tuple[str, ...]  # names of what it evolves into
    shape: str | None = None  # of the body, as PokeAPI calls it: "quadruped", "wings", …
    family: int | None = None  # the same number for all that evolve from or into each other


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of a data set."""

    species: dict[str, Label]  # by national number
    forms: dict[str, dict[str, Label]]  # by national number, then form

    def of(self, species: str, form: str | None = None) -> Label | None:
        """The label of a form, or of its species where the form has none of its own; None for a stranger."""
        return self.forms.get(species, {}).get(form or "") or self.species.get(species)

    def to_json(self) -> str:
        """The text of labels.json."""
        return json.dumps({"format": FORMAT, "format_version": FORMAT_VERSION} | asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> "Labels":
        """Back from `to_json`. Raises ValueError, TypeError, LookupError or AttributeError for other text."""
        content = json.loads(text)
        if content["format"] != FORMAT or content["format_version"] not in READABLE_VERSIONS:
            raise ValueError("labels of another format")
        species = {number: _from_plain(plain) for number, plain in content["species"].items()}
        forms = {
            number: {form: _from_plain(plain) for form, plain in table.items()}
            for number, table in content["forms"].items()
        }
        return cls(species, forms)


def _from_plain(plain: dict[str, Any]) -> Label:
    label = Label(**plain)
    return replace(label, types=tuple(label.types), evos=tuple(label.evos))


def read_pokedex(wheel: Path) -> dict[str, dict[str, Any]]:
    """The Pokédex in the package that `fetch_pokedex` returned: entries by id. Raises DataError."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            return json.loads(archive.read(POKEDEX_FILE))
    except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, OSError) as error:
        raise DataError(f"{wheel} holds no Pokédex: delete it and build again ({error}).") from error


@dataclass(frozen=True, slots=True)
class Body:
    """What shapes.csv says of a species."""

    shape: str
    family: int


def read_bodies() -> dict[str, Body]:
    """Shape and family of each species, by national number."""
    with SHAPES_FILE.open(encoding="utf-8", newline="") as file:
        return {row["number"]: Body(row["shape"], int(row["family"])) for row in csv.DictReader(file)}


def join(pokedex: dict[str, dict[str, Any]], wanted: Iterable[tuple[str, str | None]]) -> Labels:
    """Labels of the (national number, form) pairs `wanted`, as far as the Pokédex knows them.

    Forms are told by name: "blue-striped" is "Basculin-Blue-Striped". One without an entry of its own, or the
    base form by another name (Wormadam's "plant"), is labelled as its species is.
    """
    by_name = {entry["name"]: entry for entry in pokedex.values()}
    base = {str(e["num"]): e for e in pokedex.values() if "num" in e and "forme" not in e}
    forms = {
        (str(by_name[entry["baseSpecies"]]["num"]), _plain_form(entry["forme"])): entry
        for entry in pokedex.values()
        if "forme" in entry and entry.get("baseSpecies") in by_name
    }
    labels = Labels({}, {})
    bodies = read_bodies()
    for number, form in wanted:
        if number not in base:
            continue
        body = bodies.get(number)
        labels.species.setdefault(number, _label(base[number], by_name, body))
        if form is not None and (entry := forms.get((number, _plain_form(form)))) is not None:
            # Entries of forms that differ in looks alone hold nothing but what differs.
            own = _label(base[number] | entry, by_name, body)
            labels.forms.setdefault(number, {})[form] = own
    return labels


def _plain_form(form: str) -> str:
    return re.sub(r"[^a-z0-9]", "", form.lower())


def _label(entry: dict[str, Any], by_name: dict[str, dict[str, Any]], body: Body | None) -> Label:
    stage, earlier = 1, entry.get("prevo")
    while earlier is not None and stage < 10:  # no line is longer; a loop in the file ends all the same
        stage, earlier = stage + 1, by_name.get(earlier, {}).get("prevo")
    return Label(
        name=entry["name"],
        types=tuple(entry["types"]),
        colour=entry["color"],
        height_m=float(entry["heightm"]),
        weight_kg=float(entry["weightkg"]),
        stats={name: int(entry["baseStats"][name]) for name in ("hp", "atk", "def", "spa", "spd", "spe")},
        stage=stage,
        prevo=entry.get("prevo"),
        evos=tuple(entry.get("evos", ())),
        shape=body and body.shape,
        family=body and body.family,
    )
