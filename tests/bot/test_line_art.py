"""Creatures of a checkpoint with an enlarger: shown as line art, stored small, and the same for ever."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from bot.engine.local import LocalEngine
from gan.pictures.sprite import from_png, to_png
from sandbox.driver import SandboxUser
from tests.bot.engine.ordering import hatched
from tests.bot.running import RunningBot, make_checkpoint
from tests.bot.talking import hatch_and_save, picture


@dataclass(frozen=True)
class Kept:
    """What a store keeps of a creature's looks."""

    png: bytes
    checkpoint_id: str


@pytest.fixture
def old(tmp_path: Path) -> str:
    """The id of a checkpoint without an enlarger that the engine can load."""
    old = make_checkpoint(tmp_path / "old.safetensors", seed=1)
    (tmp_path / "old.safetensors").rename(tmp_path / f"{old}.safetensors")
    return old


@pytest_asyncio.fixture
async def engine(tmp_path: Path) -> AsyncIterator[LocalEngine]:
    make_checkpoint(tmp_path / "checkpoint.safetensors", enlarges=True)
    engine = LocalEngine(tmp_path / "checkpoint.safetensors", folder=tmp_path, threads=1)
    await engine.start()
    yield engine
    await engine.close()


async def test_the_same_stored_picture_is_the_same_large_one_alone_or_with_others(
    engine: LocalEngine,
) -> None:
    creatures = await hatched(engine, range(3), 1.0, user_id=1)
    together = await engine.pictures(creatures)
    for one, shown in zip(creatures, together, strict=True):
        assert from_png(one.png).shape == (16, 16, 4)
        assert shown.pixels.shape == (64, 64, 4) and not shown.pixel_art
        [alone] = await engine.pictures([Kept(one.png, one.checkpoint_id)])
        assert np.array_equal(alone.pixels, shown.pixels)
    assert len({shown.pixels.tobytes() for shown in together}) == 3


async def test_what_was_just_drawn_is_shown_like_what_is_read_from_its_png(
    engine: LocalEngine, old: str
) -> None:
    [one] = await hatched(engine, [3], 1.0, user_id=1)
    assert np.array_equal(one.pixels, from_png(one.png))
    [drawn] = await engine.pictures([one])
    other = Kept(one.png, old)  # shown by another checkpoint in between: nothing is remembered of the first
    assert np.array_equal((await engine.pictures([other]))[0].pixels, one.pixels)
    for seed in range(200):  # and then forgotten
        await engine.pictures([Kept(to_png(np.full((16, 16, 4), seed, np.uint8)), one.checkpoint_id)])
    [decoded] = await engine.pictures([Kept(one.png, one.checkpoint_id)])
    assert decoded is not drawn and np.array_equal(decoded.pixels, drawn.pixels)


async def test_creatures_of_other_checkpoints_keep_their_own_look(engine: LocalEngine, old: str) -> None:
    [creature] = await hatched(engine, [5], 1.0, user_id=1)
    for checkpoint_id in (old, "0" * 16):  # one without an enlarger, and one that is gone
        [shown] = await engine.pictures([Kept(creature.png, checkpoint_id)])
        assert shown.pixel_art
        assert np.array_equal(shown.pixels, from_png(creature.png))


async def test_a_lost_checkpoint_that_comes_back_draws_line_art_again(
    engine: LocalEngine, tmp_path: Path
) -> None:
    [creature] = await hatched(engine, [5], 1.0, user_id=1)
    other = make_checkpoint(tmp_path / "other.safetensors", seed=2, enlarges=True)
    [before] = await engine.pictures([Kept(creature.png, other)])
    assert before.pixel_art
    (tmp_path / "other.safetensors").rename(tmp_path / f"{other}.safetensors")
    [after] = await engine.pictures([Kept(creature.png, other)])
    assert not after.pixel_art


async def test_what_somebody_saved_looks_the_same_after_a_restart(tmp_path: Path) -> None:
    make_checkpoint(tmp_path / "checkpoint.safetensors", enlarges=True)
    bot = await RunningBot(tmp_path).start()
    try:
        async with SandboxUser(bot.url, "Ash") as ash:
            saved = await hatch_and_save(ash, "Foo", seed="Missingno")
            image = await picture(ash, saved)
            assert image.size == (512, 512) and len(image.getcolors(1 << 18) or ()) > 256  # no pixel art
            before = await ash.download(saved.pictures[0])
        await bot.stop()
        await bot.start()
        async with SandboxUser(bot.url, "Ash") as ash:
            again = await (await ash.command("mon", name="Foo")).message()
            assert await ash.download(again.pictures[0]) == before
    finally:
        await bot.stop()
