"""Shinies are ordered with their seed, and drawn, stored and drawn again like any creature."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest_asyncio

from bot.engine import MixOrder, SeedOrder
from bot.engine.local import LocalEngine
from gan.pictures.sprite import from_png
from gan.shiny import compare
from tests.bot.engine.ordering import hatched, redrawn
from tests.bot.running import make_checkpoint

SEEDS = list(range(10))
COLOURS = 5  # the first layer of colours in a 16×16 network whose levels were not measured


@pytest_asyncio.fixture
async def engine(tmp_path: Path) -> AsyncIterator[LocalEngine]:
    make_checkpoint(tmp_path / "a.safetensors")
    engine = LocalEngine(tmp_path / "a.safetensors", threads=1, per_user_limit=100)
    await engine.start()
    yield engine
    await engine.close()


async def test_a_shiny_is_its_seeds_creature_in_other_colours(engine: LocalEngine) -> None:
    plain = await hatched(engine, SEEDS, 0.8, user_id=1)
    shinies = await engine.draw([SeedOrder(seed, 0.8, shiny=True) for seed in SEEDS], user_id=1)
    assert not any(one.shiny for one in plain)
    for before, after in zip(plain, shinies, strict=True):
        assert (after.noise_seed, after.candidate) == (before.noise_seed, before.candidate)
        assert np.array_equal(after.w_plus[:COLOURS], before.w_plus[:COLOURS])
        if after.shiny:
            assert compare(before.pixels, after.pixels).is_shiny
        else:  # nothing that was tried differed visibly, and nobody is told that it did
            assert after.png == before.png and np.array_equal(after.w_plus, before.w_plus)
    assert sum(one.shiny for one in shinies) >= len(SEEDS) // 2


async def test_it_is_the_same_in_any_company_and_drawn_again_from_its_styles(engine: LocalEngine) -> None:
    orders = [SeedOrder(seed, 0.8, shiny=seed % 2 == 0) for seed in SEEDS]
    together = await engine.draw(orders, user_id=1)
    for order, one in zip(orders, together, strict=True):
        [alone] = await engine.draw([order], user_id=2)
        assert (alone.png, alone.shiny) == (one.png, one.shiny)
        assert not one.shiny or order.shiny
    again = await redrawn(engine, [one.w_plus for one in together], SEEDS, user_id=1)
    assert [one.png for one in again] == [one.png for one in together]
    assert not any(one.shiny for one in again)  # that is for whoever hatched it to know


async def test_its_colours_go_into_mixes(engine: LocalEngine) -> None:
    drawn = await engine.draw([SeedOrder(seed, 0.8, shiny=True) for seed in SEEDS], user_id=1)
    a = next(one for one in drawn if one.shiny)
    [plain, other] = await hatched(engine, [a.noise_seed, 99], 0.8, user_id=1)
    [child] = await engine.draw([MixOrder(plain.w_plus, a.w_plus, ("colours",), 1.0, 3)], user_id=1)
    assert np.array_equal(child.w_plus, a.w_plus)  # the shiny itself: it differs in nothing else
    [back] = await engine.draw([MixOrder(a.w_plus, other.w_plus, ("colours",), 1.0, 3)], user_id=1)
    assert np.array_equal(back.w_plus[COLOURS:], other.w_plus[COLOURS:])


async def test_a_shiny_is_stored_as_it_was_drawn(engine: LocalEngine) -> None:
    drawn = await engine.draw([SeedOrder(seed, 0.8, shiny=True) for seed in SEEDS[:4]], user_id=1)
    for one in drawn:
        assert np.array_equal(from_png(one.png), one.pixels)
