"""Families: who a creature comes from and who comes from it, as far as somebody may see them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, or_, select, union_all
from sqlalchemy.orm import aliased

from bot.store.database import Database, retried
from bot.store.models import CreatureRow
from bot.store.records import Creature

GENERATIONS = 3  # each way
FARTHEST = 2 * GENERATIONS  # that somebody may stand who is several things at once
SHOWN = 12  # descendants of a generation that are shown: the oldest of them
COUNTED = 1000  # children of a parent that are looked at, of each of its two sides

Kind = Literal["creature", "released", "hidden"]


@dataclass(frozen=True, slots=True)
class Relative:
    """A place in a family: a creature, the name that a released one left, or one that is not for this person.

    `key` is the creature's id, or a number below 0 for the other two.
    """

    key: int
    name: str  # its code where it has none; "" for a hidden one
    kind: Kind
    generation: int  # below 0 before the creature whose family it is, above 0 after it
    png: bytes = field(default=b"", repr=False)
    checkpoint_id: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """The relatives of a creature, itself among them, generation by generation and by age."""

    key: int  # of the creature whose family it is
    relatives: tuple[Relative, ...]
    bonds: tuple[tuple[int, int], ...]  # (key of a parent, key of a child)
    more: dict[int, int]  # generation → how many of it are not shown


class Families:
    """Reads families: a query a generation and one for the pictures, whatever there is."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @retried
    async def of(self, creature: Creature, viewer_id: int, guild_id: int | None) -> Family:
        """Three generations before and after a creature.

        People see their own creatures and what belongs to the server where they look. Any other ancestor is
        a hidden one, without its own; any other descendant is not there. Of descendants the saved ones
        count, and whoever stands between two of those.
        """
        found = _Found(creature, viewer_id, guild_id)
        async with self._database.reading() as session:
            for depth in range(1, GENERATIONS + 1):
                if wanted := found.unknown_parents():
                    found.add_ancestors(-depth, (await session.execute(ancestors(wanted))).all())
            for depth in range(1, GENERATIONS + 1):
                if parents := found.last_generation(depth - 1):
                    statement = descendants(parents, viewer_id, guild_id)
                    found.add_descendants(depth, (await session.execute(statement)).all())
            rows = await session.execute(pictures(found.creature_ids()))
            return found.family({row.id: (row.png, row.checkpoint_id) for row in rows})


_COLUMNS = (
    CreatureRow.id,
    CreatureRow.code,
    CreatureRow.name,
    CreatureRow.owner_id,
    CreatureRow.guild_id,
    CreatureRow.parent_a_id,
    CreatureRow.parent_b_id,
    CreatureRow.parent_a_name,
    CreatureRow.parent_b_name,
)


def ancestors(ids: Iterable[int]):
    """Creatures by their ids, without their pictures."""
    return select(*_COLUMNS).where(CreatureRow.id.in_(sorted(ids)))


def descendants(parents: Sequence[int], viewer_id: int, guild_id: int | None):
    """The children of these that somebody may see: those with a name, or with a child that has one.

    Each part walks an index from its parent on and stops at its limit.
    """
    seen = CreatureRow.owner_id == viewer_id
    if guild_id is not None:
        seen = or_(seen, CreatureRow.guild_id == guild_id)
    child = aliased(CreatureRow)
    between = (
        select(child.id)
        .where(or_(child.parent_a_id == CreatureRow.id, child.parent_b_id == CreatureRow.id))
        .where(child.name_key.is_not(None))
        .exists()
    )
    counts: ColumnElement[bool] = or_(CreatureRow.name_key.is_not(None), between)
    sides = (CreatureRow.parent_a_id, CreatureRow.parent_b_id)
    parts = [
        select(*_COLUMNS).where(side == parent, seen, counts).order_by(CreatureRow.id).limit(COUNTED)
        for parent in parents
        for side in sides
    ]
    return union_all(*(select(part.subquery()) for part in parts))


def pictures(ids: Sequence[int]):
    return select(CreatureRow.id, CreatureRow.png, CreatureRow.checkpoint_id).where(CreatureRow.id.in_(ids))


