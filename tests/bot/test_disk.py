"""The disk is full, or another program has the database: a sentence, and the next request works."""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import event
from sqlalchemy.pool import Pool

from bot.store import Store
from sandbox.driver import Message, SandboxUser
from tests.bot.stage import Stage
from tests.bot.talking import hatch, hatch_and_save, press, private_answer

ENOUGH = 1_000_000  # pages


@pytest_asyncio.fixture
async def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    """With a bot that does not wait for a database."""
    monkeypatch.setattr(Store, "open", functools.partial(Store.open, busy_timeout_s=0))
    async with Stage(tmp_path) as stage:
        await stage.bot()
        yield stage


@contextmanager
def no_room() -> Iterator[None]:
    """SQLite may not make its file any larger, and says what it says when the disk is full."""
    pages = 1

    def limit(connection: Any, *_: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA max_page_count = {pages}")
        cursor.close()

    event.listen(Pool, "checkout", limit)
    try:
        yield
    finally:
        pages = ENOUGH


async def first_refusal(user: SandboxUser) -> str:
    """Hatches until there is no room left in what the file has already."""
    for _ in range(20):
        handle = await user.command("newmon", count=9)
        shown: Message = await user.wait(
            lambda handle=handle: next((m for m in reversed(handle.updates) if m.pictures or m.private), None)
        )
        if shown.private:
            return shown.text
    raise AssertionError("there was room enough for 180 creatures")


async def test_a_full_disk_is_a_sentence_and_nobody_loses_anything(stage: Stage) -> None:
    ash = await stage.person("Ash")
    await hatch_and_save(ash, "Foo", "1")
    with no_room():
        assert "disk is full" in await first_refusal(ash)
        assert (await (await ash.command("mon", name="Foo")).message()).pictures  # looking goes on
    assert (await hatch_and_save(ash, "Bar", "2")).pictures
    assert "2 creatures" in (await (await ash.command("mons")).message()).text


async def test_a_locked_database_is_a_sentence_and_the_next_request_works(stage: Stage) -> None:
    ash = await stage.person("Ash")
    card = await hatch_and_save(ash, "Foo", "1")
    unsaved = await hatch(ash, seed="2")
    database = stage.folder / "data" / "newmon.sqlite3"
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for command, options in (("newmon", {}), ("newmon", {"count": 9}), ("save", {"name": "Bar"})):
            assert "busy right now, nothing was changed" in await private_answer(ash, command, **options)
        assert (await (await ash.command("mon", name="Foo")).message()).pictures
        other.execute("ROLLBACK")
    assert (await press(ash, card, "Favourite")).title == "Foo ⭐"
    dialog = await (await ash.click(unsaved, "Save")).modal()
    assert (await (await ash.submit(dialog, {"Name": "Bar"})).message()).title == "Bar"
