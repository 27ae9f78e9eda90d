"""How a creature came about: one class for each way, and the one place that writes and reads them in rows."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.store.codec import storable

log = logging.getLogger(__name__)

LEVELS = ("shape", "features", "colours")


@dataclass(frozen=True, slots=True)
class Hatch:
    """It hatched from a seed."""

    seed: int
    psi: float | None
    words: str | None = None  # what was typed for the seed, where it was not a number
    candidate: int = 0  # of those that follow from the seed; 0 is the seed's own
    shiny: bool = False  # in other colours than the seed's own, by luck


@dataclass(frozen=True, slots=True)
class Nearby:
    """A step towards a seed's creature, from its parent or, within a mix, from the mix."""

    seed: int
    step: float  # 0 to 1


@dataclass(frozen=True, slots=True)
class Mix:
    """A child of two parents: A's styles, moved to B's at some levels, and perhaps varied."""

    take: tuple[str, ...]  # the levels that it has of B, some of `LEVELS`
    amount: int = 100  # percent of B there
    varied: Nearby | None = None


@dataclass(frozen=True, slots=True)
class Rehatch:
    """What comes closest to its parent, which is a creature of another checkpoint: of this one."""

    checkpoint_id: str


@dataclass(frozen=True, slots=True)
class Evolved:
    """An earlier or a later form of its parent: number `form` of a line in which that is number `origin`."""

    form: int  # from 1
    origin: int  # from 1


@dataclass(frozen=True, slots=True)
class Drawn:
    """What comes closest to a picture that somebody uploaded. Nothing of that is kept."""


Recipe = Hatch | Mix | Nearby | Rehatch | Evolved | Drawn


@dataclass(frozen=True, slots=True)
class RecipeColumns:
    """What the columns of a creature hold of its recipe. `recipe` is JSON."""

    seed: int | None = None
    seed_text: str | None = None
    psi: float | None = None
    recipe: dict[str, Any] | None = None


def to_columns(recipe: Recipe | None) -> RecipeColumns:
    """Each kind with its tag, beside the keys that earlier versions read, which share a table's revision."""
    match recipe:
        case None:
            return RecipeColumns()
        case Hatch(seed=seed, psi=psi, words=words):
            return RecipeColumns(seed, None if words is None else storable(words), psi, _hatch(recipe))
        case Mix(take=take, amount=amount, varied=varied):
            step = {} if varied is None else _step(varied)
            return RecipeColumns(recipe={"kind": "mix", "take": list(take), "amount": amount} | step)
        case Nearby():
            return RecipeColumns(recipe={"kind": "nearby"} | _step(recipe))
        case Rehatch(checkpoint_id=checkpoint_id):
            return RecipeColumns(recipe={"kind": "rehatch", "rehatched": checkpoint_id})
        case Evolved(form=form, origin=origin):
            return RecipeColumns(recipe={"kind": "evolve", "form": form, "origin": origin})
        case Drawn():
            return RecipeColumns(recipe={"kind": "drawn"})


def from_columns(columns: RecipeColumns) -> Recipe | None:
    """None where nothing is known of it, and for what only a later version knows: it stays in the row."""
    stored = {"kind": "hatch"} if columns.recipe is None else columns.recipe
    try:
        return _read(stored, columns)
    except (KeyError, TypeError, ValueError) as error:
        log.warning("A creature's recipe is not understood (%s: %s).", type(error).__name__, error)
        return None


def _read(stored: Mapping[str, Any], columns: RecipeColumns) -> Recipe | None:
    match stored.get("kind") or _kind_without_tag(stored):
        case "hatch":
            candidate = int(stored.get("candidate", 0))
            if columns.seed is None:
                return None
            shiny = stored.get("shiny") is True
            return Hatch(columns.seed, columns.psi, columns.seed_text, candidate, shiny)
        case "mix":
            take = stored.get("take", LEVELS)
            levels = (take,) if isinstance(take, str) else tuple(map(str, take))
            varied = _read_step(stored) if "nearby" in stored else None
            return Mix(levels, int(stored.get("amount", 100)), varied)
        case "nearby":
            return _read_step(stored)
        case "rehatch":
            return Rehatch(str(stored["rehatched"]))
        case "evolve":
            return Evolved(int(stored["form"]), int(stored["origin"]))
        case "drawn":
            return Drawn()
        case kind:
            raise ValueError(f"unknown kind {kind!r}")


def _kind_without_tag(stored: Mapping[str, Any]) -> str | None:
    """What a row of a version is that wrote no tag: its keys tell."""
    if "rehatched" in stored:
        return "rehatch"
    if "take" in stored or "amount" in stored:
        return "mix"
    if "candidate" in stored or "shiny" in stored:
        return "hatch"
    return "nearby" if "nearby" in stored else None


def _hatch(hatch: Hatch) -> dict[str, Any] | None:
    candidate = {"candidate": hatch.candidate} if hatch.candidate else {}
    shiny = {"shiny": True} if hatch.shiny else {}
    return {"kind": "hatch"} | candidate | shiny if candidate or shiny else None


def _step(nearby: Nearby) -> dict[str, Any]:
    return {"nearby": nearby.seed, "step": nearby.step}


def _read_step(stored: Mapping[str, Any]) -> Nearby:
    return Nearby(int(stored["nearby"]), float(stored["step"]))
