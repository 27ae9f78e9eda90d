"""Backups: one SQLite file, from whichever database, which can be restored to whichever database.

SQLite is the format because it is one file that keeps every value to the byte, can be checked and read by
many programs, and because a bot can start from it at once.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import tempfile
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from bot.operations.moving import copy, verified
from bot.store import migrate
from bot.store.address import Address, describe, is_sqlite, parse_target, sqlite_file
from bot.store.backup import back_up as copy_file
from bot.store.backup import checked, refuse
from bot.store.copying import TABLES, filling, identity, refuse_in_use, snapshot
from bot.store.errors import StoreError
from gan.files import whole_file


class Restored(NamedTuple):
    """How many saved creatures there are now, and where what was there before is; None if nothing was."""

    saved: int
    before: Path | None


async def back_up(database: str | Path, target: Path, overwrite: bool = False) -> int:
    """Copies the collection to the SQLite file `target`, whole or not at all; returns how many are saved.

    It is one consistent state, and keeps nobody from writing. The copy is checked before it gets its name.
    Raises StoreError.
    """
    url = parse_target(database)
    if is_sqlite(url):
        return await asyncio.to_thread(copy_file, database, target, overwrite)
    refuse(None, target, overwrite)
    try:
        with whole_file(target) as part:
            return await _export(url, part)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{target} cannot be written: {error}.") from error


async def _export(url: Address, part: Path) -> int:
    """Every row, into an empty SQLite file."""
    async with snapshot(url) as old:
        present = migrate.present_revision()
        if await old.revision() != present:
            raise StoreError(
                f"There is no collection of this version of newmon in {describe(url)}: start the bot once."
            )
        await migrate.upgraded(parse_target(part))
        async with filling(parse_target(part)) as new:
            await copy(old, new)
            await verified(old, new, str(part))
            await new.commit()
    return await asyncio.to_thread(checked, part)


async def restore(backup: Path, database: str | Path, keep_in: Path, now: datetime) -> Restored:
    """Puts a backup of this or an earlier version in place of the collection, whole or not at all.

    What was there is kept in a file in the folder `keep_in`, called by the time `now`. Raises StoreError
    where the bot is running, the file is no backup or of a newer version, and where something cannot be
    written.
    """
    url = parse_target(database)
    _refuse_missing(backup)
    if is_sqlite(url) and await identity(url) == await identity(parse_target(backup)):
        raise StoreError(f"{backup} is the collection itself: nothing was restored.")
    kept = keep_in / f"before-restore-{now:%Y-%m-%d-%H%M%S}.sqlite3"
    try:
        _make(keep_in)
        if is_sqlite(url):
            return await _restore_file(backup, url, kept)
        with tempfile.TemporaryDirectory() as folder:
            ready = Path(folder) / "backup.sqlite3"
            await _prepared(backup, ready)
            return await _restore_rows(ready, url, kept)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"The backup {backup} could not be restored, nothing was changed: {error}."
        ) from error


def _refuse_missing(backup: Path) -> None:
    if not backup.is_file():
        raise StoreError(f"There is no backup at {backup}: nothing was restored.")


def _make(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)


async def _prepared(backup: Path, copied: Path) -> int:
    """A copy of the backup at the present version; the number of saved creatures in it."""
    try:
        await asyncio.to_thread(copy_file, backup, copied, True)
    except StoreError as error:
        raise StoreError(
            f"{backup} is not a backup of newmon, or is damaged: nothing was restored."
        ) from error
    await migrate.upgraded(parse_target(copied), shown=str(backup))
    return await asyncio.to_thread(checked, copied)


async def _restore_file(backup: Path, url: Address, kept: Path) -> Restored:
    database = sqlite_file(url)
    _make(database.parent)
    with whole_file(database) as part:
        saved = await _prepared(backup, part)
        await refuse_in_use(url)  # which leaves nothing in a log beside it, either
        before = await asyncio.to_thread(_keep, database, kept)
    return Restored(saved, before)


def _keep(database: Path, kept: Path) -> Path | None:
    """A second name for the file, or a copy of it, where the disk knows no second names."""
    if not database.exists():
        return None
    try:
        os.link(database, kept)
    except OSError:
        with whole_file(kept) as part:
            shutil.copyfile(database, part)
    return kept


async def _restore_rows(ready: Path, url: Address, kept: Path) -> Restored:
    """In one transaction: the rows that are there go, and those of the backup come."""
    await migrate.upgraded(url, unfinished=True)
    await refuse_in_use(url)
    async with snapshot(url) as present:
        empty = not any([await present.keys(table) for table in TABLES])
    before = None if empty else kept
    if before is not None:
        with whole_file(before) as part:
            await _export(url, part)
    async with snapshot(parse_target(ready)) as old, filling(url, alone=True) as new:
        await new.clear()
        await copy(old, new)
        await verified(old, new, describe(url))
        await new.mark(unfinished=False)
        saved = await new.saved()
        await new.commit()
    return Restored(saved, before)
