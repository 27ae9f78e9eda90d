"""Connections to a database, set up for durable, concurrent use."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import sqlite3
from typing import Any

import aiosqlite
from sqlalchemy import URL, Connection, event
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.store import postgresql
from bot.store.address import describe, is_sqlite
from bot.store.errors import StoreError

# Marks connections that mean to write, see `_begin`.
WRITES = {"newmon_writes": True}


def make_engine(
    url: URL,
    *,
    busy_timeout_s: float,
    timeout_s: float = 10.0,
    limited: bool = False,
    foreign_keys: bool = True,
    **options: Any,
) -> AsyncEngine:
    """An engine whose connections are set up for durable, concurrent use. Raises StoreError for a bad URL.

    Of a PostgreSQL server, `timeout_s` is how long connecting may take and, where `limited`, a statement.
    """
    address = url
    try:
        if is_sqlite(url):
            options["connect_args"] = {
                "timeout": busy_timeout_s,
                # The driver would begin transactions by itself, late, and never around DDL. `_begin` does it.
                "isolation_level": None,
                "async_creator_fn": functools.partial(_open_sqlite, foreign_keys=foreign_keys),
            }
        else:
            connect = postgresql.connector(url, timeout_s, limited=limited)
            address, options["connect_args"] = postgresql.BARE, {"async_creator_fn": connect}
        engine = create_async_engine(
            address,
            hide_parameters=True,  # a statement that fails is logged, without what people wrote
            pool_pre_ping=True,  # a connection that broke while nobody used it is replaced unnoticed
            **options,
        )
    except (ImportError, NoSuchModuleError, ArgumentError) as error:
        raise StoreError(
            f"The database {describe(url)} needs a driver that is missing: run `make postgres-ready`, "
            "or use a file name."
        ) from error
    if is_sqlite(url):
        _begin_explicitly(engine)
    return engine


class _RollsBack(sqlite3.Connection):
    """Rolls back before it is closed.

    As long as somebody holds a cursor, such as the traceback of what was cancelled, SQLite keeps a closed
    connection's transaction alive, and the write lock with it.
    """

    def close(self) -> None:
        with contextlib.suppress(sqlite3.Error):  # closed already, or broken
            if self.in_transaction:
                self.rollback()
        super().close()


async def _open_sqlite(*where: Any, foreign_keys: bool, **options: Any) -> aiosqlite.Connection:
    """A connection, set up; where that fails, none, and no thread of one that outlives the event loop."""
    connection = aiosqlite.connect(*where, factory=_RollsBack, **options)
    thread = connection._thread  # there is no other way to it; SQLAlchemy takes it from there too
    thread.daemon = True
    try:
        await connection
        [[shrinks]] = await connection.execute_fetchall("PRAGMA auto_vacuum")
        for setting in (
            # See vacuum.py. Before anything is written, and only then: where a file has it already, saying so
            # again waits for the write lock, and reading would wait with it.
            *(() if shrinks else ("auto_vacuum=INCREMENTAL",)),
            "journal_mode=WAL",
            "synchronous=FULL",  # in WAL mode NORMAL may lose the last commits
            f"foreign_keys={'ON' if foreign_keys else 'OFF'}",
        ):
            async with connection.execute(f"PRAGMA {setting}"):
                pass
    except BaseException:
        await connection.close()
        await asyncio.to_thread(thread.join)
        raise
    return connection


def _begin_explicitly(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        # A transaction that reads first and writes later fails at once when another wrote in between, however
        # long the busy timeout. One that takes the write lock from the start waits its turn.
        writes = connection.get_execution_options().get("newmon_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
