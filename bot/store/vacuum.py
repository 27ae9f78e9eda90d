"""Incremental vacuum: an SQLite file gets shorter when rows are deleted, besides reusing their pages."""

from __future__ import annotations

import logging
import shutil
import sqlite3
from contextlib import closing

import aiosqlite
from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.address import sqlite_file

log = logging.getLogger(__name__)

INCREMENTAL = 2  # SQLite's number for: the file gets shorter when it is told to
LARGEST_AT_START = 2**30  # bytes; rewriting more would keep people waiting for minutes
COPIES = 3  # of the file, which SQLite needs room for while it rewrites it
PAGES = 1000  # freed at a time, 4 MiB, so that saves get their turn in between


def make_incremental(url: URL, busy_timeout_s: float) -> None:
    """Rewrite an SQLite file once that an earlier version made, so that it can get shorter. Blocks.

    Files of this version are made like that. Where it cannot be done now, the log says so, and the bot goes
    on.
    """
    path = sqlite_file(url)
    try:
        with closing(sqlite3.connect(path, timeout=busy_timeout_s, isolation_level=None)) as connection:
            if connection.execute("PRAGMA auto_vacuum").fetchone() == (INCREMENTAL,):
                return
            size = path.stat().st_size
            if size > LARGEST_AT_START or shutil.disk_usage(path.parent).free < COPIES * size:
                log.info(
                    "The database %s keeps the room of what is forgotten for itself. To have it given "
                    "back to the disk, stop the bot and run once: "
                    'sqlite3 %s "PRAGMA auto_vacuum = INCREMENTAL; VACUUM"',
                    *(path, path),
                )
                return
            connection.execute(f"PRAGMA auto_vacuum = {INCREMENTAL}")
            connection.execute("VACUUM")
    except (sqlite3.Error, OSError) as error:
        log.warning("The database %s could not be made to get shorter this time: %s", path, error)


async def free_some(engine: AsyncEngine) -> bool:
    """Cut unused pages off an SQLite file; returns whether there may be more of them."""
    async with engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        before = await _number(driver, "freelist_count")
        if not before or await _number(driver, "auto_vacuum") != INCREMENTAL:
            return False
        # A script runs the statement to its end, which frees one page a step.
        await driver.executescript(f"PRAGMA incremental_vacuum({PAGES})")
        return await _number(driver, "freelist_count") < before


async def truncate_log(engine: AsyncEngine) -> None:
    """Move what was written into the file itself, which then ends where its last page does."""
    async with engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        await _number(driver, "wal_checkpoint(TRUNCATE)")


async def _number(driver: aiosqlite.Connection, pragma: str) -> int:
    [row] = await driver.execute_fetchall(f"PRAGMA {pragma}")
    return int(row[0])
