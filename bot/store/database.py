"""Connections: the one place that knows which database it is, and what its errors mean."""

from __future__ import annotations

import asyncio
import functools
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import aiosqlite
from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    NoSuchModuleError,
    NotSupportedError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.store.errors import ConnectionLost, NotStorable, StoreError
from bot.system.paths import path_of
from bot.system.redaction import redact

log = logging.getLogger(__name__)

# Whatever an address calls them, other programs' drivers included.
_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
}
COMPANIONS = ("-wal", "-shm", "-journal")  # what SQLite adds to a database's name for its own files
# Marks connections that mean to write, see `_begin`.
WRITES = {"newmon_writes": True}

_FAILURES = (DBAPIError, PoolTimeout, sqlite3.Error, OSError)
# A value's fault and no trouble of the database's: errors in binding it, SQLite's codes, PostgreSQL's class.
_REFUSALS = (DataError, InterfaceError, NotSupportedError, ProgrammingError)
_REFUSED_CODES = {sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_RANGE}
_REFUSED_STATES = "22"
_UNAVAILABLE = (
    "The collection cannot be reached right now, nothing was changed: please try again in a moment."
)
UNSURE = (
    "The connection to the collection broke while it was being changed: "
    "please look whether it was done, before you try again."
)
_DAMAGED = "The collection's database is damaged: please ask an admin to restore a backup."
BUSY = "The collection is busy right now, nothing was changed: please try again in a moment."
_UNWRITABLE = "The collection's database cannot be written, nothing was changed: please tell an admin."
# By SQLite's primary result code. The first is told to people in a channel, the second to who starts the bot.
_SENTENCES: dict[int, tuple[str, str]] = {
    sqlite3.SQLITE_BUSY: (
        BUSY,
        "The database {where} is locked by another program: stop that program, then start newmon again.",
    ),
    sqlite3.SQLITE_FULL: (
        "The disk is full, nothing was changed: please ask an admin to free some space, then try again.",
        "The disk that holds the database {where} is full: free some space, then start newmon again.",
    ),
    sqlite3.SQLITE_READONLY: (
        _UNWRITABLE,
        "The database {where} cannot be written: check the permissions of the file and of its folder.",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        _UNWRITABLE,
        "The database {where} cannot be opened: check that its folder exists and can be written.",
    ),
    sqlite3.SQLITE_NOTADB: (
        _DAMAGED,
        "The file {where} is not a newmon database: choose another file, or restore a backup.",
    ),
    sqlite3.SQLITE_CORRUPT: (
        _DAMAGED,
        "The database {where} is damaged: restore a backup, or move the file away to start a new one.",
    ),
}
_SENTENCES[sqlite3.SQLITE_LOCKED] = _SENTENCES[sqlite3.SQLITE_BUSY]
_SENTENCES[sqlite3.SQLITE_PERM] = _SENTENCES[sqlite3.SQLITE_READONLY]


def parse_target(target: str | Path) -> URL:
    """The address of a path to an SQLite file, or of a URL; fills in the asynchronous driver.

    Raises StoreError where it is no address, one of an SQLite database in memory, which keeps nothing, or a
    name that SQLite keeps for itself.
    """
    if isinstance(target, Path) or "://" not in target:
        path = str(target).strip()
        url = URL.create("sqlite+aiosqlite", database=path)
    else:
        try:
            url = make_url(target)
        except (ArgumentError, ValueError) as error:
            raise StoreError(
                "The database address is not understood: use a file name or postgresql://user@host/name."
            ) from error
    driver = _DRIVERS.get(url.drivername.partition("+")[0].lower())
    if driver is None:
        raise StoreError(
            "newmon keeps its collection in SQLite or PostgreSQL: write a file name or "
            "postgresql://user:password@host/name as the database's address."
        )
    url = url.set(drivername=driver)
    if not is_sqlite(url):
        # Others' name for what this driver calls ssl; hosting services write it into their addresses.
        return url.set(query={"ssl" if key == "sslmode" else key: value for key, value in url.query.items()})
    _refuse_names(url)
    return url.set(database=_expanded(str(url.database)))


def _expanded(name: str) -> str:
    """A path as every setting's is read; SQLite's own addresses stay as they are."""
    try:
        return name if name.startswith("file:") else str(path_of(name))
    except ValueError as error:
        raise StoreError(f"The path of the database is wrong: {error}.") from None


def _refuse_names(url: URL) -> None:
    name = url.database or ""
    if name in ("", "file:") or ":memory:" in name or url.query.get("mode") == "memory":
        raise StoreError("The database must be a file or an address: creatures in memory would be lost.")
    if name.endswith(COMPANIONS):
        raise StoreError(
            f"The database may not be called {Path(name).name}: SQLite keeps files of its own under names "
            "that end like this."
        )