class _Found:
    """A family as it is found, generation by generation."""

    def __init__(self, creature: Creature, viewer_id: int, guild_id: int | None) -> None:
        self.viewer_id, self.guild_id = viewer_id, guild_id
        self.key = creature.id
        self.relatives: dict[int, Relative] = {}
        self.bonds: dict[tuple[int, int], None] = {}  # in the order in which they were found
        self.more: dict[int, int] = {}
        self._wanted: dict[int, list[int]] = {}  # ids of parents that were not read yet → their children
        self._nameless = 0
        self._add(creature.id, creature.name or creature.code, "creature", 0)
        self._look_for_parents(creature, 0)

    def unknown_parents(self) -> list[int]:
        """Ids to read next, and what they are parents of."""
        return list(self._wanted)

    def add_ancestors(self, generation: int, rows: Sequence[Row[*tuple[Any, ...]]]) -> None:
        """Those of `unknown_parents` that are there."""
        wanted, self._wanted = self._wanted, {}
        for row in sorted(rows, key=lambda row: list(wanted).index(row.id)):
            visible = row.owner_id == self.viewer_id or (
                self.guild_id is not None and row.guild_id == self.guild_id
            )
            name = (row.name or row.code) if visible else ""
            self._add(row.id, name, "creature" if visible else "hidden", generation)
            for child in wanted[row.id]:
                self.bonds[row.id, child] = None
            if visible and generation > -GENERATIONS:
                self._look_for_parents(row, generation)

    def _look_for_parents(self, child: Any, generation: int) -> None:
        """Remember to read the parents of a creature, or take the names that they left."""
        for parent, left in (
            (child.parent_a_id, child.parent_a_name),
            (child.parent_b_id, child.parent_b_name),
        ):
            if parent is not None and parent in self.relatives:  # one of a later generation, too
                self.bonds[parent, child.id] = None
            elif parent is not None:
                self._wanted.setdefault(parent, []).append(child.id)
            elif left:
                self._nameless -= 1
                self._add(self._nameless, left, "released", generation - 1)
                self.bonds[self._nameless, child.id] = None

    def last_generation(self, generation: int) -> list[int]:
        """Ids of those whose children come next."""
        return [r.key for r in self.relatives.values() if r.generation == generation and r.key > 0]

    def add_descendants(self, generation: int, rows: Sequence[Row[*tuple[Any, ...]]]) -> None:
        """Children of the last generation: the oldest are shown, the others counted."""
        found = {row.id: row for row in rows if row.id not in self.relatives}
        shown = sorted(found)[:SHOWN]
        for key in shown:
            self._add(key, found[key].name or found[key].code, "creature", generation)
        if len(found) > len(shown):
            self.more[generation] = len(found) - len(shown)
        for row in sorted(rows, key=lambda row: row.id):
            for parent in (row.parent_a_id, row.parent_b_id):
                if parent in self.relatives and row.id in self.relatives:
                    self.bonds[parent, row.id] = None

    def _add(self, key: int, name: str, kind: Kind, generation: int) -> None:
        self.relatives[key] = Relative(key, name, kind, generation)

    def creature_ids(self) -> list[int]:
        return [relative.key for relative in self.relatives.values() if relative.kind == "creature"]

    def family(self, drawn: dict[int, tuple[bytes, str]]) -> Family:
        """All of it. Who was released since the generation was read is left out."""
        kept: list[Relative] = []
        for r in sorted(self.relatives.values(), key=lambda r: r.generation):
            if r.kind != "creature":
                kept.append(Relative(r.key, r.name, r.kind, r.generation))
            elif r.key in drawn:
                kept.append(Relative(r.key, r.name, r.kind, r.generation, *drawn[r.key]))
        keys = {relative.key for relative in kept}
        bonds = [bond for bond in self.bonds if set(bond) <= keys]
        level = _levels({relative.key: relative.generation for relative in kept}, bonds)
        placed = sorted((replace(r, generation=level[r.key]) for r in kept), key=lambda r: r.generation)
        # What leads nowhere down can only come of a damaged file: a creature that is its own ancestor.
        down = tuple((a, b) for a, b in bonds if level[a] < level[b])
        return Family(self.key, tuple(placed), down, dict(self.more))


def _levels(generation: dict[int, int], bonds: Sequence[tuple[int, int]]) -> dict[int, int]:
    """The generation of each, so that parents stand above their children: who is a parent and a grandparent,
    too, is the latter, and a child that is also a grandchild.
    """
    level = dict(generation)
    for _ in range(GENERATIONS):
        for parent, child in bonds:
            if max(generation[parent], generation[child]) <= 0:
                level[parent] = max(min(level[parent], level[child] - 1), -FARTHEST)
            elif min(generation[parent], generation[child]) >= 0:
                level[child] = min(max(level[child], level[parent] + 1), FARTHEST)
    return level
