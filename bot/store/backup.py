"""A copy of an SQLite collection, made while the bot goes on using it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from bot.store.address import COMPANIONS, is_sqlite, parse_target, sqlite_file
from bot.store.errors import StoreError
from gan.files import whole_file


def back_up(database: str | Path, target: Path, overwrite: bool = False) -> int:
    """Copy the SQLite database to the file `target`, whole or not at all; returns how many are saved there.

    SQLite's own backup reads one consistent state and keeps nobody from writing. The copy is checked before
    it gets its name. Raises `StoreError` for a database that is missing, damaged or not SQLite, a target that
    is the database itself or one of the files that SQLite keeps beside it, one that exists (unless
    `overwrite`), and a disk that is full.
    """
    source = _file(database)
    if not source.is_file():
        raise StoreError(f"There is no collection at {source} yet: nothing was copied.")
    try:
        refuse(source, target, overwrite)
        with whole_file(target) as part:
            saved = _copy(source, part)
    except sqlite3.Error as error:
        raise StoreError(f"The collection could not be copied to {target}: {error}.") from error
    except OSError as error:
        raise StoreError(f"{target} cannot be written: {error.strerror or error}.") from error
    return saved


def refuse(source: Path | None, target: Path, overwrite: bool) -> None:
    """Raises `StoreError` where writing `target` would lose something: of the file `source`, or else."""
    if target.is_dir():
        raise StoreError(f"{target} is a folder: give the name of a file in it.")
    spellings = () if source is None else (source, source.resolve())
    files = [one for path in spellings for one in _with_companions(path)]
    if any(_same(target, file) for file in files):
        raise StoreError(f"{target} belongs to the collection that is copied: choose another name.")
    if not target.exists():
        return
    if not overwrite:
        raise StoreError(f"{target} exists already: choose another name, or add --force to replace it.")
    if not target.is_file():
        raise StoreError(f"{target} is not a file: choose another name.")
    if any(companion.exists() for companion in _with_companions(target.resolve())[1:]):
        raise StoreError(
            f"{target} is a database in use, with files of SQLite beside it: choose another name."
        )


def _with_companions(database: Path) -> list[Path]:
    return [database, *(database.with_name(database.name + end) for end in COMPANIONS)]


def _same(one: Path, other: Path) -> bool:
    """Whether both are one file, whatever the links and the spelling; also of files that do not exist yet.

    Names that differ in case alone count as the same, because on some disks they are.
    """
    if one.exists() and other.exists() and one.samefile(other):
        return True
    spellings = [(path.parent.resolve() / path.name, path.resolve()) for path in (one, other)]
    first, second = ({str(path).casefold() for path in paths} for paths in spellings)
    return not first.isdisjoint(second)


def _copy(source: Path, part: Path) -> int:
    """Write and check the copy; the number of saved creatures in it."""
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(part)) as copy:
        live.backup(copy)
    return checked(part)


def checked(file: Path) -> int:
    """Makes an SQLite file one without a log beside it; the number of saved creatures in it.

    Raises sqlite3.Error where it is damaged.
    """
    with closing(sqlite3.connect(file)) as copy:
        copy.execute("PRAGMA journal_mode = DELETE")
        (verdict,) = copy.execute("PRAGMA integrity_check").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(f"the copy is damaged ({verdict})")
        (saved,) = copy.execute("SELECT count(*) FROM creatures WHERE name IS NOT NULL").fetchone()
    return int(saved)


def _file(database: str | Path) -> Path:
    """The file of an SQLite database. Raises `StoreError` for any other."""
    url = parse_target(database)
    if not is_sqlite(url):
        raise StoreError("Only an SQLite file can be copied like this: use your database's own backup tool.")
    return sqlite_file(url)
