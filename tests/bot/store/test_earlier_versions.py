"""What earlier versions kept is carried over, and back again where a version is taken back."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from alembic.script import ScriptDirectory

from bot.creature.reading import Reading
from bot.store import Hatch, Mix, Store, migrate
from bot.store.address import parse_target
from bot.store.recipes import LEVELS

from .conftest import ANN, BOB, CHECKPOINT, CLEO, ELSEWHERE, SERVER, Clock, contents, hatch, saved, w_plus

THEN = "2025-01-01 00:00:00.000000"
HEAD = str(ScriptDirectory(migrate.SCRIPTS).get_current_head())
EARLIER = [f"{i:04d}" for i in range(1, int(HEAD))]


async def test_w_plus_of_earlier_versions_is_read_byte_for_byte_and_packed_ones_go_back(
    store: Store, database: Path
) -> None:
    plain = np.repeat(w_plus(1)[:1], 10, axis=0)
    made = [await hatch(store, w_plus=one) for one in (plain, w_plus(2))]
    await store.close()
    await asyncio.to_thread(migrate.downgrade, parse_target(database), "0005")
    with closing(sqlite3.connect(database)) as connection:
        raw = dict(connection.execute("SELECT id, w_plus FROM creatures").fetchall())
    assert raw == {made[0].id: plain.tobytes(), made[1].id: w_plus(2).tobytes()}
    again = await Store.open(database)  # these rows are as earlier versions wrote them
    for one in made:
        found = await again.creatures.get(one.id)
        assert found is not None and found.w_plus.tobytes() == raw[one.id]
    with closing(sqlite3.connect(database)) as connection:
        assert dict(connection.execute("SELECT id, w_plus FROM creatures").fetchall()) == raw
    await again.close()


@pytest.mark.parametrize("revision", EARLIER)
async def test_every_earlier_version_is_brought_up(database: Path, revision: str) -> None:
    """With a creature and a retrain in it, and both are as they were."""
    url = parse_target(database)
    await asyncio.to_thread(migrate.upgrade, url, revision=revision)
    with closing(sqlite3.connect(database)) as connection, connection:
        for i, checkpoint_id in enumerate((CHECKPOINT, "older", "newer")):
            connection.execute(
                "INSERT INTO checkpoints (id, path, metadata, registered_at) VALUES (?, 'x', '{}', ?)",
                (checkpoint_id, THEN.replace("2025", str(2025 + (0, -1, 1)[i]))),
            )
        connection.execute(
            "INSERT INTO creatures (id, code, owner_id, owner_name, guild_id, channel_id, name, name_key,"
            " noise_seed, layers, checkpoint_id, created_at, saved_at, w_plus, png)"
            " VALUES (7, 'aaaaaa', ?, 'Ann', ?, 1, 'Foo', 'foo', 5, 2, ?, ?, ?, x'0000803f00000040', x'89')",
            (ANN, SERVER, CHECKPOINT, THEN, THEN),
        )
        if revision >= "0003":
            connection.executemany(
                "INSERT INTO retrain_jobs (id, state, stage, started_by, started_by_name, channel_id, kimg,"
                " data, run, attempts, parent_id, promoted, told, created_at)"
                " VALUES (?, 'failed', 'x', 1, 'Ann', 1, 1, 'x', ?, 1, ?, 0, 1, ?)",
                [(i, f"{i:04d}", CHECKPOINT, THEN) for i in (3, 4)],
            )
        if revision >= "0005":
            connection.execute("UPDATE checkpoints SET number = substr(registered_at, 1, 4)")
            connection.execute("UPDATE retrain_jobs SET number = id")
        if revision >= "0007":  # names are no longer kept with creatures
            connection.executemany(
                "INSERT INTO people VALUES (?, ?, 'Ann', ?)", [(ANN, place, THEN) for place in (0, SERVER)]
            )
    store = await Store.open(database)
    creature = await store.collection.find(ANN, SERVER, "aaaaaa")
    assert (creature.id, creature.name, creature.w_plus.tolist()) == (7, "Foo", [[1.0], [2.0]])
    assert (creature.shiny, creature.reading) == (False, None)
    assert [one.id for one in await store.checkpoints.newest()] == ["newer", CHECKPOINT, "older"]
    await store.checkpoints.register("newest", "x", {})
    assert [one.id for one in await store.checkpoints.newest(limit=1)] == ["newest"]
    if revision >= "0003":
        latest = await store.jobs.latest()
        assert latest is not None and (latest.id, latest.number, latest.run) == (4, 4, "0004")
        assert await store.jobs.runs(5) == ["0004", "0003"]
    assert [await store.people.name(ANN, guild_id) for guild_id in (SERVER, None)] == ["Ann", "Ann"]
    assert (await hatch(store)).id > 7
    await store.close()


async def test_a_collection_of_the_first_version_is_carried_over_and_back(database: Path) -> None:
    url = parse_target(database)
    await asyncio.to_thread(migrate.upgrade, url, revision="0001")
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("INSERT INTO checkpoints VALUES (?, 'x', '{}', ?)", (CHECKPOINT, THEN))
        connection.executemany(
            "INSERT INTO creatures (id, code, owner_id, owner_name, guild_id, channel_id, name, name_key,"
            " psi, noise_seed, layers, checkpoint_id, parent_a_id, recipe, created_at, saved_at, w_plus, png)"
            " VALUES (?, ?, ?, 'Ann', ?, 1, ?, ?, 0.7, 5, 1, ?, ?, ?, ?, ?, x'0000803f', x'89')",
            [
                (1, "aaaaaa", ANN, SERVER, "Foo", "foo", CHECKPOINT, None, None, THEN, THEN),
                (2, "bbbbbb", ANN, None, "Bar", "bar", CHECKPOINT, 1, '{"amount": 25}', THEN, THEN),
                (3, "cccccc", ANN, SERVER, None, None, CHECKPOINT, None, None, THEN, None),
            ],
        )
    before = contents(database)

    store = await Store.open(database)
    page = await store.collection.page(ANN, viewer_id=ANN, guild_id=SERVER)
    assert [(entry.name, entry.favourite) for entry in page.entries] == [("Bar", False), ("Foo", False)]
    child = await store.collection.find(ANN, SERVER, "bar")
    assert (child.parent_a_id, child.parent_a_name, child.recipe) == (1, None, Mix(LEVELS, 25))
    await store.close()

    await asyncio.to_thread(migrate.downgrade, url, "0001")
    after = contents(database)
    assert (after["creatures"], after["checkpoints"]) == (before["creatures"], before["checkpoints"])
    reopened = await Store.open(database)  # and forward once more
    assert (await reopened.creatures.set_favourite(1, ANN, True)).favourite
    assert (await reopened.creatures.release(1, ANN)).name == "Foo"
    await reopened.close()


async def test_names_are_taken_from_the_newest_creatures_and_given_back(database: Path, clock: Clock) -> None:
    """Per owner and server, whatever the order of the rows; no name of one server is taken for another's."""
    url = parse_target(database)
    await asyncio.to_thread(migrate.upgrade, url, revision="0006")
    years = (2025, 2027, 2026, 2024, 2023)
    named = ["Ann", "Annie", "Queen", "Bob", ""]
    where = [(ANN, SERVER), (ANN, SERVER), (ANN, ELSEWHERE), (BOB, None), (CLEO, SERVER)]
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "INSERT INTO checkpoints (id, path, metadata, registered_at) VALUES (?, 'x', '{}', ?)",
            (CHECKPOINT, THEN),
        )
        connection.executemany(
            "INSERT INTO creatures (code, owner_id, guild_id, owner_name, created_at, channel_id, noise_seed,"
            " layers, checkpoint_id, w_plus, png) VALUES (?, ?, ?, ?, ?, 1, 5, 1, ?, x'0000803f', x'89')",
            [
                (f"{i:06d}", *where[i], named[i], THEN.replace("2025", str(year)), CHECKPOINT)
                for i, year in enumerate(years)
            ],
        )
    store = await Store.open(database, now=clock)
    places = (SERVER, ELSEWHERE, None, 999)
    assert [await store.people.name(ANN, place) for place in places] == ["Annie", "Queen", "Annie", "Annie"]
    assert [await store.people.name(one, SERVER) for one in (BOB, CLEO)] == ["Bob", ""]
    new = [await hatch(store, ANN, guild_id=ELSEWHERE), await hatch(store, BOB), await hatch(store, CLEO)]
    await store.close()
    await asyncio.to_thread(migrate.downgrade, url, "0006")
    with closing(sqlite3.connect(database)) as connection:
        rows = dict(connection.execute("SELECT code, owner_name FROM creatures").fetchall())
    assert [rows[f"{i:06d}"] for i in range(len(named))] == named
    assert [rows[one.code] for one in new] == ["Queen", "Bob", ""]


