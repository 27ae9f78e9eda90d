"""The collection: who hatched what, under which name. Every method is one short transaction."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import CursorResult, Executable, Select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from bot.store import migrate, queries
from bot.store.codes import new_code, parse_code
from bot.store.database import WRITES, is_sqlite, make_engine, parse_target, translated
from bot.store.errors import AlreadySaved, AmbiguousName, NameTaken, NotFound, NotYours, StoreError
from bot.store.models import CheckpointRow, CreatureRow
from bot.store.names import MAX_LENGTH, clean_name, plain, search_key
from bot.store.records import Creature, NewCreature, Suggestion, from_row, to_row

_GONE = "This creature is no longer here: hatch another one with /newmon."
_MAX_ID = 2**63 - 1  # what a column holds; larger ones come from forged buttons
_CODE_ATTEMPTS = 5
_AMBIGUOUS_SHOWN = 5
_PRUNE_BATCH = 500  # rows a transaction, so that saves get their turn in between


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Store:
    """All that is kept. Make one with `Store.open`.

    Any method may raise StoreError, whose text can be shown; the next call starts afresh.
    """

    def __init__(self, engine: AsyncEngine, *, one_writer: bool, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._now = now
        self._readers = async_sessionmaker(engine, expire_on_commit=False)
        self._writers = async_sessionmaker(engine.execution_options(**WRITES), expire_on_commit=False)
        # SQLite has one write lock; those who wait for it sleep and poll. Queueing here is fair and quick.
        self._turn: AbstractAsyncContextManager[Any] = asyncio.Lock() if one_writer else nullcontext()

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
        engine = make_engine(url, busy_timeout_s=busy_timeout_s, pool_size=pool_size, max_overflow=0)
        return cls(engine, one_writer=is_sqlite(url), now=now)

    async def close(self) -> None:
        """Lets running transactions end and closes the file."""
        async with self._turn:
            await self._engine.dispose()

    # Checkpoints

    async def register_checkpoint(
        self, checkpoint_id: str, path: str | Path, metadata: dict[str, Any]
    ) -> None:
        """Makes a checkpoint known, or notes where it is now. Must precede its first creature."""
        try:
            async with self._writing() as session:
                known = queries.update_checkpoint(checkpoint_id, str(path), metadata)
                if await _changed_rows(session, known) == 0:
                    row = CheckpointRow(
                        id=checkpoint_id, path=str(path), info=metadata, registered_at=self._now()
                    )
                    session.add(row)
        except IntegrityError:  # registered by another process in between
            async with self._writing() as session:
                await session.execute(queries.update_checkpoint(checkpoint_id, str(path), metadata))

    # Creatures

    async def add_creatures(self, hatched: Sequence[NewCreature]) -> list[Creature]:
        """Keeps all of them, unsaved, or none. In the order given.

        Raises NotFound where a parent is no longer there.
        """
        for _ in range(_CODE_ATTEMPTS):
            created_at = self._now()
            rows = [to_row(new, code=new_code(), created_at=created_at) for new in hatched]
            try:
                async with self._writing() as session:
                    session.add_all(rows)
                return [from_row(row) for row in rows]
            except IntegrityError as error:
                await self._explain_refusal(hatched, rows, error)
        raise StoreError("No free code was found for this creature: please try again.")

    async def _explain_refusal(
        self, hatched: Sequence[NewCreature], rows: Sequence[CreatureRow], error: IntegrityError
    ) -> None:
        """Returns where a code was taken already, so that new codes help. Raises for everything else."""
        parents = {i for new in hatched for i in (new.parent_a_id, new.parent_b_id) if i is not None}
        async with self._reading() as session:
            if parents - set(await session.scalars(queries.existing_ids(sorted(parents)))):
                raise NotFound("One of the parents is no longer here: please choose another one.") from error
            codes = [row.code for row in rows]
            taken = (await session.scalars(queries.taken_codes(codes))).first() is not None
            if not taken and len(set(codes)) == len(codes):
                raise StoreError("This creature could not be kept: please hatch another one.") from error

    async def get(self, creature_id: int) -> Creature | None:
        if not 0 < creature_id <= _MAX_ID:
            return None
        return await self._one(queries.by_id(creature_id))

    async def by_code(self, code: str) -> Creature | None:
        """Forgives case and look-alike characters; saved or not."""
        parsed = parse_code(code)
        return None if parsed is None else await self._one(queries.by_code(parsed))

    async def latest_shown(self, owner_id: int, channel_id: int) -> Creature | None:
        """Which of their creatures the owner saw last in this channel, by itself."""
        return await self._one(queries.latest_shown(owner_id, channel_id))

    async def note_shown(self, creature_id: int, owner_id: int) -> None:
        """Makes this the creature that the owner saw last. Nothing happens where it is not theirs."""
        async with self._writing() as session:
            await session.execute(queries.note_shown(creature_id, owner_id, self._now()))

    async def save(self, creature_id: int, owner_id: int, name: str) -> Creature:
        """Gives a creature its name, for good.

        Raises NameInvalid, NameTaken, NotYours, NotFound, or AlreadySaved (with `.creature`). Of any
        number of saves at once the first wins: the table's constraint and the update's condition decide.
        """
        cleaned, key = clean_name(name)
        if not 0 < creature_id <= _MAX_ID:
            raise NotFound(_GONE)
        try:
            async with self._writing() as session:
                naming = queries.give_name(creature_id, owner_id, cleaned, key, self._now())
                named = await _changed_rows(session, naming) == 1
                row = await session.scalar(queries.by_id(creature_id))
        except IntegrityError as error:
            raise NameTaken(cleaned) from error
        if row is None:
            raise NotFound(_GONE)
        if row.owner_id != owner_id:
            raise NotYours
        if not named:
            raise AlreadySaved(from_row(row))
        return from_row(row)

    async def prune_unsaved(self, older_than: timedelta) -> int:
        """Forgets hatchings of that age that nobody saved; returns how many.

        Keeps every saved creature, and the parents of those and of hatchings that may still be saved.
        """
        pruned = 0
        doomed = queries.delete_unsaved(self._now() - older_than, _PRUNE_BATCH)
        while True:
            async with self._writing() as session:
                deleted = await _changed_rows(session, doomed)
            pruned += deleted
            if deleted < _PRUNE_BATCH:
                return pruned

    # Looking names up

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
                    raise AmbiguousName(_ambiguous(rows))
                row = rows[0] if rows else None
        if row is None:
            raise NotFound(
                f"There is no creature called “{plain(text[: 2 * MAX_LENGTH])}” here: "
                "choose one from the list that appears while typing, or use the code under a picture."
            )
        return from_row(row)

    async def suggest(
        self, owner_id: int, guild_id: int | None, prefix: str, limit: int = 25
    ) -> list[Suggestion]:
        """Saved creatures whose name starts with `prefix`: one's own, then the server's, alphabetically."""
        key = search_key(prefix)
        async with self._reading() as session:
            rows = list(await session.execute(queries.own_names(owner_id, key, limit)))
            if guild_id is not None and len(rows) < limit:
                shared = queries.server_names(owner_id, guild_id, key, limit - len(rows))
                rows += await session.execute(shared)
        return [Suggestion(name or "", code, owner, owner_name) for name, code, owner, owner_name in rows]

    async def count_saved(self, owner_id: int) -> int:
        async with self._reading() as session:
            return await session.scalar(queries.count_saved(owner_id)) or 0

    # Transactions

    async def _one(self, statement: Select[CreatureRow]) -> Creature | None:
        async with self._reading() as session:
            row = await session.scalar(statement)
        return None if row is None else from_row(row)

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncSession]:
        with translated():
            async with self._readers() as session:
                yield session

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[AsyncSession]:
        """Commits at the end, or rolls back where anything was raised."""
        with translated():
            async with self._turn, self._writers.begin() as session:
                yield session


async def _changed_rows(session: AsyncSession, statement: Executable) -> int:
    result = await session.execute(statement)
    assert isinstance(result, CursorResult)
    return result.rowcount


def _ambiguous(rows: Sequence[CreatureRow]) -> str:
    choices = ", ".join(f"{row.code} ({plain(row.owner_name) or 'unnamed'})" for row in rows)
    return f"Several people here have a creature called {rows[0].name}, please use its code: {choices}."
