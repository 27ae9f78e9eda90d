"""How the store talks to its database: one short transaction at a time, writers in turn."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, nullcontext
from datetime import datetime
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import CursorResult, Executable, func, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import InstrumentedAttribute

from bot.store import queries, space
from bot.store.database import BUSY, WRITES, committing, translated
from bot.store.errors import ConnectionLost, StoreError
from bot.store.models import CreatureRow, PersonRow
from bot.store.together import Together

P = ParamSpec("P")
T = TypeVar("T")

LEAST_PATIENCE_S = 1.0  # for those who write before; a crowd's writes take less


class Transactions:
    """Sessions that read and sessions that write. Failures of the database become `StoreError`."""

    def __init__(
        self, engine: AsyncEngine, *, one_writer: bool, patience_s: float, now: Callable[[], datetime]
    ) -> None:
        self._engine = engine
        self._patience_s = max(patience_s, LEAST_PATIENCE_S)
        self._now = now
        self._readers = async_sessionmaker(engine, expire_on_commit=False)
        self._writers = async_sessionmaker(engine.execution_options(**WRITES), expire_on_commit=False)
        self._together = Together(self._add_all)
        # SQLite has one write lock; those who wait for it sleep and poll. Queueing here is fair and quick.
        self._turn = asyncio.Lock() if one_writer else None

    async def close(self) -> None:
        """Lets running transactions end and closes the file."""
        await self._together.finished()
        async with self._turn or nullcontext():
            await self._engine.dispose()

    async def _add_all(self, rows: Sequence[CreatureRow | PersonRow]) -> None:
        async with self._writing() as session:
            session.add_all(row for row in rows if isinstance(row, CreatureRow))
            if names := [row for row in rows if isinstance(row, PersonRow)]:
                dialect = self._engine.dialect.name
                await session.execute(queries.put_name(dialect), [row.values() for row in names])

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncSession]:
        with translated():
            async with self._readers() as session:
                yield session

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[AsyncSession]:
        """Commits at the end, or rolls back where anything was raised."""
        with translated():
            async with self._my_turn(), self._writers() as session:
                yield session
                await session.flush()
                with committing():
                    await session.commit()

    async def _give_back_space(self) -> None:
        """Where the database is a file of ours: make it as short as what is in it."""
        if self._turn is None:
            return
        with translated():
            freed = False
            while True:
                async with self._my_turn():
                    more = await space.free_some(self._engine)
                freed = freed or more
                if not more:
                    break
            if freed:
                await space.shorten(self._engine)

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
            async with asyncio.timeout(self._patience_s):
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
        except ConnectionLost:
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
