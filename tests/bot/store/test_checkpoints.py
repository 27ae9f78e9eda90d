"""The registry of checkpoints, and which one is in use."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy.exc import IntegrityError

from bot.store import Active, NewJob, Store
from bot.store.checkpoints import CheckpointRegistry, listed, unused

from .conftest import CHECKPOINT, Clock, hatch, plan, saved, ten_thousand

FIRST, SECOND, THIRD, FOURTH = (digit * 16 for digit in "abcd")


@pytest_asyncio.fixture
async def registry(store: Store, clock: Clock) -> CheckpointRegistry:
    """Four checkpoints, a day apart; the first is the configured one and in use."""
    for one in (FIRST, SECOND, THIRD, FOURTH):
        clock.advance(timedelta(days=1))
        await store.checkpoints.register(one, f"{one}.safetensors", {"kimg": 4}, configured=one == FIRST)
    await store.checkpoints.follow_configured(FIRST)
    return store.checkpoints


async def test_what_is_known_of_a_checkpoint_stays_when_it_is_registered_again(
    registry: CheckpointRegistry,
) -> None:
    metrics = {"kid": {"mean": 12.5}}
    await registry.register(SECOND, "there", {"kimg": 8}, parent_id=FIRST, metrics=metrics)
    first_seen = await registry.get(SECOND)
    await registry.register(SECOND, "elsewhere", {"kimg": 8})
    known = await registry.get(SECOND)
    assert known is not None and first_seen is not None
    assert (known.path, known.parent_id, known.metrics) == ("elsewhere", FIRST, metrics)
    assert (known.kimg, known.kid) == (8, 12.5)
    assert known.registered_at == first_seen.registered_at
    assert await registry.get("unknown") is None


async def test_two_processes_may_register_the_same_one_at_once(registry: CheckpointRegistry) -> None:
    await asyncio.gather(*(registry.register("e" * 16, i, {}) for i in range(8)))
    assert len(await registry.newest("e")) == 1


async def test_figures_that_nobody_measured_are_not_known(registry: CheckpointRegistry) -> None:
    await registry.register(SECOND, "there", {"kimg": "many"}, metrics={"kid": None})
    known = await registry.get(SECOND)
    assert known is not None and known.kimg is None and known.kid is None


async def test_they_are_listed_newest_first_with_their_saved_creatures(
    store: Store, registry: CheckpointRegistry
) -> None:
    await saved(store, "Foo", checkpoint_id=SECOND)
    await saved(store, "Bar", checkpoint_id=SECOND)
    await hatch(store, checkpoint_id=THIRD)  # not saved
    listed = await registry.newest()
    assert [one.id for one in listed][:4] == [FOURTH, THIRD, SECOND, FIRST]
    assert {one.id: one.creatures for one in listed if one.creatures} == {SECOND: 2}
    assert [one.id for one in await registry.newest("bbb")] == [SECOND]
    assert len(await registry.newest(limit=2)) == 2


async def test_they_are_counted_among_ten_thousand_creatures_in_an_index(
    registry: CheckpointRegistry, database: Path
) -> None:
    ten_thousand(database)
    for statement in (listed("", 25), unused()):
        steps = plan(database, statement)
        looked_at = [step for step in steps if "creatures" in step]
        assert len(looked_at) == 1, steps
        assert "INDEX ix_creatures_checkpoint (checkpoint_id=?" in looked_at[0], steps
    assert {one.id: one.creatures for one in await registry.newest() if one.creatures} == {CHECKPOINT: 10_000}


async def test_the_configured_checkpoint_is_followed_until_another_is_chosen(
    registry: CheckpointRegistry,
) -> None:
    assert await registry.active() == Active(FIRST, chosen=False)
    assert await registry.follow_configured(SECOND) == Active(SECOND, chosen=False)
    await registry.promote(THIRD)
    assert await registry.follow_configured(SECOND) == Active(THIRD, chosen=True)
    assert await registry.active() == Active(THIRD, chosen=True)


async def test_choosing_the_configured_one_gives_the_choice_back(registry: CheckpointRegistry) -> None:
    await registry.promote(THIRD)
    await registry.promote(FIRST)
    assert await registry.active() == Active(FIRST, chosen=False)
    assert await registry.follow_configured(SECOND) == Active(SECOND, chosen=False)


async def test_a_clock_that_is_set_back_changes_no_order(registry: CheckpointRegistry, clock: Clock) -> None:
    clock.advance(timedelta(days=-900))
    await registry.register("e" * 16, "there", {}, configured=True)
    await registry.register("f" * 16, "there", {})
    assert [one.id for one in await registry.newest(limit=3)] == ["f" * 16, "e" * 16, FOURTH]
    assert (await registry.unused())[0] == "f" * 16  # the newest is the last to be deleted
    assert "e" * 16 not in await registry.unused()  # CHECKPOINT names it now
    await registry.promote("e" * 16)
    assert await registry.active() == Active("e" * 16, chosen=False)
    await registry.register(FIRST, "there", {}, configured=True)
    await registry.promote(FIRST)
    assert await registry.active() == Active(FIRST, chosen=False)


async def test_when_it_last_came_into_use_is_noted(registry: CheckpointRegistry, clock: Clock) -> None:
    await registry.promote(SECOND)
    came = clock.time
    clock.advance(timedelta(hours=1))
    await registry.promote(SECOND)  # it is in use already
    known = await registry.get(SECOND)
    assert known is not None and known.promoted_at == came


async def test_of_many_that_expect_the_same_one_in_use_a_single_one_wins(
    registry: CheckpointRegistry,
) -> None:
    wins = await asyncio.gather(
        *(registry.promote(one, expected=FIRST) for one in (SECOND, THIRD, FOURTH) * 4)
    )
    assert wins.count(True) == 1
    active = await registry.active()
    assert active == Active((SECOND, THIRD, FOURTH)[wins.index(True) % 3], chosen=True)


async def test_an_unknown_checkpoint_never_comes_into_use(registry: CheckpointRegistry) -> None:
    with pytest.raises(IntegrityError):
        await registry.promote("unknown")
    assert await registry.active() == Active(FIRST, chosen=False)


def retrain_of(checkpoint_id: str) -> NewJob:
    return NewJob(
        started_by=1,
        started_by_name="Ann",
        guild_id=None,
        channel_id=1,
        message_id=None,
        kimg=1,
        data="sprites",
        run="",
        parent_id=checkpoint_id,
    )


async def test_unused_is_what_nothing_needs(store: Store, registry: CheckpointRegistry) -> None:
    await registry.register("e" * 16, "there", {})
    await registry.register("f" * 16, "there", {})
    await hatch(store, checkpoint_id=SECOND)  # also one that nobody saved has buttons
    await registry.promote(THIRD)
    job = await store.jobs.begin(retrain_of(FOURTH))
    unused = await registry.unused()
    assert set(unused) >= {"e" * 16, "f" * 16} and not {FIRST, SECOND, THIRD, FOURTH} & set(unused)
    await store.jobs.end(job.id, "failed", "x")
    assert FOURTH not in await registry.unused()  # the next one may go on from it
    await store.jobs.begin(retrain_of(THIRD))
    assert FOURTH in await registry.unused()
