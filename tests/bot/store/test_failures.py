"""What goes wrong with files, and what is said then. No permission bits: tests may run as root."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Coroutine, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.store import Creature, Store, StoreError
from bot.store.address import COMPANIONS
from bot.store.database import LEAST_TIMEOUT_S

from .conftest import ANN, SERVER, hatch, hatching, saved


@contextmanager
def held_lock(database: Path) -> Iterator[None]:
    """Another program that is in the middle of a write."""
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def refusal(target: str | Path) -> str:
    with pytest.raises(StoreError) as error:
        await Store.open(target, busy_timeout_s=0)
    sentence = str(error.value)
    assert sentence.endswith(".") and "\n" not in sentence and "sqlite3." not in sentence
    return sentence


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for target in (tmp_path / "file" / "newmon.db", tmp_path / "file" / "deeper" / "newmon.db"):
        sentence = await refusal(target)
        assert str(target) in sentence and "cannot be opened" in sentence


async def test_missing_folders_are_made(tmp_path: Path) -> None:
    target = tmp_path / "some" / "where" / "newmon.db"
    await (await Store.open(target)).close()
    assert target.is_file()


async def test_a_folder_in_place_of_the_file_is_named(tmp_path: Path) -> None:
    assert "cannot be opened" in await refusal(tmp_path)


async def test_an_unwritable_file_is_named(database: Path) -> None:
    await (await Store.open(database)).close()
    # Only this connection may not write: the same error as from a read-only file, also for root.
    assert "cannot be written" in await refusal(f"sqlite:///file:{database}?mode=ro&uri=true")


def test_a_file_that_is_no_database_is_left_alone(database: Path) -> None:
    garbage = b"not a database, but somebody's only copy " * 100
    database.write_bytes(garbage)
    assert "is not a newmon database" in asyncio.run(refusal(database))
    assert database.read_bytes() == garbage


async def test_a_truncated_database_is_damaged(store: Store, database: Path) -> None:
    await store.creatures.add([hatching() for _ in range(20)])
    await store.close()
    with database.open("r+b") as file:
        file.truncate(file.seek(0, 2) // 2)
    assert "is damaged: restore a backup" in await refusal(database)


async def test_another_programs_database_is_left_alone(database: Path) -> None:
    with closing(sqlite3.connect(database)) as other:
        other.execute("CREATE TABLE bookmarks (url TEXT)")
    assert "belongs to another program" in await refusal(database)
    with closing(sqlite3.connect(database)) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("bookmarks",)]


@pytest.mark.parametrize(
    "target",
    [
        *("", " ", ":memory:", "sqlite://", "sqlite:///:memory:", "sqlite:///file::memory:?uri=true"),
        "sqlite:///file:x?mode=memory&uri=true",
    ],
)
async def test_a_database_in_memory_is_refused(target: str) -> None:
    assert "in memory would be lost" in await refusal(target)


@pytest.mark.parametrize("end", COMPANIONS)
async def test_a_name_that_sqlite_keeps_for_itself_is_refused(database: Path, end: str) -> None:
    await (await Store.open(database)).close()
    assert "SQLite keeps files of its own" in await refusal(f"{database}{end}")
    assert "SQLite keeps files of its own" in await refusal(f"sqlite:///file:{database}{end}?uri=true")


@pytest.mark.parametrize(
    ("target", "advice"),
    [
        ("://", "is not understood"),
        ("postgresql://me:secret@host:port/db", "is not understood"),
        ("nosuchbase://me:secret@host/db", "in SQLite or PostgreSQL"),
        ("sqlite://", "would be lost"),
    ],
)
async def test_an_address_that_leads_nowhere_is_refused(target: str, advice: str) -> None:
    sentence = await refusal(target)
    assert advice in sentence and "secret" not in sentence


async def test_a_database_locked_at_start_is_named(database: Path) -> None:
    await (await Store.open(database)).close()
    with held_lock(database):
        assert "is locked by another program" in await refusal(database)
    await (await Store.open(database)).close()


async def test_a_locked_database_is_a_sentence_and_the_next_request_works(
    store: Store, database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    impatient = await Store.open(database, busy_timeout_s=0)
    creature = await hatch(store)
    with held_lock(database):
        for attempt in (
            impatient.creatures.save(creature.id, ANN, "Foo", SERVER),
            impatient.creatures.add([hatching()]),
        ):
            with caplog.at_level(logging.ERROR), pytest.raises(StoreError, match="busy right now") as error:
                await attempt
            assert error.value.__cause__ is not None
        assert await impatient.creatures.get(creature.id) is not None  # reading goes on
    assert "database is locked" in caplog.text
    assert (await impatient.creatures.save(creature.id, ANN, "Foo", SERVER)).name == "Foo"
    await impatient.close()


async def test_a_crowd_in_front_of_a_locked_database_does_not_wait_in_line(
    store: Store, database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    busy_timeout_s = LEAST_TIMEOUT_S / 4
    impatient = await Store.open(database, busy_timeout_s=busy_timeout_s)
    creatures = [await hatch(store) for _ in range(40)]

    def saves() -> list[Coroutine[Any, Any, Creature]]:
        return [impatient.creatures.save(c.id, ANN, f"Mon {i}", SERVER) for i, c in enumerate(creatures)]

    with held_lock(database), caplog.at_level(logging.ERROR):
        refused = await asyncio.gather(*saves(), return_exceptions=True)
    assert all(isinstance(error, StoreError) and "busy right now" in str(error) for error in refused)
    found_it_locked = caplog.text.count("the database failed")
    assert 1 <= found_it_locked <= LEAST_TIMEOUT_S / busy_timeout_s + 1
    assert len(await asyncio.gather(*saves())) == len(creatures)
    await impatient.close()


async def test_a_full_disk_is_a_sentence_and_loses_nothing(store: Store, database: Path) -> None:
    kept = await saved(store, "Foo")
    small = await Store.open(database, pool_size=1)
    async with small.database.engine.connect() as connection:
        await connection.exec_driver_sql("PRAGMA max_page_count=1")  # no larger than it is
    with pytest.raises(StoreError, match="disk is full"):
        await small.creatures.add([hatching() for _ in range(20)])
    assert [suggestion.name for suggestion in await small.collection.suggest(ANN, SERVER, "")] == ["Foo"]
    async with small.database.engine.connect() as connection:
        await connection.exec_driver_sql("PRAGMA max_page_count=1000000")
    assert (await saved(small, "Bar")).id != kept.id
    await small.close()


async def test_saves_are_durable_before_they_are_acknowledged(store: Store, database: Path) -> None:
    async with store.database.engine.connect() as connection:
        settings = {
            name: (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
