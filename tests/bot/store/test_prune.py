"""Unsaved hatchings are forgotten in time; what is saved, and where it came from, never."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from bot.store import Store, creatures, vacuum

from .conftest import ANN, Clock, hatch, hatching, saved, w_plus

DAY = timedelta(days=1)


async def alive(store: Store, *ids: int) -> list[bool]:
    return [await store.creatures.get(creature_id) is not None for creature_id in ids]


async def test_prunes_the_old_and_unsaved_alone(store: Store, clock: Clock) -> None:
    kept, old = await saved(store, "Foo"), await hatch(store)
    clock.advance(2 * DAY)
    young = await hatch(store)
    assert await store.creatures.prune(DAY) == 1
    assert await alive(store, kept.id, old.id, young.id) == [True, False, True]
    assert await store.creatures.prune(DAY) == 0


async def test_keeps_the_parents_of_what_is_saved_or_may_be(store: Store, clock: Clock) -> None:
    a, b, c, stray = await store.creatures.add([hatching() for _ in range(4)])
    forgotten = await hatch(store, parent_a_id=stray.id)
    child = await saved(store, "Child", parent_a_id=a.id, parent_b_id=b.id)
    clock.advance(2 * DAY)
    young = await hatch(store, parent_b_id=c.id)
    assert await store.creatures.prune(DAY) == 2
    assert await alive(store, a.id, b.id, c.id, stray.id, forgotten.id) == [True, True, True, False, False]
    kept = await store.creatures.get(child.id)
    assert kept is not None and (kept.parent_a_id, kept.parent_b_id) == (a.id, b.id)
    clock.advance(2 * DAY)
    # c is still needed in the statement that forgets its child, and goes with the next.
    assert await store.creatures.prune(DAY) == 2
    assert await alive(store, young.id, c.id) == [False, False]


async def test_prunes_in_short_transactions_until_done(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(creatures, "PRUNE_BATCH", 3)
    await store.creatures.add([hatching() for _ in range(9)])
    await saved(store, "Foo")
    clock.advance(2 * DAY)
    assert await store.creatures.prune(DAY) == 9
    assert await store.collection.count(ANN) == 1


async def test_the_room_of_what_is_forgotten_goes_back_to_the_disk(
    store: Store, clock: Clock, database: Path
) -> None:
    def size() -> int:
        return sum(path.stat().st_size for path in database.parent.iterdir())

    kept = await saved(store, "Foo")
    empty = size()
    await store.creatures.add([hatching(png=bytes(20_000), w_plus=w_plus(i)) for i in range(200)])
    full = size()
    assert full > empty + 200 * 30_000
    clock.advance(2 * DAY)
    assert await store.creatures.prune(DAY) == 200
    assert size() < 2 * empty
    assert (await store.creatures.get(kept.id)) is not None and (await saved(store, "Bar")).name == "Bar"


@pytest.mark.parametrize("limit", [0, 2**30])
async def test_a_file_of_an_earlier_version_learns_to_get_shorter_once(
    store: Store,
    database: Path,
    limit: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Unless it is so large that the start would take long; then the log says what can be done."""
    kept = await saved(store, "Foo", w_plus=w_plus(1))
    await store.close()
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA auto_vacuum = 0")
        connection.execute("VACUUM")
        assert connection.execute("PRAGMA auto_vacuum").fetchone() == (0,)
    monkeypatch.setattr(vacuum, "LARGEST_AT_START", limit)
    with caplog.at_level(logging.INFO, logger=vacuum.__name__):
        again = await Store.open(database)
    found = await again.creatures.get(kept.id)
    assert found is not None and found.w_plus.tobytes() == kept.w_plus.tobytes()
    await again.creatures.prune(DAY)  # goes on either way
    await again.close()
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA auto_vacuum").fetchone() == (2 if limit else 0,)
    assert ("VACUUM" in caplog.text) is (limit == 0)


async def test_an_id_is_never_used_again(store: Store, clock: Clock) -> None:
    pruned = await hatch(store)
    clock.advance(2 * DAY)
    await store.creatures.prune(DAY)
    assert (await hatch(store)).id != pruned.id
