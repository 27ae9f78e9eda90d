"""Several checkpoints in one engine: a swap between two batches, and older ones on demand."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import torch

from bot.engine import CheckpointError, CheckpointGone, Hatched, SeedOrder, models
from bot.engine.local import OLDER_AT_ONCE, LocalEngine
from bot.engine.models import check_checkpoint
from bot.errors import UserError
from gan import checkpoint
from tests.bot.engine.ordering import WatchedEngine, hatched, occupy, redrawn, until
from tests.bot.running import make_checkpoint


def shelve(folder: Path, count: int) -> list[str]:
    """That many checkpoints, each under its id."""
    folder.mkdir(exist_ok=True)
    ids = [make_checkpoint(folder / "new", seed) for seed in range(count)]
    for seed, checkpoint_id in enumerate(ids):
        make_checkpoint(folder / f"{checkpoint_id}.safetensors", seed)
    return ids


@pytest.fixture
def ids(tmp_path: Path) -> list[str]:
    return shelve(tmp_path, 4)


@pytest_asyncio.fixture
async def engine(tmp_path: Path, ids: list[str]) -> AsyncIterator[WatchedEngine]:
    """An engine that hatches with the first, and keeps two more in memory."""
    engine = WatchedEngine(tmp_path / f"{ids[0]}.safetensors", folder=tmp_path, kept=2, per_user_limit=1000)
    engine.queue.limit = 1000
    await engine.start()
    yield engine
    await engine.close()


async def drawn_alone(path: Path, seed: int) -> Hatched:
    """What a checkpoint draws in an engine of its own."""
    engine = LocalEngine(path, threads=1)
    await engine.start()
    [creature] = await hatched(engine, [seed], 0.7, user_id=1)
    await engine.close()
    return creature


async def test_a_swap_in_a_storm_fails_nobody_and_every_creature_is_whole(
    engine: WatchedEngine, ids: list[str], tmp_path: Path
) -> None:
    whole = {(await drawn_alone(tmp_path / f"{one}.safetensors", 7)).png: one for one in ids[:3]}
    assert len(whole) == 3
    orders = [asyncio.create_task(hatched(engine, [7], 0.7, user_id=user)) for user in range(60)]
    for target in (ids[1], ids[2], ids[0], ids[1]):
        await until(lambda: engine.batches)  # some are drawn, others wait
        await engine.activate(target)
        assert engine.checkpoint_id == target
        orders += [asyncio.create_task(hatched(engine, [7], 0.7, user_id=user)) for user in range(40)]
        engine.batches.clear()
    results = [one for [one] in await asyncio.gather(*orders)]
    assert len(results) == 220
    assert all(whole[one.png] == one.checkpoint_id for one in results)
    assert {one.checkpoint_id for one in results} == set(ids[:3])


async def test_who_came_before_the_swap_gets_a_creature_of_the_old_checkpoint(
    engine: WatchedEngine, ids: list[str]
) -> None:
    release, first = await occupy(engine)
    before = asyncio.create_task(hatched(engine, [7], 0.7, user_id=1))
    await until(lambda: engine.queue)
    await engine.activate(ids[1])
    after = asyncio.create_task(hatched(engine, [7], 0.7, user_id=2))
    await until(lambda: engine.queue.people == 2)
    release.set()
    await first
    [old], [new] = await asyncio.gather(before, after)
    assert engine.batches[-1] == [7, 7]  # one batch, two checkpoints
    assert (old.checkpoint_id, new.checkpoint_id) == (ids[0], ids[1])
    assert old.png != new.png


async def test_a_creature_is_drawn_exactly_as_it_was_with_its_own_checkpoint(
    engine: WatchedEngine, ids: list[str]
) -> None:
    [old] = await hatched(engine, [7], 0.7, user_id=1)
    await engine.activate(ids[1])
    [again] = await redrawn(engine, [old.w_plus], [7], user_id=1, checkpoint_id=ids[0])
    [other] = await redrawn(engine, [old.w_plus], [7], user_id=1)
    assert again.png == old.png and again.checkpoint_id == ids[0]
    assert other.png != old.png and other.checkpoint_id == ids[1]


@pytest.mark.parametrize("damage", ["missing", "cut off", "another one", "not finite"])
async def test_a_checkpoint_that_cannot_be_used_changes_nothing(
    engine: WatchedEngine, ids: list[str], tmp_path: Path, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"{ids[1]}.safetensors"
    wanted = ids[1]
    if damage == "missing":
        path.unlink()
    elif damage == "cut off":
        path.write_bytes(path.read_bytes()[:-100])
    elif damage == "another one":
        path.write_bytes((tmp_path / f"{ids[2]}.safetensors").read_bytes())
    else:
        generator = checkpoint.load(path).generator
        with torch.no_grad():
            next(generator.parameters()).flatten()[0] = float("nan")
        with monkeypatch.context() as writer:  # one that does not look
            writer.setattr(torch, "isfinite", lambda tensor: torch.ones(1, dtype=torch.bool))
            wanted = checkpoint.save(tmp_path / "nan", generator, {})
        (tmp_path / "nan").replace(tmp_path / f"{wanted}.safetensors")
    with pytest.raises(CheckpointError):
        await engine.activate(wanted)
    with pytest.raises(CheckpointError):
        check_checkpoint(tmp_path / f"{wanted}.safetensors", wanted)
    assert not await engine.can_draw(wanted)
    with pytest.raises(CheckpointGone, match="cannot be loaded any more"):
        await engine.draw([SeedOrder(7, 0.7, wanted)], user_id=1)
    assert engine.checkpoint_id == ids[0]
    assert (await hatched(engine, [7], 0.7, user_id=1))[0].checkpoint_id == ids[0]


async def test_few_checkpoints_stay_in_memory_and_those_used_last(
    engine: WatchedEngine, ids: list[str]
) -> None:
    def kept() -> list[str]:
        return engine.models.ids

    for one in (ids[1], ids[2], ids[1], ids[3]):
        await engine.prepare(one)
    assert kept() == [ids[1], ids[3]]  # the third was not asked for as lately
    await engine.activate(ids[3])
    assert kept() == [ids[1], ids[0]]  # the one in use does not count, and the one before does
    await engine.prepare(ids[2])
    await engine.activate(ids[3])
    assert kept() == [ids[0], ids[2]]


async def test_no_more_checkpoints_than_that_are_in_memory_whatever_was_drawn(
    engine: WatchedEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seven of eight are asked for in one batch, and each comes into use once."""
    networks: weakref.WeakSet[torch.nn.Module] = weakref.WeakSet()
    load = models.load_model

    def noted(path: Path, expected_id: str | None = None) -> models.Model:
        model = load(path, expected_id)
        networks.add(model.sampler.generator)
        return model

    monkeypatch.setattr(models, "load_model", noted)
    ids = shelve(tmp_path, 8)
    [creature] = await hatched(engine, [7], 0.7, user_id=1)
    release, first = await occupy(engine)
    waiting = [
        asyncio.create_task(redrawn(engine, [creature.w_plus], [7], user_id=user, checkpoint_id=one))
        for user, one in enumerate(ids[1:])
    ]
    await until(lambda: engine.queue.people == 7)
    assert len(networks) == 7  # those that are waited for
    release.set()
    await first
    drawn = [(await one)[0].png for one in waiting]
    assert len(set(drawn)) == 7
    for one in ids:
        await engine.activate(one)
    await until(lambda: engine.worker.idle)
    gc.collect()
    assert len(networks) == 3  # the one in use and two more


