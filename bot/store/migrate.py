"""Brings a database to the present version, at start and in code. The revisions: migrations/versions."""

from __future__ import annotations

import asyncio
import functools
import logging
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, NullPool, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.address import describe, is_sqlite, sqlite_file
from bot.store.connection import WRITES, make_engine
from bot.store.errors import StoreError
from bot.store.failures import translated_for_start
from bot.store.postgresql import MIGRATING, advisory_lock

log = logging.getLogger(__name__)

UNFINISHED = "unfinished "  # stands before the revision of a database that a collection is being copied into
SCRIPTS = Path(__file__).resolve().parents[2] / "migrations"
_MARK = "UPDATE alembic_version SET version_num = :mark || version_num"
_UNMARK = "UPDATE alembic_version SET version_num = replace(version_num, :mark, '')"
_alembic = threading.Lock()  # Alembic keeps the migration in progress in module globals


async def upgraded(
    url: URL,
    *,
    busy_timeout_s: float = 5.0,
    timeout_s: float = 10.0,
    unfinished: bool = False,
    shown: str = "",
) -> None:
    """`upgrade` in a thread of its own. Whoever stops waiting for it stops it: nothing is changed then."""
    interrupt = Interrupt()
    upgrading = functools.partial(
        upgrade,
        url,
        busy_timeout_s=busy_timeout_s,
        timeout_s=timeout_s,
        interrupt=interrupt,
        unfinished=unfinished,
        shown=shown,
    )
    work = asyncio.create_task(asyncio.to_thread(upgrading))
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        interrupt.set()
        await asyncio.wait({work})
        raise


def upgrade(
    url: URL,
    *,
    scripts: Path = SCRIPTS,
    revision: str = "head",
    busy_timeout_s: float = 5.0,
    timeout_s: float = 10.0,
    interrupt: Interrupt | None = None,
    unfinished: bool = False,
    shown: str = "",
) -> None:
    """Creates the database or brings it up to `revision`; does nothing where it is there already.

    All or nothing: the pending migrations run in one transaction. Blocks, and needs a thread that runs no
    event loop. Raises StoreError where the database is newer, is not newmon's, is half filled (unless
    `unfinished`: it stays so), or cannot be used; it is called `shown` then, or by its address.
    """
    where = shown or describe(url)

    def work(connection: Connection) -> None:
        half_filled = unfinished and _is_unfinished(connection)
        if half_filled:
            connection.execute(text(_UNMARK), {"mark": UNFINISHED})
        check_origin(connection, scripts, where)
        before = _revision(connection)
        command.upgrade(_config(scripts, connection), revision)
        if half_filled:
            connection.execute(text(_MARK), {"mark": UNFINISHED})
        if before and before != (now := _revision(connection)):
            log.info("Brought the database up to date, from revision %s to %s.", before, now)
        # SQLite opens a read-only file without a word, and would refuse the first save instead.
        connection.execute(text("UPDATE alembic_version SET version_num = version_num"))

    with translated_for_start(url, shown):
        if is_sqlite(url):
            sqlite_file(url).parent.mkdir(parents=True, exist_ok=True)
        in_transaction(url, work, busy_timeout_s=busy_timeout_s, timeout_s=timeout_s, interrupt=interrupt)


def downgrade(url: URL, revision: str, *, scripts: Path = SCRIPTS) -> None:
    """Goes back to `revision`. Loses whatever the older version has no place for. Blocks like `upgrade`."""

    def work(connection: Connection) -> None:
        command.downgrade(_config(scripts, connection), revision)

    with translated_for_start(url):
        in_transaction(url, work)


def in_transaction(
    url: URL,
    work: Callable[[Connection], None],
    *,
    busy_timeout_s: float = 5.0,
    timeout_s: float = 10.0,
    interrupt: Interrupt | None = None,
) -> None:
    """Runs `work` in one transaction that a migration may change tables in.

    Two processes that start together take turns, on SQLite by its write lock, on PostgreSQL by one that all
    migrations ask for. On SQLite foreign keys are off while it runs, and checked before the commit: Alembic
    rebuilds a table by dropping it, which would fire the ON DELETE of its children.
    """
    engine = make_engine(
        url, busy_timeout_s=busy_timeout_s, timeout_s=timeout_s, foreign_keys=False, poolclass=NullPool
    )
    with _alembic:
        asyncio.run((interrupt or Interrupt()).run(_in_transaction(engine, work)))


async def _in_transaction(engine: AsyncEngine, work: Callable[[Connection], None]) -> None:
    try:
        async with engine.execution_options(**WRITES).begin() as connection:
            if connection.dialect.name == "postgresql":
                await connection.execute(advisory_lock(MIGRATING))
            await connection.run_sync(work)
            await connection.run_sync(_check_foreign_keys)
    finally:
        await engine.dispose()


class Interrupt:
    """Ends what runs in another thread's event loop. It may be set before that begins."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._set = False
        self._cancel: Callable[[], object] | None = None

    def set(self) -> None:
        """End it. What runs sees a CancelledError."""
        with self._lock:
            self._set = True
            if self._cancel is not None:
                self._cancel()

    async def run(self, work: Coroutine[object, object, None]) -> None:
        """Do that, unless and until it is ended."""
        task, loop = asyncio.ensure_future(work), asyncio.get_running_loop()
        with self._lock:
            self._cancel = lambda: loop.call_soon_threadsafe(task.cancel)
            if self._set:
                task.cancel()
        try:
            await task
        finally:
            with self._lock:
                self._cancel = None


def present_revision(scripts: Path = SCRIPTS) -> str | None:
    """Which version of the database this program is for."""
    return ScriptDirectory(scripts).get_current_head()


def _config(scripts: Path, connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.attributes["connection"] = connection  # env.py takes it from there
    return config


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _is_unfinished(connection: Connection) -> bool:
    heads = MigrationContext.configure(connection).get_current_heads()
    return any(head.startswith(UNFINISHED) for head in heads)


def check_origin(connection: Connection, scripts: Path, where: str) -> None:
    """Raises StoreError for a database of another program, of a newer version, that is half filled, or that
    cannot hold names."""
    if _is_unfinished(connection):
        raise StoreError(
            f"The collection was not moved to {where} completely: run `python -m bot move` to it again, "
            "or go on with the database that it comes from."
        )
    if connection.dialect.name == "postgresql":
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
        if encoding != "UTF8":
            raise StoreError(
                f"The database {where} cannot hold every name, as it is encoded in {encoding}: "
                "create one with `createdb --encoding=UTF8 --template=template0`."
            )
    known = {script.revision for script in ScriptDirectory(scripts).walk_revisions()}
    current = set(MigrationContext.configure(connection).get_current_heads())
    if current - known:
        raise StoreError(
            f"The database {where} was written by a newer version of newmon: "
            "update newmon, or restore a backup that was made with this version."
        )
    if not current and set(inspect(connection).get_table_names()) - {"alembic_version"}:
        raise StoreError(f"The database {where} belongs to another program: choose another one for newmon.")


def _check_foreign_keys(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise StoreError(
            f"The database has a row in {broken[0]} that points to nothing, nothing was changed: "
            "restore a backup."
        )
