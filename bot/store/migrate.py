"""Brings a database to the present version, at start and in code. The revisions: migrations/versions."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, NullPool, inspect, text

from bot.store.address import describe, is_sqlite, sqlite_file
from bot.store.connection import WRITES, make_engine
from bot.store.errors import StoreError
from bot.store.failures import translated_for_start

log = logging.getLogger(__name__)

SCRIPTS = Path(__file__).resolve().parents[2] / "migrations"
_alembic = threading.Lock()  # Alembic keeps the migration in progress in module globals


def upgrade(
    url: URL, *, scripts: Path = SCRIPTS, revision: str = "head", busy_timeout_s: float = 5.0
) -> None:
    """Creates the database or brings it up to `revision`; does nothing where it is there already.

    All or nothing: the pending migrations run in one transaction. Blocks, and needs a thread that runs no
    event loop. Raises StoreError where the database is newer, is not newmon's, or cannot be used.
    """

    def work(connection: Connection) -> None:
        _check_origin(connection, scripts, describe(url))
        before = _revision(connection)
        command.upgrade(_config(scripts, connection), revision)
        if before and before != (now := _revision(connection)):
            log.info("Brought the database up to date, from revision %s to %s.", before, now)
        # SQLite opens a read-only file without a word, and would refuse the first save instead.
        connection.execute(text("UPDATE alembic_version SET version_num = version_num"))

    with translated_for_start(url):
        if is_sqlite(url):
            sqlite_file(url).parent.mkdir(parents=True, exist_ok=True)
        in_transaction(url, work, busy_timeout_s=busy_timeout_s)


def downgrade(url: URL, revision: str, *, scripts: Path = SCRIPTS) -> None:
    """Goes back to `revision`. Loses whatever the older version has no place for. Blocks like `upgrade`."""

    def work(connection: Connection) -> None:
        command.downgrade(_config(scripts, connection), revision)

    with translated_for_start(url):
        in_transaction(url, work)


def in_transaction(url: URL, work: Callable[[Connection], None], *, busy_timeout_s: float = 5.0) -> None:
    """Runs `work` in one transaction that a migration may change tables in.

    Two processes that start together take turns. On SQLite foreign keys are off while it runs, and
    checked before the commit: Alembic rebuilds a table by dropping it, which would fire the ON DELETE of its
    children.
    """
    with _alembic:
        asyncio.run(_in_transaction(url, work, busy_timeout_s))


async def _in_transaction(url: URL, work: Callable[[Connection], None], busy_timeout_s: float) -> None:
    engine = make_engine(url, busy_timeout_s=busy_timeout_s, foreign_keys=False, poolclass=NullPool)
    try:
        async with engine.execution_options(**WRITES).begin() as connection:
            await connection.run_sync(work)
            await connection.run_sync(_check_foreign_keys)
    finally:
        await engine.dispose()


def _config(scripts: Path, connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.attributes["connection"] = connection  # env.py takes it from there
    return config


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _check_origin(connection: Connection, scripts: Path, where: str) -> None:
    known = {script.revision for script in ScriptDirectory(scripts).walk_revisions()}
    current = set(MigrationContext.configure(connection).get_current_heads())
    if current - known:
        raise StoreError(
            f"The database {where} was written by a newer version of newmon: "
            "update newmon, or restore a backup that was made with this version."
        )
    if not current and set(inspect(connection).get_table_names()) - {"alembic_version"}:
        raise StoreError(f"The database {where} belongs to another program: choose another file for newmon.")


def _check_foreign_keys(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise StoreError(
            f"The database has a row in {broken[0]} that points to nothing, nothing was changed: "
            "restore a backup."
        )
