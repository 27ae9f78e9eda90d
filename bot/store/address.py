"""Addresses of databases: what a person may write, and what is meant by it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from bot.store.errors import StoreError
from bot.store.postgresql import libpq
from bot.system.paths import path_of
from bot.system.redaction import redact

Address = URL  # of a database, as `parse_target` returns it

# Whatever an address calls them, other programs' drivers included.
_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
}
COMPANIONS = ("-wal", "-shm", "-journal")  # what SQLite adds to a database's name for its own files


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
        return libpq(url)
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
    if is_sqlite(url):
        return str(url.database)
    return redact(url.set(drivername=url.get_backend_name()).render_as_string(hide_password=True))