def is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def sqlite_file(url: URL) -> Path:
    """The file of an SQLite database, which may be written as SQLite's own `file:` address."""
    name = str(url.database)
    return Path(unquote(name.removeprefix("file:"))) if name.startswith("file:") else Path(name)


def describe(url: URL) -> str:
    """The address as it may be shown: a file's path, or the URL without who logs in there."""
    return str(url.database) if is_sqlite(url) else redact(url.render_as_string(hide_password=True))


def make_engine(url: URL, *, busy_timeout_s: float, foreign_keys: bool = True, **options: Any) -> AsyncEngine:
    """An engine whose connections are set up for durable, concurrent use. Raises StoreError for a bad URL."""
    if is_sqlite(url):
        options["connect_args"] = {
            "timeout": busy_timeout_s,
            # The driver would begin transactions by itself, late, and never around DDL. `_begin` does it.
            "isolation_level": None,
            "async_creator_fn": functools.partial(_open_sqlite, foreign_keys=foreign_keys),
        }
    try:
        engine = create_async_engine(
            url,
            hide_parameters=True,  # a statement that fails is logged, without what people wrote
            pool_pre_ping=True,  # a connection that broke while nobody used it is replaced unnoticed
            **options,
        )
    except (ImportError, NoSuchModuleError, ArgumentError) as error:
        raise StoreError(
            f"The database {describe(url)} needs a driver that is missing: install it with `pip install "
            f"{url.get_driver_name()}`, or use a file name."
        ) from error
    if is_sqlite(url):
        _begin_explicitly(engine)
    return engine


async def _open_sqlite(*where: Any, foreign_keys: bool, **options: Any) -> aiosqlite.Connection:
    """A connection, set up; where that fails, none, and no thread of one that outlives the event loop."""
    connection = aiosqlite.connect(*where, **options)
    thread = connection._thread  # there is no other way to it; SQLAlchemy takes it from there too
    thread.daemon = True
    try:
        await connection
        [[shrinks]] = await connection.execute_fetchall("PRAGMA auto_vacuum")
        for setting in (
            # See space.py. Before anything is written, and only then: where a file has it already, saying so
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


@contextmanager
def translated() -> Iterator[None]:
    """Turns the database's failures into StoreError with a sentence for the channel, or into NotStorable.

    Lets IntegrityError through: a broken constraint is an answer, not a failure.
    """
    try:
        yield
    except IntegrityError:
        raise
    except OverflowError as error:  # from SQLite's driver, for a number of more than 64 bits
        raise NotStorable from error
    except _FAILURES as error:
        if _is_refusal(error):
            log.error("the database refused a value", exc_info=error)
            raise NotStorable from error
        log.error("the database failed", exc_info=error)
        kind = ConnectionLost if is_broken(error) else StoreError
        raise kind(_sentences(error)[0]) from error


@contextmanager
def committing() -> Iterator[None]:
    """Around a commit: if the connection breaks in it, it may be done or not. Raises StoreError."""
    try:
        yield
    except DBAPIError as error:
        if not is_broken(error):
            raise
        log.error("the connection broke in a commit", exc_info=error)
        raise StoreError(UNSURE) from error


def is_broken(error: Exception) -> bool:
    """Whether an error means that the connection is gone, so that another one may do."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def _is_refusal(error: Exception) -> bool:
    if not isinstance(error, DBAPIError) or is_broken(error):
        return False
    state, code = getattr(error.orig, "sqlstate", None), getattr(error.orig, "sqlite_errorcode", None)
    if state is not None:
        return str(state).startswith(_REFUSED_STATES)
    if code is not None:
        return code & 0xFF in _REFUSED_CODES
    return isinstance(error, _REFUSALS)


@contextmanager
def translated_for_start(url: URL) -> Iterator[None]:
    """The same for whoever starts the process: names the file, and says what to do about it."""
    try:
        yield
    except _FAILURES as error:
        raise StoreError(_sentences(error)[1].format(where=describe(url))) from error


def _sentences(error: Exception) -> tuple[str, str]:
    cause = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(cause, "sqlite_errorcode", None)
    if code is None and isinstance(cause, FileExistsError | NotADirectoryError | PermissionError):
        code = sqlite3.SQLITE_CANTOPEN
    fallback = (_UNAVAILABLE, "The database {where} cannot be used: check that it exists and can be reached.")
    # The low byte is the primary code; the rest tells, for instance, which kind of busy.
    return fallback if code is None else _SENTENCES.get(code & 0xFF, fallback)
