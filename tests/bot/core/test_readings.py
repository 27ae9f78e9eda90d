"""Creatures of earlier versions, and of other heads, are read when somebody filters their collection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from bot.core.readings import BATCH, read_collection
from bot.creature.reading import Reading
from bot.engine.local import LocalEngine
from bot.engine.orders import WPlus
from bot.store import NewCreature, Store
from gan.sections import TRAITS, path_beside
from tests.bot.engine.test_readers import started, with_heads
from tests.bot.running import make_checkpoint

ANN, BOB = 101, 102
OLD = BATCH + 30  # creatures from before anything was kept of traits


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await Store.open(tmp_path / "newmon.db")
    yield store
    await store.close()


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    make_checkpoint(tmp_path / "a.safetensors")
    return with_heads(tmp_path / "a.safetensors")


async def saved(store: Store, checkpoint_id: str, count: int, owner_id: int = ANN) -> list[WPlus]:
    """So many creatures of which nothing was read; returns their W+."""
    await store.checkpoints.register(checkpoint_id, "x", {})
    random = np.random.default_rng(count)
    codes = [random.standard_normal((6, 16)).astype(np.float32) for _ in range(count)]
    made = await store.creatures.add(
        [
            NewCreature(
                owner_id=owner_id, guild_id=None, channel_id=1, w_plus=code, noise_seed=1, png=b"",
                checkpoint_id=checkpoint_id,
            )
            for code in codes
        ]
    )  # fmt: skip
    for i, one in enumerate(made):
        await store.creatures.save(one.id, owner_id, f"{checkpoint_id[:4]} {i}", None)
    return codes


async def found(store: Store, kind: str, owner_id: int = ANN) -> int:
    page = await store.collection.page(owner_id, viewer_id=owner_id, guild_id=None, kind=kind)
    return page.total


def of_kind(readings: Sequence[Reading], kind: str) -> int:
    return sum(kind in reading.types for reading in readings)


async def test_a_collection_is_read_once(store: Store, checkpoint: Path) -> None:
    engine = await started(checkpoint)
    try:
        codes = await saved(store, engine.checkpoint_id, OLD)
        await saved(store, engine.checkpoint_id, 3, BOB)
        assert await found(store, "Fire") == 0
        assert await read_collection(engine, store, ANN) == OLD
        assert await read_collection(engine, store, ANN) == 0
        readings = await engine.readings(engine.checkpoint_id, codes)
        for kind in ("Fire", "Grass", "Water"):
            assert await found(store, kind) == of_kind(readings, kind) > 0
        assert await found(store, "Ghost") == await found(store, "Fire", BOB) == 0
    finally:
        await engine.close()


async def test_other_heads_read_it_anew_and_none_forget_it(store: Store, checkpoint: Path) -> None:
    totals = []
    for heads in (0, 1, None):
        if heads is None:
            path_beside(checkpoint, TRAITS).unlink()
        else:
            with_heads(checkpoint, heads)
        engine = await started(checkpoint)
        try:
            if not totals:
                await saved(store, engine.checkpoint_id, 40)
            assert await read_collection(engine, store, ANN) == 40
            assert await read_collection(engine, store, ANN) == 0
        finally:
            await engine.close()
        totals.append([await found(store, kind) for kind in ("Fire", "Grass", "Water")])
    assert totals[0] != totals[1] and totals[2] == [0, 0, 0]


async def test_creatures_of_checkpoints_that_are_gone_are_of_no_type(store: Store, checkpoint: Path) -> None:
    engine = await started(checkpoint, folder=checkpoint.parent)
    try:
        await saved(store, "0" * 16, 5)
        await saved(store, engine.checkpoint_id, 20)
        assert await read_collection(engine, store, ANN) == 25
        assert await read_collection(engine, store, ANN) == 0
        assert sum([await found(store, kind) for kind in ("Fire", "Grass", "Water")]) >= 20
        sources = {(one.checkpoint_id, one.reader) for one in await store.readings.sources(ANN)}
        assert sources == {
            ("0" * 16, ""),
            (engine.checkpoint_id, await engine.reader(engine.checkpoint_id)),
        }
    finally:
        await engine.close()


class Interrupted(LocalEngine):
    """Whoever reads with it gives up before the second batch."""

    batches = 0

    async def readings(self, checkpoint_id: str, codes: Sequence[WPlus]) -> list[Reading]:
        self.batches += 1
        if self.batches == 2:
            raise asyncio.CancelledError
        return await super().readings(checkpoint_id, codes)


async def test_what_was_read_before_an_interruption_stays(store: Store, checkpoint: Path) -> None:
    engine = Interrupted(checkpoint, threads=1)
    await engine.start()
    try:
        await saved(store, engine.checkpoint_id, OLD)
        with pytest.raises(asyncio.CancelledError):
            await read_collection(engine, store, ANN)
        assert await read_collection(engine, store, ANN) == OLD - BATCH
    finally:
        await engine.close()


async def test_several_who_filter_at_once_read_it_and_find_the_same(store: Store, checkpoint: Path) -> None:
    engine = await started(checkpoint)
    try:
        codes = await saved(store, engine.checkpoint_id, OLD)
        await asyncio.gather(*(read_collection(engine, store, ANN) for _ in range(4)))
        readings = await engine.readings(engine.checkpoint_id, codes)
        assert await found(store, "Fire") == of_kind(readings, "Fire")
        assert await read_collection(engine, store, ANN) == 0
    finally:
        await engine.close()
