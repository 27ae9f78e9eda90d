"""Unsaved hatchings are forgotten in time; what is saved, and where it came from, never."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.store import Store
from bot.store import store as store_module

from .conftest import ANN, Clock, hatch, hatching, saved

DAY = timedelta(days=1)


async def alive(store: Store, *ids: int) -> list[bool]:
    return [await store.get(creature_id) is not None for creature_id in ids]


async def test_prunes_the_old_and_unsaved_alone(store: Store, clock: Clock) -> None:
    kept, old = await saved(store, "Foo"), await hatch(store)
    clock.advance(2 * DAY)
    young = await hatch(store)
    assert await store.prune_unsaved(DAY) == 1
    assert await alive(store, kept.id, old.id, young.id) == [True, False, True]
    assert await store.prune_unsaved(DAY) == 0


async def test_keeps_the_parents_of_what_is_saved_or_may_be(store: Store, clock: Clock) -> None:
    a, b, c, stray = await store.add_creatures([hatching() for _ in range(4)])
    forgotten = await hatch(store, parent_a_id=stray.id)
    child = await saved(store, "Child", parent_a_id=a.id, parent_b_id=b.id)
    clock.advance(2 * DAY)
    young = await hatch(store, parent_b_id=c.id)
    assert await store.prune_unsaved(DAY) == 2
    assert await alive(store, a.id, b.id, c.id, stray.id, forgotten.id) == [True, True, True, False, False]
    kept = await store.get(child.id)
    assert kept is not None and (kept.parent_a_id, kept.parent_b_id) == (a.id, b.id)
    clock.advance(2 * DAY)
    # c is still needed in the statement that forgets its child, and goes with the next.
    assert await store.prune_unsaved(DAY) == 2
    assert await alive(store, young.id, c.id) == [False, False]


async def test_prunes_in_short_transactions_until_done(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "_PRUNE_BATCH", 3)
    await store.add_creatures([hatching() for _ in range(9)])
    await saved(store, "Foo")
    clock.advance(2 * DAY)
    assert await store.prune_unsaved(DAY) == 9
    assert await store.count_saved(ANN) == 1


async def test_an_id_is_never_used_again(store: Store, clock: Clock) -> None:
    pruned = await hatch(store)
    clock.advance(2 * DAY)
    await store.prune_unsaved(DAY)
    assert (await hatch(store)).id != pruned.id
