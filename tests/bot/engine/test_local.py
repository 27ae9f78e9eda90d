"""The queue in front of the model: batching, fairness, limits, failures, closing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from bot.engine import (
    CheckpointError,
    Health,
    MixOrder,
    NearbyOrder,
    Order,
    SeedOrder,
    StylesOrder,
    Take,
    seed_from_text,
)
from bot.engine.local import LocalEngine
from bot.errors import UserError
from gan.checkpoint import load, save
from gan.latents import Levels, blend
from gan.pictures.sprite import from_png
from tests.bot.engine.ordering import WatchedEngine, hatched, occupy, redrawn, until
from tests.bot.running import make_checkpoint


@pytest_asyncio.fixture
async def engine(tmp_path: Path) -> AsyncIterator[WatchedEngine]:
    make_checkpoint(tmp_path / "checkpoint.safetensors")
    engine = WatchedEngine(
        tmp_path / "checkpoint.safetensors", batch_size=4, queue_limit=20, per_user_limit=10
    )
    await engine.start()
    yield engine
    await engine.close()


async def test_children_take_the_levels_that_their_checkpoint_holds(tmp_path: Path) -> None:
    plain = make_checkpoint(tmp_path / "plain.safetensors")
    generator = load(tmp_path / "plain.safetensors").generator
    measured = save(tmp_path / "measured.safetensors", generator, {}, levels=Levels(1, 2, 6))
    (tmp_path / "measured.safetensors").rename(tmp_path / f"{measured}.safetensors")
    engine = LocalEngine(tmp_path / "plain.safetensors", folder=tmp_path, threads=1)
    await engine.start()
    try:
        a, b = [one.w_plus for one in await hatched(engine, [1, 2], 0.7, user_id=1)]
        for checkpoint_id, of_b in ((plain, range(3, 5)), (measured, range(1, 2))):
            mix = MixOrder(a, b, ("features",), 1.0, 7, checkpoint_id)  # nobody loaded it before
            [drawn] = await engine.draw([mix], user_id=1)
            child = drawn.w_plus
            assert [layer for layer in range(6) if np.array_equal(child[layer], b[layer])] == list(of_b)
    finally:
        await engine.close()


async def test_a_seed_gives_the_same_creature_alone_and_in_a_crowd(engine: WatchedEngine) -> None:
    [alone] = await hatched(engine, [7], 0.7, user_id=1)
    crowd = await hatched(engine, range(3, 12), 0.7, user_id=1)
    assert crowd[4].png == alone.png
    assert crowd[4].w_plus.tobytes() == alone.w_plus.tobytes()
    assert crowd[3].png != alone.png


async def test_a_creature_is_drawn_again_from_its_code(engine: WatchedEngine) -> None:
    [first] = await hatched(engine, [7], 0.7, user_id=1)
    [again] = await redrawn(engine, [first.w_plus], [first.noise_seed], user_id=1)
    assert again.png == first.png
    assert from_png(again.png).shape == (16, 16, 4)


async def test_whatever_waits_is_drawn_in_one_batch_and_users_take_turns(engine: WatchedEngine) -> None:
    release, first = await occupy(engine)
    greedy = asyncio.create_task(hatched(engine, range(10, 16), 1, user_id=1))
    modest = asyncio.create_task(hatched(engine, [20], 1, user_id=2))
    other = asyncio.create_task(hatched(engine, [30, 31], 1, user_id=3))
    await until(lambda: engine.queue.people == 3)
    release.set()
    await asyncio.gather(first, greedy, modest, other)
    drawn = [seed for batch in engine.batches for seed in batch if seed]
    assert drawn == [10, 20, 30, 11, 31, 12, 13, 14, 15]
    assert [len(batch) for batch in engine.batches] == [1, 4, 4, 1]


async def test_who_has_to_wait_is_told_the_position(engine: WatchedEngine) -> None:
    told: list[int] = []

    async def on_queued(position: int) -> None:
        told.append(position)

    release, first = await occupy(engine)
    crowd = [asyncio.create_task(hatched(engine, [i], 1, user_id=i)) for i in range(1, 8)]
    await until(lambda: engine.queue.people == 7)
    late = asyncio.create_task(hatched(engine, [99], 1, user_id=99, on_queued=on_queued))
    await until(lambda: told)
    release.set()
    await asyncio.gather(first, late, *crowd)
    assert told == [8]
    await hatched(engine, [100], 1, user_id=99, on_queued=on_queued)
    assert len(told) == 1  # an idle engine has no queue worth mentioning


async def test_the_queue_is_bounded_for_each_user_and_for_all(engine: WatchedEngine) -> None:
    release, first = await occupy(engine)
    waiting = [asyncio.create_task(hatched(engine, range(10), 1, user_id=user)) for user in (1, 2)]
    await until(lambda: engine.queue.people == 2)
    with pytest.raises(UserError, match="wait for those"):
        await hatched(engine, [1], 1, user_id=2)
    with pytest.raises(UserError, match="nest is full"):
        await hatched(engine, range(10), 1, user_id=3)
    release.set()
    await first
    assert [len(result) for result in await asyncio.gather(*waiting)] == [10, 10]


async def test_one_bad_order_fails_alone(engine: WatchedEngine, caplog: pytest.LogCaptureFixture) -> None:
    [good] = await hatched(engine, [1], 1, user_id=1)
    release, first = await occupy(engine)
    misfit = np.zeros((3, 5), np.float32)
    bad = asyncio.create_task(redrawn(engine, [misfit], [0], user_id=2))
    fine = asyncio.create_task(redrawn(engine, [good.w_plus], [1], user_id=3))
    await until(lambda: engine.queue.people == 2)
    release.set()
    await first
    with pytest.raises(UserError, match="would not hatch"):
        await bad
    assert (await fine)[0].png == good.png
    assert "could not be drawn" in caplog.text


async def test_who_stops_waiting_is_not_drawn(engine: WatchedEngine) -> None:
    release, first = await occupy(engine)
    second = asyncio.create_task(hatched(engine, [2], 1, user_id=2))
    await until(lambda: engine.queue)
    second.cancel()
    release.set()
    await first
    await hatched(engine, [3], 1, user_id=3)
    assert [seed for batch in engine.batches for seed in batch] == [0, 3]


async def test_closing_draws_what_waits_and_refuses_what_comes(engine: WatchedEngine) -> None:
    release, first = await occupy(engine)
    waiting = asyncio.create_task(hatched(engine, range(9), 1, user_id=1))
    await until(lambda: engine.queue)
    closing = asyncio.create_task(engine.close())
    await until(lambda: engine.closing)
    with pytest.raises(UserError, match="going to sleep"):
        await hatched(engine, [1], 1, user_id=2)
    release.set()
    await closing
    assert len(await waiting) == 9
    assert len(await first) == 1


async def test_mixing_takes_only_the_named_levels(engine: WatchedEngine) -> None:
    a, b = [one.w_plus for one in await hatched(engine, [1, 2], 1, user_id=1)]
    everything: tuple[Take, ...] = ("shape", "features", "colours")
    takes: list[tuple[tuple[Take, ...], float]] = [(("colours",), 1.0), (everything, 1.0), (("shape",), 0.0)]
    orders = [MixOrder(a, b, take, amount, noise_seed=9) for take, amount in takes]
    colours, all_of_b, none_of_b = await engine.draw(orders, user_id=1)
    assert np.array_equal(colours.w_plus[0], a[0]) and not np.array_equal(colours.w_plus, a)
    assert np.array_equal(all_of_b.w_plus, b)
    assert np.array_equal(none_of_b.w_plus, a)
    assert {one.noise_seed for one in (colours, all_of_b, none_of_b)} == {9}


async def test_a_step_goes_from_what_was_ordered_towards_a_seed(engine: WatchedEngine) -> None:
    a, b, seed = [one.w_plus for one in await hatched(engine, [1, 2, 3], 0.7, user_id=1)]
    mix = MixOrder(a, b, ("features",), 0.5, noise_seed=9)
    orders = [mix, NearbyOrder(mix, 3, 0.7, 0.25), NearbyOrder(StylesOrder(a, 8), 3, 0.7, 0.25)]
    mixed, varied, near = await engine.draw(orders, user_id=1)
    assert np.array_equal(varied.w_plus, blend(mixed.w_plus, seed, 0.25))
    assert np.array_equal(near.w_plus, blend(a, seed, 0.25))
    assert [one.noise_seed for one in (mixed, varied, near)] == [9, 9, 8]


async def test_every_kind_of_order_gives_the_same_bytes_alone_and_in_a_crowd(engine: WatchedEngine) -> None:
    a, b = [one.w_plus for one in await hatched(engine, [1, 2], 0.7, user_id=1)]
    mix = MixOrder(a, b, ("shape", "colours"), 0.3, noise_seed=9)
    orders: list[Order] = [SeedOrder(5, 0.7), StylesOrder(a, 4), mix, NearbyOrder(mix, 3, 0.7, 0.2)]
    alone = [(await engine.draw([order], user_id=1))[0] for order in orders]
    crowd = await engine.draw([*orders[::-1], SeedOrder(6, 1.0), *orders], user_id=1)
    for one, first, second in zip(alone, crowd[3::-1], crowd[5:], strict=True):
        assert one.png == first.png == second.png
        assert one.w_plus.tobytes() == first.w_plus.tobytes() == second.w_plus.tobytes()
    assert len({one.png for one in alone}) == len(orders)


async def test_its_health_says_who_waits_and_what_is_in_memory(engine: WatchedEngine) -> None:
    release, first = await occupy(engine)
    waiting = asyncio.create_task(hatched(engine, [1, 2], 1, user_id=1))
    await until(lambda: engine.queue)
    own = engine.checkpoint_id
    assert await engine.health() == Health(own, (), waiting=2, people=1, drawing=1, closing=False)
    release.set()
    await asyncio.gather(first, waiting)
    await until(lambda: engine.worker.idle)
    assert await engine.health() == Health(own, (), waiting=0, people=0, drawing=0, closing=False)
    await engine.drain()
    assert (await engine.health()).closing


async def test_nothing_hatches_before_the_checkpoint_is_there(tmp_path: Path) -> None:
    engine = LocalEngine(tmp_path / "missing.safetensors")
    assert (await engine.health()).checkpoint_id is None
    with pytest.raises(UserError, match="waking up"):
        await hatched(engine, [1], 1, user_id=1)
    with pytest.raises(CheckpointError, match="There is no checkpoint"):
        await engine.start()
    await engine.close()


def test_words_are_seeds_and_impossible_numbers_are_not() -> None:
    assert seed_from_text("Ash") == seed_from_text(" ash ")
    assert seed_from_text("42") == 42
    with pytest.raises(UserError, match="cannot be a seed"):
        seed_from_text("-1")