async def test_who_would_be_one_checkpoint_too_many_is_asked_to_wait(
    engine: WatchedEngine, tmp_path: Path
) -> None:
    ids = shelve(tmp_path, OLDER_AT_ONCE + 2)
    [creature] = await hatched(engine, [7], 0.7, user_id=1)
    release, first = await occupy(engine)

    async def old(one: str) -> Hatched:
        [drawn] = await redrawn(engine, [creature.w_plus], [7], user_id=ids.index(one), checkpoint_id=one)
        return drawn

    waiting = [asyncio.create_task(old(one)) for one in ids[1:-1]]
    await until(lambda: engine.queue.people == OLDER_AT_ONCE)
    with pytest.raises(UserError, match="nest is full"):
        await old(ids[-1])
    known = asyncio.create_task(old(ids[1]))  # one of those that are there anyway
    newest = asyncio.create_task(hatched(engine, [7], 0.7, user_id=99))  # which needs none of them
    release.set()
    await first
    assert [(await one).checkpoint_id for one in waiting] == ids[1:-1]
    assert (await known).checkpoint_id == ids[1] and (await newest)[0].png == creature.png
    assert (await old(ids[-1])).checkpoint_id == ids[-1]


async def test_many_who_ask_for_a_checkpoint_load_it_once_and_one_who_leaves_stops_nobody(
    engine: WatchedEngine, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str | None] = []
    load = models.load_model

    def noted(path: Path, expected_id: str | None = None) -> models.Model:
        loaded.append(expected_id)
        return load(path, expected_id)

    monkeypatch.setattr(models, "load_model", noted)
    asking = [asyncio.create_task(engine.prepare(ids[1])) for _ in range(5)]
    await until(lambda: ids[1] in engine.models.loading)
    asking[0].cancel()
    results = await asyncio.gather(*asking, return_exceptions=True)
    assert loaded == [ids[1]]
    assert isinstance(results[0], asyncio.CancelledError) and results[1:] == [None] * 4


async def test_an_old_checkpoint_is_dropped_only_once_its_last_order_is_drawn(
    engine: WatchedEngine, ids: list[str]
) -> None:
    [creature] = await hatched(engine, [7], 0.7, user_id=1)
    await engine.activate(ids[1])
    release, first = await occupy(engine)
    waiting = asyncio.create_task(redrawn(engine, [creature.w_plus], [7], user_id=1, checkpoint_id=ids[0]))
    await until(lambda: engine.queue)
    await engine.prepare(ids[2])
    await engine.prepare(ids[3])
    assert ids[0] not in engine.models.ids
    release.set()
    await first
    assert (await waiting)[0].png == creature.png


async def test_two_swaps_at_once_leave_one_checkpoint_in_use_and_none_twice(
    engine: WatchedEngine, ids: list[str]
) -> None:
    await asyncio.gather(
        engine.activate(ids[1]), engine.activate(ids[2]), engine.activate(ids[1]), engine.activate(ids[2])
    )
    assert engine.checkpoint_id in ids[1:3]
    assert engine.checkpoint_id not in engine.models.ids
    assert ids[0] in engine.models.ids
