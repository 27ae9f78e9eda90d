"""What a database is like, without changing anything in it: for whoever looks before a start."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, func, select

from bot.store.address import describe, is_sqlite, parse_target, sqlite_file
from bot.store.connection import make_engine
from bot.store.failures import translated_for_start
from bot.store.migrate import SCRIPTS, check_origin
from bot.store.models import CreatureRow


@dataclass(frozen=True)
class DatabaseState:
    """What is known of a database."""

    where: str  # without who logs in
    revision: str | None  # None: there is nothing in it yet
    newest: str  # the revision that a start brings it to
    saved: int | None  # creatures; None where a start must bring it up to date first

    @property
    def current(self) -> bool:
        """Whether a start finds it as it is to be."""
        return self.revision == self.newest


async def inspect_database(target: str | Path, *, timeout_s: float = 10.0) -> DatabaseState:
    """Look at a database. Raises StoreError where a start could not use it, as the start would."""
    url = parse_target(target)
    newest = ScriptDirectory(SCRIPTS).get_current_head() or ""
    if is_sqlite(url) and not sqlite_file(url).exists():
        return DatabaseState(describe(url), None, newest, None)

    def look(connection: Connection) -> tuple[str | None, int | None]:
        check_origin(connection, SCRIPTS, describe(url))
        revision = MigrationContext.configure(connection).get_current_revision()
        if revision != newest:
            return revision, None
        saved = select(func.count()).select_from(CreatureRow).where(CreatureRow.name_key.is_not(None))
        return revision, connection.scalar(saved)

    with translated_for_start(url):
        engine = make_engine(url, busy_timeout_s=timeout_s, timeout_s=timeout_s, poolclass=NullPool)
        try:
            async with engine.connect() as connection:
                revision, saved = await connection.run_sync(look)
        finally:
            await engine.dispose()
    return DatabaseState(describe(url), revision, newest, saved)
