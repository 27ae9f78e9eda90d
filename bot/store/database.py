"""One database: short transactions, writers in turn, and inserts that share a commit."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import CursorResult, Executable, func, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import InstrumentedAttribute

from bot.store import migrate, queries, vacuum
from bot.store.address import is_sqlite, parse_target
from bot.store.connection import WRITES, make_engine
from bot.store.errors import StoreError, Undone
from bot.store.failures import Commit, translated
from bot.store.group_commit import GroupCommit, RowT
from bot.store.models import CreatureRow, PersonRow
from bot.store.postgresql import ALONE, Connections, advisory_lock
from bot.store.sentences import BUSY
from bot.store.timing import watch

P = ParamSpec("P")
T = TypeVar("T")

LEAST_TIMEOUT_S = 1.0  # for those who write before; a crowd's writes take less


def utc_now() -> datetime:
    """This machine's time, aware and in UTC."""
    return datetime.now(UTC)


class Database:
    """Sessions that read and sessions that write. Failures become `StoreError`.

    Make one with `Database.open`.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        queue_s: float | None,
        limit_s: float | None,
        now: Callable[[], datetime],
    ) -> None:
        """`queue_s`: one writes at a time, the others wait that long. `limit_s`: for one transaction."""
        self.engine = engine
        self.now = now
        self._queue_s = queue_s
        self._limit_s = limit_s
        self._connections = None if limit_s is None else Connections(engine)
        self._readers = async_sessionmaker(engine, expire_on_commit=False)
        self._writers = async_sessionmaker(engine.execution_options(**WRITES), expire_on_commit=False)
        self._inserts = GroupCommit(self._insert_all)
        # SQLite has one write lock; those who wait for it sleep and poll. Queueing here is fair and quick.
        self._turn = None if queue_s is None else asyncio.Lock()

    @classmethod
    async def open(
        cls,
        target: str | Path,
        *,
        busy_timeout_s: float,
        timeout_s: float,
        pool_size: int,
        now: Callable[[], datetime],
    ) -> Database:
        """Opens an SQLite file or a database URL, creating it or migrating it as needed.

        Raises StoreError with a sentence for whoever starts the process.
        """
        url = parse_target(target)
        await migrate.upgraded(url, busy_timeout_s=busy_timeout_s, timeout_s=timeout_s)
        if is_sqlite(url):
            await asyncio.to_thread(vacuum.make_incremental, url, busy_timeout_s)
        engine = make_engine(
            url,
            busy_timeout_s=busy_timeout_s,
            timeout_s=timeout_s,
            limited=True,
            pool_size=pool_size,
            max_overflow=0,
        )
        watch(engine)
        if is_sqlite(url):
            return cls(engine, queue_s=max(busy_timeout_s, LEAST_TIMEOUT_S), limit_s=None, now=now)
        return cls(engine, queue_s=None, limit_s=timeout_s, now=now)

    async def close(self) -> None:
        """Lets running transactions end and closes the file."""
        await self._inserts.finished()
        if self._connections is not None:
            await self._connections.close()
            return
        async with self._turn or nullcontext():
            await self.engine.dispose()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A session that only reads. Raises StoreError."""
        with translated():
            async with self._limited(), self._readers() as session:
                yield session

    @asynccontextmanager
    async def writing(self, *, alone: bool = False) -> AsyncIterator[AsyncSession]:
        """A session that commits at the end, or rolls back where anything was raised. Raises StoreError.

        `alone`: after all others who asked for that, in this process and elsewhere; for those who decide by
        what they read. SQLite lets one write at a time anyway.
        """
        commit = Commit()
        with translated(), commit.known():
            async with self._limited(), self._my_turn(), self._writers() as session:
                if alone and self._turn is None:
                    await session.execute(advisory_lock(ALONE))
                yield session
                await session.flush()
                commit.began = True
                await session.commit()

    @asynccontextmanager
    async def _limited(self) -> AsyncIterator[None]:
        """Where a server may hang: no transaction takes longer than it may. Raises TimeoutError."""
        if self._connections is None:
            yield
            return
        limit = asyncio.timeout(self._limit_s)
        try:
            async with limit:
                yield
        finally:
            if limit.expired():
                self._connections.distrust()

    async def insert(self, make: Callable[[], list[RowT]]) -> list[RowT]:
        """Rows that `make` makes, all or none, in one transaction with those of others; see `GroupCommit`."""
        return await self._inserts.write(make)

    async def vacuum(self) -> None:
        """Where the database is a file of ours: make it as short as what is in it. Raises StoreError."""
        if self._turn is None:
            return
        with translated():
            freed = False
            while True:
                async with self._my_turn():
                    more = await vacuum.free_some(self.engine)
                freed = freed or more
                if not more:
                    break
            if freed:
                await vacuum.truncate_log(self.engine)

    async def _insert_all(self, rows: Sequence[CreatureRow | PersonRow]) -> None:
        async with self.writing() as session:
            session.add_all(row for row in rows if isinstance(row, CreatureRow))
            if names := sorted((row for row in rows if isinstance(row, PersonRow)), key=PersonRow.key):
                dialect = self.engine.dialect.name
                # In one order, so that no two processes wait for each other.
                await session.execute(queries.put_name(dialect), [row.values() for row in names])

    @asynccontextmanager
    async def _my_turn(self) -> AsyncIterator[None]:
        """Where there is one writer at a time: after those who came before.

        While another program has the database, each of them in turn finds that it is locked. Whoever waits
        behind them is told so after a while, and not when their turn comes. Raises StoreError.
        """
        if self._turn is None:
            yield
            return
        try:
            async with asyncio.timeout(self._queue_s):
                await self._turn.acquire()
        except TimeoutError as error:
            raise StoreError(BUSY) from error
        try:
            yield
        finally:
            self._turn.release()


def retried(method: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Makes a method that is one transaction try once more where its connection broke before the commit."""

    @functools.wraps(method)
    async def twice(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await method(*args, **kwargs)
        except Undone:
            return await method(*args, **kwargs)

    return twice


async def next_number(session: AsyncSession, column: InstrumentedAttribute[int]) -> int:
    """One more than the largest that there is: an order that does not depend on any clock."""
    return await session.scalar(select(func.coalesce(func.max(column), 0) + 1)) or 1


async def changed_rows(session: AsyncSession, statement: Executable) -> int:
    """Runs an UPDATE or DELETE; returns how many rows it touched."""
    result = await session.execute(statement)
    assert isinstance(result, CursorResult)
    return result.rowcount
