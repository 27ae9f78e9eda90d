"""Lines of evolution: the same ones in any company, of any checkpoint that can be read, and kind refusals."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from bot.engine import CheckpointGone, DoesNotEvolve, EvolveOrder, Hatched, HatchedLine, NotRead, SeedOrder
from bot.engine.local import LocalEngine
from gan.package import SHIPPED
from gan.sections import TRAITS, path_beside
from tests.bot.engine.ordering import hatched
from tests.bot.running import make_checkpoint

pytestmark = pytest.mark.asyncio(loop_scope="module")

EVOLVES, STAYS = 1, 13  # seeds of the shipped checkpoint


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine() -> AsyncIterator[LocalEngine]:
    engine = LocalEngine(SHIPPED, threads=1)
    await engine.start()
    yield engine
    await engine.close()


def order_of(creature: Hatched) -> EvolveOrder:
    return EvolveOrder(creature.w_plus, creature.noise_seed, creature.checkpoint_id)


def pictures(line: HatchedLine) -> list[bytes]:
    return [form.png for form in line.forms]


async def test_a_line_is_the_same_whoever_else_is_served(engine: LocalEngine) -> None:
    [one] = await hatched(engine, [EVOLVES], 0.85, user_id=1)
    accepted: list[str] = []

    async def on_accepted() -> None:
        accepted.append("now")

    alone = await engine.evolve(order_of(one), user_id=1, on_accepted=on_accepted)
    assert accepted and len(alone.forms) == 3 and alone.forms[alone.place].png == one.png
    assert len(set(pictures(alone))) == 3
    among, *_ = await asyncio.gather(
        engine.evolve(order_of(one), user_id=2), hatched(engine, range(5), 0.7, user_id=3)
    )
    assert pictures(among) == pictures(alone) and among.place == alone.place


async def test_what_is_read_of_a_line_grows(engine: LocalEngine) -> None:
    [one] = await hatched(engine, [EVOLVES], 0.85, user_id=1)
    line = await engine.evolve(order_of(one), user_id=1)
    read = [await engine.traits(form) for form in line.forms]
    heights = [traits.height_m for traits in read if traits is not None]
    weights = [traits.weight_kg for traits in read if traits is not None]
    assert len(read) == 3 and heights == sorted(heights) and weights == sorted(weights)


async def test_one_that_would_become_somebody_else_stays_as_it_is(engine: LocalEngine) -> None:
    [one] = await hatched(engine, [STAYS], 0.85, user_id=1)
    with pytest.raises(DoesNotEvolve):
        await engine.evolve(order_of(one), user_id=1)


async def test_what_no_checkpoint_can_read_is_refused(engine: LocalEngine, tmp_path: Path) -> None:
    [one] = await hatched(engine, [EVOLVES], 0.85, user_id=1)
    with pytest.raises(NotRead):
        await engine.evolve(EvolveOrder(np.zeros((2, 4), np.float32), 1, one.checkpoint_id), user_id=1)
    with pytest.raises(CheckpointGone):
        await engine.evolve(EvolveOrder(one.w_plus, 1, "0" * 16), user_id=1)


async def test_an_older_checkpoint_evolves_once_it_has_heads_beside_it(
    engine: LocalEngine, tmp_path: Path
) -> None:
    [one] = await hatched(engine, [EVOLVES], 0.85, user_id=1)
    known = await engine.evolve(order_of(one), user_id=1)
    older = tmp_path / f"{one.checkpoint_id}.safetensors"
    shutil.copy(SHIPPED, older)
    shutil.copy(path_beside(SHIPPED, TRAITS), path_beside(older, TRAITS))
    make_checkpoint(tmp_path / "plain.safetensors")
    newer = LocalEngine(tmp_path / "plain.safetensors", folder=tmp_path, threads=1)
    await newer.start()
    try:
        [plain] = await newer.draw([SeedOrder(1, 0.85)], user_id=1)
        with pytest.raises(NotRead):  # it has none
            await newer.evolve(order_of(plain), user_id=1)
        assert pictures(await newer.evolve(order_of(one), user_id=1)) == pictures(known)
    finally:
        await newer.close()