async def test_shinies_are_shiny_after_going_back_a_version_and_forth(store: Store, database: Path) -> None:
    recipes = [Hatch(5, 0.7, shiny=True), Hatch(5, 0.7, candidate=3, shiny=True), Hatch(5, 0.7)]
    made = [
        await hatch(store, recipe=one, reading=Reading("heads", ("Fire", "Bug"), "Red")) for one in recipes
    ]
    await store.close()
    await asyncio.to_thread(migrate.downgrade, parse_target(database), "0007")
    again = await Store.open(database)
    found = [await again.creatures.get(one.id) for one in made]
    assert [one and (one.shiny, one.recipe) for one in found] == [(one.shiny, one) for one in recipes]
    assert [one and one.reading for one in found] == [None] * 3  # it is read anew
    await again.close()


async def test_checkpoints_of_a_version_without_retrains_are_carried_over_and_back(database: Path) -> None:
    """As the second revision wrote them: no parent, no figures, and none of them chosen."""
    url = parse_target(database)
    store = await Store.open(database)
    await store.checkpoints.register(CHECKPOINT, "there", {"kimg": 5})
    await saved(store, "Foo")
    await store.close()
    await asyncio.to_thread(migrate.downgrade, url, "0002")
    with closing(sqlite3.connect(database)) as connection:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        columns = {row[1] for row in connection.execute("PRAGMA table_info(checkpoints)")}
        before = connection.execute("SELECT id, path, metadata, registered_at FROM checkpoints").fetchall()
    assert not tables & {"retrain_jobs", "active_checkpoint", "uq_retrain_jobs_running"}
    assert columns == {"id", "path", "metadata", "registered_at"}
    store = await Store.open(database)
    known = await store.checkpoints.get(CHECKPOINT)
    assert known is not None and (known.kimg, known.parent_id, known.metrics) == (5, None, None)
    assert await store.checkpoints.active() is None and await store.jobs.latest() is None
    assert (await store.checkpoints.follow_configured(CHECKPOINT)).checkpoint_id == CHECKPOINT
    assert await store.collection.count(ANN) == 1
    await store.close()
    with closing(sqlite3.connect(database)) as connection:
        after = connection.execute("SELECT id, path, metadata, registered_at FROM checkpoints").fetchall()
    assert after == before
