"""What goes into the store and what comes out: plain values that outlive any database session."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from bot.creature.reading import Reading
from bot.store.codec import decode_w_plus, encode_w_plus
from bot.store.models import CreatureRow
from bot.store.recipes import Hatch, Recipe, RecipeColumns, from_columns, to_columns

Sort = Literal["newest", "name", "favourites", "oldest"]
SORTS: tuple[Sort, ...] = get_args(Sort)


# Compared by identity: arrays have no single truth value, and a creature is one thing.
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NewCreature:
    """A hatching to be kept. `w_plus` is float32 [L, w_dim]; `png` is the picture at native resolution."""

    owner_id: int
    guild_id: int | None
    channel_id: int
    w_plus: npt.NDArray[np.float32]
    noise_seed: int
    png: bytes
    checkpoint_id: str
    recipe: Recipe | None = None  # how it came about; None where nobody knows
    parent_a_id: int | None = None
    parent_b_id: int | None = None
    reading: Reading | None = None  # of its traits; None where it was not read yet
    shown: bool = True  # by itself; False for one child among the several of a mix
    # When the interaction that it hatched in began, by Discord's clock, which nobody sets back; None for this
    # machine's. What is shown later has a later time.
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Creature:
    """A creature as stored. `w_plus` is read-only float32 [L, w_dim]; times are aware and in UTC.

    `name` and `saved_at` are None for as long as nobody saved it. A parent that was released has left its
    name (`parent_a_name`) in place of its id.
    """

    id: int
    code: str
    owner_id: int
    guild_id: int | None
    channel_id: int
    name: str | None
    noise_seed: int
    w_plus: npt.NDArray[np.float32]
    checkpoint_id: str
    parent_a_id: int | None
    parent_b_id: int | None
    recipe: Recipe | None
    png: bytes
    created_at: datetime
    saved_at: datetime | None
    favourite: bool
    parent_a_name: str | None
    parent_b_name: str | None
    shiny: bool
    reading: Reading | None  # what is kept of its traits; None where it was not read yet


@dataclass(frozen=True, slots=True)
class Entry:
    """One creature on a page of a collection."""

    id: int
    code: str
    name: str
    favourite: bool
    png: bytes
    checkpoint_id: str
    shiny: bool


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a collection: `number` counts from 0, and there is at least one page, if an empty one."""

    entries: tuple[Entry, ...]
    number: int
    pages: int
    total: int  # creatures, over all pages


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One line of an autocomplete list. `owner_name` is what they are called there now; "" if not known."""

    name: str
    code: str
    owner_id: int
    owner_name: str


def to_row(new: NewCreature, *, row_id: int, code: str, created_at: datetime) -> CreatureRow:
    """Raises ValueError where `w_plus` is not [L, w_dim]."""
    if new.w_plus.ndim != 2 or 0 in new.w_plus.shape:
        raise ValueError(f"w_plus must be [L, w_dim], not {list(new.w_plus.shape)}")
    w_form, w_plus = encode_w_plus(new.w_plus)
    columns = to_columns(new.recipe)
    return CreatureRow(
        id=row_id,
        code=code,
        owner_id=new.owner_id,
        guild_id=new.guild_id,
        channel_id=new.channel_id,
        seed=columns.seed,
        seed_text=columns.seed_text,
        psi=columns.psi,
        noise_seed=new.noise_seed,
        layers=new.w_plus.shape[0],
        checkpoint_id=new.checkpoint_id,
        parent_a_id=new.parent_a_id,
        parent_b_id=new.parent_b_id,
        recipe=columns.recipe,
        created_at=created_at,
        shown_at=(new.at or created_at) if new.shown else None,
        w_plus=w_plus,
        w_form=w_form,
        png=new.png,
        shiny=isinstance(new.recipe, Hatch) and new.recipe.shiny,
        **reading_columns(new.reading),
    )


def from_row(row: CreatureRow) -> Creature:
    """Needs a row with all its columns loaded; keeps no tie to its session."""
    return Creature(
        id=row.id,
        code=row.code,
        owner_id=row.owner_id,
        guild_id=row.guild_id,
        channel_id=row.channel_id,
        name=row.name,
        noise_seed=row.noise_seed,
        w_plus=decode_w_plus(row.w_form, row.w_plus, row.layers),
        checkpoint_id=row.checkpoint_id,
        parent_a_id=row.parent_a_id,
        parent_b_id=row.parent_b_id,
        recipe=from_columns(RecipeColumns(row.seed, row.seed_text, row.psi, row.recipe)),
        png=row.png,
        created_at=row.created_at,
        saved_at=row.saved_at,
        favourite=row.favourite,
        parent_a_name=row.parent_a_name,
        parent_b_name=row.parent_b_name,
        shiny=row.shiny,
        reading=_reading(row),
    )


def reading_columns(reading: Reading | None) -> dict[str, str | None]:
    """What the columns of a creature hold of what was read of it."""
    if reading is None:
        return dict.fromkeys(("read_by", "type_1", "type_2", "colour"))
    main, second = (*reading.types, None, None)[:2]
    return {"read_by": reading.reader, "type_1": main, "type_2": second, "colour": reading.colour}


def _reading(row: CreatureRow) -> Reading | None:
    if row.read_by is None:
        return None
    types = tuple(kind for kind in (row.type_1, row.type_2) if kind is not None)
    return Reading(row.read_by, types, row.colour)
