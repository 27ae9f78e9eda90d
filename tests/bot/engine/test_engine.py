"""The queue in front of the model: batching, fairness, limits, failures, closing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from bot.engine import CheckpointError, Engine, Hatched, seed_from_text
from bot.errors import UserError
from gan.checkpoint import load, save
from gan.latents import Levels
from gan.pictures.sprite import from_png
from tests.bot.running import make_checkpoint


class WatchedEngine(Engine):
    """An engine that notes its batches, and whose thread can be held up."""

    def __init__(self, path: Path, **options: Any) -> None:
        super().__init__(path, threads=1, **options)
        self.batches: list[list[int]] = []

    def _draw(self, batch: list[Any]) -> list[tuple[Any, Hatched | Exception]]:
        self.batches.append([order.noise_seed for order in batch])
        return super()._draw(batch)

    def hold(self) -> threading.Event:
        """Keep the thread busy until the event is set."""
        release = threading.Event()
        self._thread.submit(release.wait, 30)
        return release


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
    engine = Engine(tmp_path / "plain.safetensors", folder=tmp_path, threads=1)
    await engine.start()
    try:
        await engine.prepare(measured)
        a, b = await engine.styles([1, 2], 0.7)
        for checkpoint_id, of_b in ((plain, range(3, 5)), (measured, range(1, 2))):
            child = engine.mixed(a, b, ["features"], checkpoint_id=checkpoint_id)
            assert [layer for layer in range(6) if np.array_equal(child[layer], b[layer])] == list(of_b)
    finally:
        await engine.close()


async def until(condition: Callable[[], object]) -> None:
    """Let others run until the condition holds."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110  (there is no event for what the test waits for)
            await asyncio.sleep(0)


async def occupy(engine: WatchedEngine) -> tuple[threading.Event, asyncio.Task[list[Hatched]]]:
    """Give the engine one order and keep it busy with that until the event is set."""
    release = engine.hold()
    order = asyncio.create_task(engine.hatch([0], 1, user_id=1000))
    await until(lambda: not engine._idle.is_set() and not engine._waiting)
    return release, order


async def test_a_seed_gives_the_same_creature_alone_and_in_a_crowd(engine: WatchedEngine) -> None:
    [alone] = await engine.hatch([7], 0.7, user_id=1)
    crowd = await engine.hatch(range(3, 12), 0.7, user_id=1)
    assert crowd[4].png == alone.png
    assert crowd[4].w_plus.tobytes() == alone.w_plus.tobytes()
    assert crowd[3].png != alone.png


async def test_a_creature_is_drawn_again_from_its_code(engine: WatchedEngine) -> None:
    [hatched] = await engine.hatch([7], 0.7, user_id=1)
    [again] = await engine.render([hatched.w_plus], [hatched.noise_seed], user_id=1)
    assert again.png == hatched.png
    assert from_png(again.png).shape == (16, 16, 4)


async def test_whatever_waits_is_drawn_in_one_batch_and_users_take_turns(engine: WatchedEngine) -> None:
    release, first = await occupy(engine)
    greedy = asyncio.create_task(engine.hatch(range(10, 16), 1, user_id=1))
    modest = asyncio.create_task(engine.hatch([20], 1, user_id=2))
    other = asyncio.create_task(engine.hatch([30, 31], 1, user_id=3))
    await until(lambda: len(engine._waiting) == 3)
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
    crowd = [asyncio.create_task(engine.hatch([i], 1, user_id=i)) for i in range(1, 8)]
    await until(lambda: len(engine._waiting) == 7)
    late = asyncio.create_task(engine.hatch([99], 1, user_id=99, on_queued=on_queued))
    await until(lambda: told)
    release.set()
    await asyncio.gather(first, late, *crowd)
    assert told == [8]
    await engine.hatch([100], 1, user_id=99, on_queued=on_queued)
    assert len(told) == 1  # an idle engine has no queue worth mentioning


async def test_the_queue_is_bounded_for_each_user_and_for_all(engine: WatchedEngine) -> None:
    release, first = await occupy(engine)
    waiting = [asyncio.create_task(engine.hatch(range(10), 1, user_id=user)) for user in (1, 2)]
    await until(lambda: len(engine._waiting) == 2)
    with pytest.raises(UserError, match="wait for those"):
        await engine.hatch([1], 1, user_id=2)
    with pytest.raises(UserError, match="nest is full"):
        await engine.hatch(range(10), 1, user_id=3)
    release.set()
    await first
    assert [len(result) for result in await asyncio.gather(*waiting)] == [10, 10]


async def test_one_bad_order_fails_alone(engine: WatchedEngine, caplog: pytest.LogCaptureFixture) -> None:
    [good] = await engine.hatch([1], 1, user_id=1)
    release, first = await occupy(engine)
    misfit = np.zeros((3, 5), np.float32)
    bad = asyncio.create_task(engine.render([misfit], [0], user_id=2))
    fine = asyncio.create_task(engine.render([good.w_plus], [1], user_id=3))
    await until(lambda: len(engine._waiting) == 2)
    release.set()
    await first
    with pytest.raises(UserError, match="would not hatch"):
        await bad
    assert (await fine)[0].png == good.png
    assert "could not be drawn" in caplog.text


async def test_who_stops_waiting_is_not_drawn(engine: WatchedEngine) -> None:
    release, first = await occupy(engine)
    second = asyncio.create_task(engine.hatch([2], 1, user_id=2))
    await until(lambda: engine._waiting)
    second.cancel()
    release.set()
    await first
    await engine.hatch([3], 1, user_id=3)
    assert [seed for batch in engine.batches for seed in batch] == [0, 3]


async def test_closing_draws_what_waits_and_refuses_what_comes(engine: WatchedEngine) -> None:
    release, first = await occupy(engine)
    waiting = asyncio.create_task(engine.hatch(range(9), 1, user_id=1))
    await until(lambda: engine._waiting)
    closing = asyncio.create_task(engine.close())
    await until(lambda: engine._closing)
    with pytest.raises(UserError, match="going to sleep"):
        await engine.hatch([1], 1, user_id=2)
    release.set()
    await closing
    assert len(await waiting) == 9
    assert len(await first) == 1


async def test_mixing_takes_only_the_named_levels(engine: WatchedEngine) -> None:
    a, b = await engine.hatch([1, 2], 1, user_id=1)
    colours = engine.mixed(a.w_plus, b.w_plus, ["colours"])
    everything = engine.mixed(a.w_plus, b.w_plus, ["shape", "features", "colours"])
    assert np.array_equal(colours[0], a.w_plus[0])
    assert np.array_equal(everything, b.w_plus)
    assert np.array_equal(engine.mixed(a.w_plus, b.w_plus, ["shape"], 0.0), a.w_plus)


async def test_nothing_hatches_before_the_checkpoint_is_there(tmp_path: Path) -> None:
    engine = Engine(tmp_path / "missing.safetensors")
    with pytest.raises(UserError, match="waking up"):
        await engine.hatch([1], 1, user_id=1)
    with pytest.raises(CheckpointError, match="There is no checkpoint"):
        await engine.start()
    await engine.close()


def test_words_are_seeds_and_impossible_numbers_are_not() -> None:
    assert seed_from_text("Ash") == seed_from_text(" ash ")
    assert seed_from_text("42") == 42
    with pytest.raises(UserError, match="cannot be a seed"):
        seed_from_text("-1")
