"""The collection: who hatched what, under which name. Every method is one short transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Select, Update
from sqlalchemy.exc import IntegrityError

from bot.store import listing, migrate, queries, space
from bot.store.codes import new_code, parse_code
from bot.store.database import is_sqlite, make_engine, parse_target
from bot.store.errors import (
    AlreadySaved,
    AmbiguousName,
    NameInvalid,
    NameTaken,
    NotFound,
    NotSaved,
    NotYours,
    StoreError,
)
from bot.store.ids import MAX_ID, is_possible, new_id
from bot.store.jobs import RetrainJobs
from bot.store.models import CreatureRow
from bot.store.names import MAX_LENGTH, clean_name, plain, search_key
from bot.store.people import People, names_in
from bot.store.records import Creature, Entry, NewCreature, Page, Sort, Suggestion, from_row, to_row
from bot.store.transactions import changed_rows, retried

GONE = "This creature is no longer here: hatch another one with /newmon."
_KEY_ATTEMPTS = 5
_AMBIGUOUS_SHOWN = 5
_PRUNE_BATCH = 500  # rows a transaction, so that saves get their turn in between


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Store(RetrainJobs, People):
    """All that is kept. Make one with `Store.open`.

    Any method may raise StoreError, whose text can be shown; the next call starts afresh.
    """

    @classmethod
    async def open(
        cls,
        target: str | Path,
        *,
        busy_timeout_s: float = 5.0,
        pool_size: int = 5,
        now: Callable[[], datetime] = _utc_now,
    ) -> Store:
        """Opens an SQLite file or a database URL, creating it or migrating it as needed.

        Raises StoreError with a sentence for whoever starts the process.
        """
        url = parse_target(target)
        await asyncio.to_thread(migrate.upgrade, url, busy_timeout_s=busy_timeout_s)
        if is_sqlite(url):
            await asyncio.to_thread(space.make_shrinkable, url, busy_timeout_s)
        engine = make_engine(url, busy_timeout_s=busy_timeout_s, pool_size=pool_size, max_overflow=0)
        return cls(engine, one_writer=is_sqlite(url), patience_s=busy_timeout_s, now=now)

    # Creatures

    async def add_creatures(self, hatched: Sequence[NewCreature]) -> list[Creature]:
        """Keeps all of them, unsaved, or none. In the order given.

        Those that come at the same time are written together, see `Together`. Raises NotFound where a parent
        is no longer there.
        """
        for _ in range(_KEY_ATTEMPTS):
            created_at = self._now()
            keys = [(new_id(created_at), new_code()) for _ in hatched]
            try:
                rows = await self._together.write(lambda: _rows(hatched, keys, created_at))  # noqa: B023
                return [from_row(row) for row in rows]
            except IntegrityError as error:
                await self._explain_refusal(hatched, keys, error)
        raise StoreError("No free code was found for this creature: please try again.")

    async def _explain_refusal(
        self, hatched: Sequence[NewCreature], keys: Sequence[tuple[int, str]], error: IntegrityError
    ) -> None:
        """Returns where an id or a code was taken, so that new ones help. Raises for everything else."""
        ids, codes = [row_id for row_id, _ in keys], [code for _, code in keys]
        parents = {i for new in hatched for i in (new.parent_a_id, new.parent_b_id) if i is not None}
        async with self._reading() as session:
            if parents - set(await session.scalars(queries.existing_ids(sorted(parents)))):
                raise NotFound("One of the parents is no longer here: please choose another one.") from error
            taken = (await session.scalars(queries.taken_keys(ids, codes))).first() is not None
            if not taken and len(set(codes)) == len(set(ids)) == len(keys):
                raise StoreError("This creature could not be kept: please hatch another one.") from error

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
    async def latest_shown(self, owner_id: int, channel_id: int) -> Creature | None:
        """Which of their creatures the owner saw last in this channel, by itself."""
        return await self._one(queries.latest_shown(owner_id, channel_id))

    @retried
    async def note_shown(self, creature_id: int, owner_id: int, at: datetime | None = None) -> None:
        """Notes that the owner saw this creature by itself; of those in a channel, the latest `at` is last.

        `at` is when the interaction began, by Discord's clock, which nobody sets back; None for this
        machine's. Nothing happens where it is not theirs.
        """
        async with self._writing() as session:
            await session.execute(queries.note_shown(creature_id, owner_id, at or self._now()))

    @retried
    async def save(
        self, creature_id: int, owner_id: int, name: str, guild_id: int | None, at: datetime | None = None
    ) -> Creature:
        """Gives a creature its name, for good; `guild_id` is the server that it is saved in, if any.

        Collections are ordered by `at`: when the interaction began, by Discord's clock; None for this
        machine's.

        Raises NameInvalid, NameTaken, NotYours, NotFound, or AlreadySaved (with `.creature`). Of any
        number of saves at once the first wins: the table's constraint and the update's condition decide.
        """
        cleaned, key = clean_name(name)
        if not is_possible(creature_id):
            raise NotFound(GONE)
        try:
            async with self._writing() as session:
                naming = queries.give_name(creature_id, owner_id, cleaned, key, guild_id, at or self._now())
                named = await changed_rows(session, naming) == 1
                row = await session.scalar(queries.by_id(creature_id))
        except IntegrityError as error:
            raise await self._taken(owner_id, cleaned, key) from error
        if row is None:
            raise NotFound(GONE)
        if row.owner_id != owner_id:
            raise NotYours("save")
        if not named:
            raise AlreadySaved(from_row(row))
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

    async def _change(self, creature_id: int, owner_id: int, change: Update, do: str) -> Creature:
        async with self._writing() as session:
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
        async with self._writing() as session:
            # Locked where the database knows that: no child may be born between the two statements.
            found = await session.scalar(queries.by_id(creature_id).with_for_update())
            released = from_row(_owned(found, owner_id, "release"))
            for leaving in queries.leave_name_to_children(creature_id, released.name or ""):
                await session.execute(leaving)
            await session.execute(queries.release(creature_id))
        return released

    @retried
    async def prune_unsaved(self, older_than: timedelta) -> int:
        """Forgets hatchings of that age that nobody saved; returns how many.

        Keeps every saved creature, and the parents of those and of hatchings that may still be saved. What
        they took on the disk is given back to it.
        """
        pruned = 0
        doomed = queries.delete_unsaved(self._now() - older_than, _PRUNE_BATCH)
        while True:
            async with self._writing() as session:
                deleted = await changed_rows(session, doomed)
            pruned += deleted
            if deleted < _PRUNE_BATCH:
                break
        await self._give_back_space()
        return pruned

    # Looking names up

    @retried
    async def find(self, owner_id: int, guild_id: int | None, text: str) -> Creature:
        """What a person means by `text`: a name of their own, else a code, else a name saved in this server.

        Raises NotFound, or AmbiguousName where several others have a creature of that name.
        """
        key, code = search_key(text), parse_code(text)
        if not key:
            raise NotFound("Please type the name or the code of a creature.")
        async with self._reading() as session:
            row = await session.scalar(queries.by_own_name(owner_id, key))
            if row is None and code is not None:
                row = await session.scalar(queries.by_code(code))
            if row is None and guild_id is not None:
                shared = queries.by_server_name(owner_id, guild_id, key, _AMBIGUOUS_SHOWN)
                rows = (await session.scalars(shared)).all()
                if len(rows) > 1:
                    names = await names_in(session, [row.owner_id for row in rows], guild_id)
                    raise AmbiguousName(_ambiguous(rows, names))
                row = rows[0] if rows else None
        if row is None:
            raise NotFound(
                f"There is no creature called “{plain(text[: 2 * MAX_LENGTH])}” here: "
                "choose one from the list that appears while typing, or use the code under a picture."
            )
        return from_row(row)

    @retried
    async def suggest(
        self, owner_id: int, guild_id: int | None, text: str, limit: int = 25
    ) -> list[Suggestion]:
        """Saved creatures for what was typed: one's own, then the server's; of each those whose name starts
        with it, then those whose name contains it, alphabetically."""
        async with self._reading() as session:
            chosen = listing.suggestions(owner_id, guild_id, search_key(text), limit)
            found = (await session.execute(chosen)).all()
            names = await names_in(session, {owner for _, _, owner in found}, guild_id)
        return [Suggestion(name or "", code, owner, names.get(owner, "")) for name, code, owner in found]

    # The collection

    @retried
    async def count_saved(self, owner_id: int) -> int:
        async with self._reading() as session:
            return await session.scalar(listing.count_saved(owner_id)) or 0

    @retried
    async def page(
        self,
        owner_id: int,
        *,
        viewer_id: int,
        guild_id: int | None,
        sort: Sort = "newest",
        number: int = 0,
        size: int = 12,
    ) -> Page:
        """A page of somebody's collection; beyond the last, the last.

        People see all of their own. Of somebody else they see what was saved in the server where they look,
        and nothing in a direct message.
        """
        if owner_id != viewer_id and guild_id is None:
            return Page((), 0, 1, 0)
        scope = None if owner_id == viewer_id else guild_id
        async with self._reading() as session:
            total = await session.scalar(listing.count_saved(owner_id, scope)) or 0
            pages = max(-(-total // size), 1)
            number = min(max(number, 0), pages - 1)
            chosen = listing.page_ids(owner_id, scope, sort, number * size, size)
            ids = list(await session.scalars(chosen))
            rows = {row.id: row for row in await session.execute(listing.entries(ids))}
        shown = (rows[i] for i in ids if i in rows)
        return Page(tuple(Entry(*row) for row in shown), number, pages, total)

    @retried
    async def partners(self, owner_id: int, of: Creature, limit: int = 25) -> list[tuple[int, str]]:
        """(id, name) of one's own creatures that `of` can be mixed with, newest first."""
        async with self._reading() as session:
            found = await session.execute(listing.partners(owner_id, of.checkpoint_id, of.id, limit))
            return [(creature_id, name or "") for creature_id, name in found]

    @retried
    async def free_name(self, owner_id: int, candidates: Sequence[str]) -> str | None:
        """The first of these that may be a name and that the owner has not used yet."""
        keys: dict[str, str] = {}
        for candidate in candidates:
            with suppress(NameInvalid):
                name, key = clean_name(candidate)
                keys.setdefault(key, name)
        async with self._reading() as session:
            taken = set(await session.scalars(listing.taken_keys(owner_id, list(keys))))
        return next((name for key, name in keys.items() if key not in taken), None)

    async def _taken(self, owner_id: int, name: str, key: str) -> NameTaken:
        """What to say of a name that is taken: it is called as its creature is, not as it was typed."""
        async with self._reading() as session:
            row = await session.scalar(queries.by_own_name(owner_id, key))
        return NameTaken(name if row is None or row.name is None else row.name)

    async def _one(self, statement: Select[CreatureRow]) -> Creature | None:
        async with self._reading() as session:
            row = await session.scalar(statement)
        return None if row is None else from_row(row)


def _rows(
    hatched: Sequence[NewCreature], keys: Sequence[tuple[int, str]], created_at: datetime
) -> list[CreatureRow]:
    pairs = zip(hatched, keys, strict=True)
    return [to_row(new, row_id=row_id, code=code, created_at=created_at) for new, (row_id, code) in pairs]


def _owned(row: CreatureRow | None, owner_id: int, do: str) -> CreatureRow:
    """The row, if it is a saved creature of this owner. Raises NotFound, NotYours or NotSaved."""
    if row is None:
        raise NotFound(GONE)
    if row.owner_id != owner_id:
        raise NotYours(do)
    if row.name is None:
        raise NotSaved
    return row


def _ambiguous(rows: Sequence[CreatureRow], names: Mapping[int, str]) -> str:
    owned = [(row.code, plain(names.get(row.owner_id, ""))) for row in rows]
    choices = ", ".join(f"{code} ({owner or 'unnamed'})" for code, owner in owned)
    return f"Several people here have a creature called {rows[0].name}, please use its code: {choices}."
