"""Creatures: who hatched what, and under which name. Every method is one short transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, Update
from sqlalchemy.exc import IntegrityError

from bot.errors import N_
from bot.store import queries
from bot.store.codes import new_code, parse_code
from bot.store.database import Database, changed_rows, retried
from bot.store.errors import (
    AlreadySaved,
    Doing,
    NameTaken,
    NotFound,
    NotSaved,
    NotYours,
    StoreError,
    TooManySaved,
)
from bot.store.ids import MAX_ID, is_possible, new_id
from bot.store.models import CreatureRow
from bot.store.names import clean_name
from bot.store.records import Creature, NewCreature, from_row, to_row
from bot.system.metrics import HATCHES

GONE = N_("This creature is no longer here: hatch another one with /newmon.")
PRUNE_BATCH = 500  # rows a transaction, so that saves get their turn in between
_KEY_ATTEMPTS = 5


class Creatures:
    """Creatures one by one: kept, named, marked, released. `Collection` lists them and looks them up."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, hatched: Sequence[NewCreature]) -> list[Creature]:
        """Keeps all of them, unsaved, or none. In the order given.

        Those that come at the same time share a transaction, see `GroupCommit`. Raises NotFound where a
        parent is no longer there.
        """
        for _ in range(_KEY_ATTEMPTS):
            created_at = self._database.now()
            keys = [(new_id(created_at), new_code()) for _ in hatched]
            try:
                rows = await self._database.insert(lambda: _rows(hatched, keys, created_at))  # noqa: B023
                added = [from_row(row) for row in rows]
                for creature in added:
                    HATCHES.labels(type(creature.recipe).__name__.lower()).inc()
                return added
            except IntegrityError as error:
                await self._explain_refusal(hatched, keys, error)
        raise StoreError(N_("No free code was found for this creature: please try again."))

    async def _explain_refusal(
        self, hatched: Sequence[NewCreature], keys: Sequence[tuple[int, str]], error: IntegrityError
    ) -> None:
        """Returns where an id or a code was taken, so that new ones help. Raises for everything else."""
        ids, codes = [row_id for row_id, _ in keys], [code for _, code in keys]
        parents = {i for new in hatched for i in (new.parent_a_id, new.parent_b_id) if i is not None}
        async with self._database.reading() as session:
            if parents - set(await session.scalars(queries.existing_ids(sorted(parents)))):
                raise NotFound(
                    N_("One of the parents is no longer here: please choose another one.")
                ) from error
            taken = (await session.scalars(queries.taken_keys(ids, codes))).first() is not None
            if not taken and len(set(codes)) == len(set(ids)) == len(keys):
                raise StoreError(N_("This creature could not be kept: please hatch another one.")) from error

    @retried
    async def get(self, creature_id: int) -> Creature | None:
        if not is_possible(creature_id):
            return None
        return await self._one(queries.by_id(creature_id))

    @retried
    async def by_code(self, code: str) -> Creature | None:
        """Forgives case and look-alike characters; saved or not."""
        parsed = parse_code(code)
        return None if parsed is None else await self._one(queries.by_code(parsed))

    @retried
    async def children(self, parent_id: int, owner_id: int) -> list[Creature]:
        """Of that parent, as far as this person owns them, saved or not; the oldest first."""
        async with self._database.reading() as session:
            rows = await session.scalars(queries.children(min(parent_id, MAX_ID), owner_id))
            return [from_row(row) for row in rows]

    @retried
    async def latest_shown(self, owner_id: int, channel_id: int) -> Creature | None:
        """Which of their creatures the owner saw last in this channel, by itself."""
        return await self._one(queries.latest_shown(owner_id, channel_id))

    @retried
    async def note_shown(self, creature_id: int, owner_id: int, at: datetime | None = None) -> None:
        """Notes that the owner saw this creature by itself; of those in a channel, the latest `at` is last.

        `at` is when the interaction began, by Discord's clock, which nobody sets back; None for this
        machine's. Nothing happens where it is not theirs.
        """
        async with self._database.writing() as session:
            await session.execute(queries.note_shown(creature_id, owner_id, at or self._database.now()))

    @retried
    async def save(
        self,
        creature_id: int,
        owner_id: int,
        name: str,
        guild_id: int | None,
        at: datetime | None = None,
        *,
        most: int | None = None,
    ) -> Creature:
        """Gives a creature its name, for good; `guild_id` is the server that it is saved in, if any.

        Collections are ordered by `at`: when the interaction began, by Discord's clock; None for this
        machine's. `most`: how many one person may have saved.

        Raises NameInvalid, NameTaken, NotYours, NotFound, TooManySaved, or AlreadySaved (with `.creature`).
        Of any number of saves at once the first wins: the table's constraint and the update's condition
        decide.
        """
        cleaned, key = clean_name(name)
        if not is_possible(creature_id):
            raise NotFound(GONE)
        try:
            async with self._database.writing(alone=most is not None) as session:
                full = most is not None and (await session.scalar(queries.saved_by(owner_id)) or 0) >= most
                naming = queries.give_name(
                    creature_id, owner_id, cleaned, key, guild_id, at or self._database.now()
                )
                named = not full and await changed_rows(session, naming) == 1
                row = await session.scalar(queries.by_id(creature_id))
        except IntegrityError as error:
            raise await self._taken(owner_id, cleaned, key) from error
        if row is None:
            raise NotFound(GONE)
        if row.owner_id != owner_id:
            raise NotYours("save")
        if row.name is not None and not named:
            raise AlreadySaved(from_row(row))
        if not named:
            raise TooManySaved(most or 0)
        return from_row(row)

    @retried
    async def rename(self, creature_id: int, owner_id: int, name: str) -> Creature:
        """Another name for a saved creature. Raises NameInvalid, NameTaken, NotYours, NotSaved, NotFound."""
        cleaned, key = clean_name(name)
        try:
            return await self._change(
                creature_id,
                owner_id,
                queries.change_name(min(creature_id, MAX_ID), owner_id, cleaned, key),
                "rename",
            )
        except IntegrityError as error:
            raise await self._taken(owner_id, cleaned, key) from error

    @retried
    async def set_favourite(self, creature_id: int, owner_id: int, favourite: bool) -> Creature:
        """Marks a saved creature as one of its owner's favourites, or no longer; saying so twice is once.

        Raises NotYours, NotSaved or NotFound.
        """
        marking = queries.set_favourite(min(creature_id, MAX_ID), owner_id, favourite)
        return await self._change(creature_id, owner_id, marking, "mark")

    async def _change(self, creature_id: int, owner_id: int, change: Update, do: Doing) -> Creature:
        async with self._database.writing() as session:
            await session.execute(change)
            row = await session.scalar(queries.by_id(min(creature_id, MAX_ID)))
        return from_row(_owned(row, owner_id, do))

    @retried
    async def release(self, creature_id: int, owner_id: int) -> Creature:
        """Lets a saved creature go, for good, and returns what it was. Its children keep its name.

        Of any number of releases at once the first wins; the others raise NotFound. Also raises NotYours and
        NotSaved.
        """
        creature_id = min(creature_id, MAX_ID)
        async with self._database.writing() as session:
            # Locked where the database knows that: no child may be born between the two statements.
            found = await session.scalar(queries.by_id(creature_id).with_for_update())
            released = from_row(_owned(found, owner_id, "release"))
            for leaving in queries.leave_name_to_children(creature_id, released.name or ""):
                await session.execute(leaving)
            await session.execute(queries.release(creature_id))
        return released

    @retried
    async def prune(self, older_than: timedelta) -> int:
        """Forgets hatchings of that age that nobody saved; returns how many.

        Keeps every saved creature, and the parents of those and of hatchings that may still be saved. What
        they took on the disk is given back to it.
        """
        pruned = 0
        before = self._database.now() - older_than
        while True:
            async with self._database.writing() as session:
                doomed = list(await session.scalars(queries.unsaved(before, PRUNE_BATCH)))
                pruned += await changed_rows(session, queries.delete_unsaved(doomed, before))
            if len(doomed) < PRUNE_BATCH:
                break
        await self._database.vacuum()
        return pruned

    async def _taken(self, owner_id: int, name: str, key: str) -> NameTaken:
        """What to say of a name that is taken: it is called as its creature is, not as it was typed."""
        async with self._database.reading() as session:
            row = await session.scalar(queries.by_own_name(owner_id, key))
        return NameTaken(name if row is None or row.name is None else row.name)

    async def _one(self, statement: Select[CreatureRow]) -> Creature | None:
        async with self._database.reading() as session:
            row = await session.scalar(statement)
        return None if row is None else from_row(row)


def _rows(
    hatched: Sequence[NewCreature], keys: Sequence[tuple[int, str]], created_at: datetime
) -> list[CreatureRow]:
    pairs = zip(hatched, keys, strict=True)
    return [to_row(new, row_id=row_id, code=code, created_at=created_at) for new, (row_id, code) in pairs]


def _owned(row: CreatureRow | None, owner_id: int, do: Doing) -> CreatureRow:
    """The row, if it is a saved creature of this owner. Raises NotFound, NotYours or NotSaved."""
    if row is None:
        raise NotFound(GONE)
    if row.owner_id != owner_id:
        raise NotYours(do)
    if row.name is None:
        raise NotSaved
    return row
