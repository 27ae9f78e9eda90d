"""All rows of a collection, from one database to another, whichever these are: read, written and compared.

Tables and columns are those of models.py, so that whatever is added there is copied, too.
"""

from __future__ import annotations

import asyncio
import graphlib
import hashlib
import json
import sqlite3
import struct
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, NullPool, Select, Table, delete, func, inspect, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.address import describe, is_sqlite, sqlite_file
from bot.store.connection import WRITES, make_engine
from bot.store.errors import StoreError
from bot.store.failures import translated_for_start
from bot.store.migrate import UNFINISHED
from bot.store.models import Base, CreatureRow
from bot.store.postgresql import NAME

BATCH = 200  # rows that are in memory at a time
PATIENCE_S = 10.0  # for others who write
TABLES: Sequence[Table] = Base.metadata.sorted_tables  # each after those that it points to

Key = tuple[Any, ...]  # a row's primary key
Row = Mapping[Any, Any]  # by the columns' names


class Rows:
    """The rows of one database, within one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def keys(self, table: Table) -> list[Key]:
        """Of all rows, in order."""
        return sorted(tuple(row) for row in await self._connection.execute(select(*table.primary_key)))

    async def parents_first(self, table: Table) -> list[Key]:
        """The keys of all rows, each after those of the rows in the same table that it points to."""
        own = [key.parent for key in table.foreign_keys if key.column.table is table]
        if not own:
            return await self.keys(table)
        order: graphlib.TopologicalSorter[Key] = graphlib.TopologicalSorter()
        for row in await self._connection.execute(select(*table.primary_key, *own).order_by(*_key(table))):
            key, parents = tuple(row[: -len(own)]), row[-len(own) :]
            order.add(key, *((parent,) for parent in parents if parent is not None))
        return list(order.static_order())

    async def read(self, table: Table, keys: Sequence[Key]) -> dict[Key, Row]:
        """The rows of these keys that are there."""
        found = await self._connection.execute(_of_keys(table, keys))
        width = len(_key(table))
        return {tuple(row[:width]): dict(row._mapping) for row in found}

    async def write(self, table: Table, rows: Iterable[Row]) -> None:
        """New rows, whose parents are there."""
        if values := [dict(row) for row in rows]:
            await self._connection.execute(table.insert(), values)

    async def clear(self) -> None:
        """Delete everything."""
        for table in reversed(TABLES):
            await self._connection.execute(delete(table))

    async def digest(self, table: Table) -> str:
        """SHA-256 over all rows: the same for the same rows, on whichever database."""
        whole = hashlib.sha256()
        for keys in batched(await self.keys(table)):
            rows = await self.read(table, keys)
            for key in keys:
                whole.update(digest(rows[key]))
        return whole.hexdigest()

    async def revision(self) -> str | None:
        """The version that the database is at, with `UNFINISHED` before it where it is half filled."""
        if not await self._connection.run_sync(lambda sync: inspect(sync).has_table("alembic_version")):
            return None
        return await self._connection.scalar(text("SELECT version_num FROM alembic_version"))

    async def mark(self, *, unfinished: bool) -> None:
        """Note that the database is only half filled, so that no bot starts with it, or no longer."""
        revision = (await self.revision() or "").removeprefix(UNFINISHED)
        change = text("UPDATE alembic_version SET version_num = :to")
        await self._connection.execute(change, {"to": (UNFINISHED if unfinished else "") + revision})

    async def saved(self) -> int:
        """How many creatures have a name."""
        named = select(func.count()).select_from(CreatureRow).where(CreatureRow.name.is_not(None))
        return await self._connection.scalar(named) or 0

    async def commit(self) -> None:
        """What was written stays; another transaction begins."""
        await self._connection.commit()


def batched(keys: Sequence[Key], size: int = BATCH) -> Iterator[Sequence[Key]]:
    """The keys, some at a time."""
    for start in range(0, len(keys), size):
        yield keys[start : start + size]


def digest(row: Row) -> bytes:
    """SHA-256 of a row: every column's name and value, and nothing of how a database keeps it."""
    whole = hashlib.sha256()
    for name in sorted(row):
        for part in (name.encode(), *_canonical(row[name])):
            whole.update(len(part).to_bytes(8, "big") + part)
    return whole.digest()


