"""A hatch takes the best of its seed's candidates: the same one as the command line, and kept for ever."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest_asyncio

from bot.engine import DEFAULT_PSI, NearbyOrder, StylesOrder
from bot.engine.local import LocalEngine
from bot.store import Creature, Hatch, Store
from gan.checkpoint import load
from gan.pictures.sprite import from_png
from gan.sampler import Sampler
from gan.sections import SCORER, path_beside
from sandbox.driver import SandboxUser
from tests.bot.engine.ordering import hatched, redrawn
from tests.bot.running import RunningBot, make_checkpoint
from tests.bot.talking import hatch_and_save, picture
from tests.gan.scoring import tiny_scorer, with_scorer

SEEDS = list(range(12))


def checkpoint_with_scorer(folder: Path) -> Path:
    path = folder / "checkpoint.safetensors"
    make_checkpoint(path)
    return with_scorer(path, tiny_scorer(widths=(16, 8, 1)))


def picked_seed(sampler: Sampler) -> int:
    """A seed whose own candidate is not the best."""
    return next(seed for seed in SEEDS if sampler.candidates([seed]) != [0])


@pytest_asyncio.fixture
async def engine(tmp_path: Path) -> AsyncIterator[LocalEngine]:
    engine = LocalEngine(checkpoint_with_scorer(tmp_path), threads=1)
    await engine.start()
    yield engine
    await engine.close()


async def test_a_hatch_is_what_the_command_line_draws(engine: LocalEngine) -> None:
    sampler = Sampler(load(engine.path), "cpu")
    drawn = await hatched(engine, SEEDS, 0.7, user_id=1)
    assert np.array_equal([one.w_plus for one in drawn], sampler.w_from_seeds(SEEDS, 0.7))
    numbers = [one.candidate for one in drawn]
    assert numbers == sampler.candidates(SEEDS) and len(set(numbers)) > 1
    [alone] = await hatched(engine, [SEEDS[5]], 0.7, user_id=1)
    assert alone.png == drawn[5].png and alone.candidate == numbers[5]
    for seed, one in zip(SEEDS, drawn, strict=True):  # seed, candidate and ψ are the whole recipe
        assert np.array_equal(sampler.w_of_candidate(seed, one.candidate, 0.7), one.w_plus)


async def test_directions_and_styles_are_not_picked(engine: LocalEngine) -> None:
    sampler = Sampler(load(engine.path), "cpu")
    own = sampler.w_from_seeds(SEEDS, 0.7, pick=False)
    origins = [StylesOrder(own[0], 1) for _ in SEEDS]
    all_the_way = [NearbyOrder(a, seed, 0.7, 1.0) for a, seed in zip(origins, SEEDS, strict=True)]
    there = await engine.draw(all_the_way, user_id=1)
    assert np.array_equal([one.w_plus for one in there], own)
    assert [one.candidate for one in there] == [0] * len(SEEDS)
    drawn = await redrawn(engine, list(own), SEEDS, user_id=1)
    assert [one.candidate for one in drawn] == [0] * len(SEEDS)
    assert np.array_equal([from_png(one.png) for one in drawn], sampler.render(own, SEEDS))


async def test_an_engine_may_leave_picking_out(tmp_path: Path) -> None:
    engine = LocalEngine(checkpoint_with_scorer(tmp_path), threads=1, pick=False)
    await engine.start()
    try:
        sampler = Sampler(load(engine.path), "cpu")
        drawn = await hatched(engine, SEEDS, 0.7, user_id=1)
        assert np.array_equal([one.w_plus for one in drawn], sampler.w_from_seeds(SEEDS, 0.7, pick=False))
        assert not any(one.candidate for one in drawn)
    finally:
        await engine.close()


async def stored(bot: RunningBot, owner: SandboxUser, name: str) -> Creature:
    store = await Store.open(bot.settings.database)
    try:
        return await store.collection.find(int(owner.id), None, name)
    finally:
        await store.close()


async def test_what_was_picked_is_kept_with_its_recipe_and_looks_the_same_without_the_scorer(
    tmp_path: Path,
) -> None:
    path = checkpoint_with_scorer(tmp_path)
    sampler = Sampler(load(path), "cpu")
    seed = picked_seed(sampler)
    bot = await RunningBot(tmp_path).start()
    try:
        async with SandboxUser(bot.url, "Ash") as ash:
            saved = await hatch_and_save(ash, "Foo", seed=str(seed))
            before = await ash.download(saved.pictures[0])
            assert "Parent" not in saved.text
            kept = await stored(bot, ash, "Foo")
        await bot.stop()
        [number] = sampler.candidates([seed])
        assert kept.recipe == Hatch(seed, DEFAULT_PSI, candidate=number)
        assert np.array_equal(kept.w_plus, sampler.w_of_candidate(seed, number, DEFAULT_PSI))
        path_beside(path, SCORER).unlink()
        await bot.start()
        async with SandboxUser(bot.url, "Ash") as ash:
            again = await (await ash.command("mon", name="Foo")).message()
            assert await ash.download(again.pictures[0]) == before
    finally:
        await bot.stop()


async def test_a_bot_that_is_told_not_to_pick_hatches_the_seed_itself(tmp_path: Path) -> None:
    path = checkpoint_with_scorer(tmp_path)
    sampler = Sampler(load(path), "cpu")
    seed = picked_seed(sampler)
    drawn = {}
    for pick in (True, False):
        bot = await RunningBot(tmp_path / str(pick), checkpoint=path, pick_best=pick).start()
        try:
            async with SandboxUser(bot.url, "Ash") as ash:
                message = await (await ash.command("newmon", seed=str(seed))).message()
                drawn[pick] = np.asarray(await picture(ash, message))
        finally:
            await bot.stop()
    for pick, image in drawn.items():
        sprite = sampler.render(sampler.w_from_seeds([seed], 0.85, pick=pick), [seed])
        assert np.array_equal(image, sampler.shown(sprite, image.shape[0] // 16)[0]), pick
