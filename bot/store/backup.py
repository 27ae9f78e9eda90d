"""A copy of the collection, made while the bot goes on using it."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from bot.store.database import is_sqlite, parse_target
from bot.store.errors import StoreError


def back_up(database: str | Path, target: Path, overwrite: bool = False) -> int:
    """Copy the SQLite database to the file `target`, whole or not at all; returns how many are saved there.

    SQLite's own backup reads one consistent state and keeps nobody from writing. The copy is checked before
    it gets its name. Raises `StoreError` for a database that is missing, damaged or not SQLite, a target that
    exists (unless `overwrite`), and a disk that is full.
    """
    source = _file(database)
    if not source.is_file():
        raise StoreError(f"There is no collection at {source} yet: nothing was copied.")
    if target.exists() and not overwrite:
        raise StoreError(f"{target} exists already: choose another name, or add --force to replace it.")
    part = target.with_name(f"{target.name}.part")
    try:
        saved = _copy(source, part)
        part.replace(target)
    except sqlite3.Error as error:
        raise StoreError(f"The collection could not be copied to {target}: {error}.") from error
    except OSError as error:
        raise StoreError(f"{target} cannot be written: {error.strerror or error}.") from error
    finally:
        part.unlink(missing_ok=True)
    return saved


def _copy(source: Path, part: Path) -> int:
    """Write and check the copy; the number of saved creatures in it."""
    part.unlink(missing_ok=True)
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(part)) as copy:
        live.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
        (verdict,) = copy.execute("PRAGMA integrity_check").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(f"the copy is damaged ({verdict})")
        (saved,) = copy.execute("SELECT count(*) FROM creatures WHERE name IS NOT NULL").fetchone()
    with part.open("rb") as file:
        os.fsync(file.fileno())
    return int(saved)


def _file(database: str | Path) -> Path:
    """The file of an SQLite database. Raises `StoreError` for any other."""
    if isinstance(database, Path):
        return database
    url = parse_target(database)
    if not is_sqlite(url):
        raise StoreError("Only an SQLite file can be copied like this: use your database's own backup tool.")
    return Path(str(url.database))
