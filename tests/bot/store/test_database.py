"""Connections that break, and values that no database takes."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.util import await_only

from bot.store import NotStorable, Store, StoreError
from bot.store.failures import Commit, translated
from tests.bot.conftest import SQLITE

from .conftest import ANN, CHANNEL, SERVER, hatch, hatching, saved

TOO_LARGE = 2**63


def break_once(store: Store, beginning: str) -> None:
    """Closes the connection that is the next to run a statement with this beginning, as a restart would."""
    waiting = [beginning]

    @event.listens_for(store.database.engine.sync_engine, "before_cursor_execute")
    def _break(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if waiting and statement.startswith(waiting[0]):
            waiting.clear()
            driver: Any = connection.connection.driver_connection
            await_only(driver.close())


async def test_a_connection_that_is_closed_in_a_transaction_lets_its_lock_go(
    store: Store, database: Path
) -> None:
    """Whoever still holds a cursor: what was cancelled does, in its traceback."""
    raw = await store.database.engine.raw_connection()
    driver: Any = raw.driver_connection
    await driver.execute("BEGIN IMMEDIATE")
    held = await driver.execute("SELECT 1 UNION SELECT 2")
    await held.fetchone()
    await driver.close()
    raw.invalidate()
    with closing(sqlite3.connect(database, timeout=0, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")
    assert held is not None


async def test_connections_that_broke_while_idle_are_replaced_unnoticed(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    kept = await saved(store, "Foo")
    await asyncio.gather(
        *(store.collection.suggest(ANN, SERVER, "") for _ in range(5))
    )  # all that there can be
    idle: list[Any] = []
    async with store.database.engine.connect() as one, store.database.engine.connect() as other:
        for connection in (one, other):
            raw = await connection.get_raw_connection()
            idle.append(raw.driver_connection)
    for driver in idle:
        await driver.close()
    assert await store.creatures.get(kept.id) is not None
    assert (await saved(store, "Bar")).name == "Bar"
    assert caplog.text == ""


@pytest.mark.parametrize("beginning", ["SELECT", "INSERT", "UPDATE", "DELETE"])
async def test_what_broke_before_its_commit_is_tried_again(store: Store, beginning: str) -> None:
    kept, unsaved = await saved(store, "Foo"), await hatch(store)
    break_once(store, beginning)
    crowd = await asyncio.gather(*(store.creatures.add([hatching()]) for _ in range(5)))
    assert len({creature.id for [creature] in crowd}) == 5
    assert (await store.creatures.save(unsaved.id, ANN, "Bar", SERVER)).name == "Bar"
    assert (await store.creatures.release(kept.id, ANN)).name == "Foo"
    assert [one.name for one in await store.collection.suggest(ANN, SERVER, "")] == ["Bar"]


def test_what_broke_in_its_commit_is_not_said_to_have_changed_nothing() -> None:
    lost = OperationalError("COMMIT", None, OSError("connection reset"), connection_invalidated=True)
    commit = Commit()
    for began, says in ((False, "nothing was changed"), (True, "look whether it was done")):
        commit.began = began
        for error in (lost, TimeoutError()):
            with pytest.raises(StoreError, match=says), translated(), commit.known():
                raise error
    full = OperationalError("COMMIT", None, OSError("disk full"))
    with pytest.raises(StoreError, match="nothing was changed"), translated(), commit.known():
        raise full


async def test_numbers_that_no_column_holds_are_bad_input(store: Store) -> None:
    """Where nothing can have that number it is not there, and nothing else is said of the database."""
    for call in (
        store.creatures.latest_shown(TOO_LARGE, CHANNEL),
        store.collection.page(TOO_LARGE, viewer_id=TOO_LARGE, guild_id=None),
        store.collection.find(TOO_LARGE, SERVER, "Foo"),
        store.collection.suggest(ANN, TOO_LARGE, "Foo"),
        store.jobs.note_told(TOO_LARGE),
        hatch(store, TOO_LARGE),
    ):
        with pytest.raises(NotStorable, match="another name or number"):
            await call
    assert await store.creatures.get(TOO_LARGE) is None
    assert await store.jobs.get(TOO_LARGE) is None
    assert (await saved(store, "Foo")).name == "Foo"


async def test_a_failed_statement_is_logged_without_what_people_wrote(
    store: Store, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    words = "a rather private seed"
    with pytest.raises(NotStorable):
        await hatch(store, noise_seed=1j, seed=1, seed_text=words)
    async with store.database.engine.connect() as connection:
        await connection.exec_driver_sql("ALTER TABLE creatures RENAME TO elsewhere")
        await connection.exec_driver_sql("ALTER TABLE people RENAME TO nowhere")
        await connection.commit()
    wishes = [store.creatures.add([hatching(seed=1, seed_text=words)]) for _ in range(50)]
    with caplog.at_level(logging.DEBUG, logger="bot"):
        name = store.people.note(ANN, {SERVER: "Misty"}, datetime.now(UTC))
        await asyncio.gather(*wishes, name, store.collection.find(ANN, SERVER, words), return_exceptions=True)
    missing = "no such table: creatures" if kind == SQLITE else 'relation "creatures" does not exist'
    assert missing in caplog.text and "refused a value" in caplog.text
    assert words not in caplog.text and "Misty" not in caplog.text
    assert all(len(str(record.exc_info and record.exc_info[1])) < 2000 for record in caplog.records)