def _canonical(value: Any) -> Iterator[bytes]:
    yield type(value).__name__.encode()
    match value:
        case None:
            return
        case bool() | int():
            yield str(int(value)).encode()
        case float():
            yield struct.pack(">d", value)
        case str():
            yield value.encode("utf-8", "surrogatepass")
        case bytes():
            yield value
        case datetime():
            yield value.astimezone(UTC).isoformat().encode()
        case _:
            yield json.dumps(value, sort_keys=True).encode()


def _key(table: Table) -> list[Any]:
    return list(table.primary_key)


def _of_keys(table: Table, keys: Sequence[Key]) -> Select[*tuple[Any, ...]]:
    key = _key(table)
    rest = [column for column in table.columns if column not in set(key)]
    here = key[0].in_([one for (one,) in keys]) if len(key) == 1 else tuple_(*key).in_(keys)
    return select(*key, *rest).where(here)


@asynccontextmanager
async def snapshot(url: URL, *, still: bool = False) -> AsyncIterator[Rows]:
    """What a database holds at one moment, to be read. `still`: nobody writes to it meanwhile.

    Raises StoreError with a sentence for whoever starts the process.
    """
    async with _connected(url, writes=still and is_sqlite(url)) as connection:
        await connection.begin()
        if not is_sqlite(url):
            await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
            if still:
                await _lock(connection, "SHARE")
        yield Rows(connection)
        await connection.rollback()


@asynccontextmanager
async def filling(url: URL, *, alone: bool = False) -> AsyncIterator[Rows]:
    """A database to be written to, and committed to by the caller. `alone`: nobody else writes before that.

    Raises StoreError with a sentence for whoever starts the process.
    """
    async with _connected(url, writes=True) as connection:
        if alone and not is_sqlite(url):
            await _lock(connection, "EXCLUSIVE")
        yield Rows(connection)
        await connection.rollback()


@asynccontextmanager
async def _connected(url: URL, *, writes: bool) -> AsyncIterator[AsyncConnection]:
    engine = make_engine(url, busy_timeout_s=PATIENCE_S, timeout_s=PATIENCE_S, poolclass=NullPool)
    try:
        with translated_for_start(url):
            async with engine.execution_options(**(WRITES if writes else {})).connect() as connection:
                yield connection
    finally:
        await engine.dispose()


async def _lock(connection: AsyncConnection, mode: str) -> None:
    names = ", ".join(table.name for table in TABLES)
    await connection.execute(text(f"SET LOCAL lock_timeout = {PATIENCE_S * 1000:.0f}"))
    await connection.execute(text(f"LOCK TABLE {names} IN {mode} MODE"))


async def identity(url: URL) -> object:
    """What two addresses of the same database have in common. Raises StoreError."""
    if is_sqlite(url):
        path = sqlite_file(url)
        return path.resolve() if not path.exists() else (path.stat().st_dev, path.stat().st_ino)
    async with _connected(url, writes=False) as connection:
        asked = text(
            "SELECT oid, pg_postmaster_start_time() FROM pg_database WHERE datname = current_database()"
        )
        return tuple((await connection.execute(asked)).one())


async def refuse_in_use(url: URL) -> None:
    """Raises StoreError where a bot has the database open."""
    if is_sqlite(url):
        in_use = await asyncio.to_thread(_is_open, sqlite_file(url))
    else:
        async with _connected(url, writes=False) as connection:
            others = text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND application_name = :name AND pid <> pg_backend_pid()"
            )
            in_use = bool(await connection.scalar(others, {"name": NAME}))
    if in_use:
        raise StoreError(f"The bot is running with the database {describe(url)}: stop it first.")


def _is_open(path: Path) -> bool:
    """Whether anybody else has an SQLite file open: only then it cannot leave WAL mode.

    That writes what stands in the log beside it into the file, and removes the log.
    """
    if not path.exists():
        return False
    try:
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise StoreError(f"The database {path} cannot be used: {error}.") from error
        return True
    return False
