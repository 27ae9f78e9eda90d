"""A store on a real file, and creatures to put into it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from bot.store import Creature, NewCreature, Store

CHECKPOINT = "0123456789abcdef"
ANN, BOB, CLEO = 101, 102, 103
SERVER, ELSEWHERE, CHANNEL = 201, 202, 301
PNG = b"\x89PNG\r\n\x1a\n\x00picture"


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.time = datetime(2025, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def advance(self, by: timedelta) -> None:
        self.time += by


def w_plus(seed: int = 0) -> np.ndarray:
    """float32 [10, 512]"""
    return np.random.default_rng(seed).standard_normal((10, 512)).astype(np.float32)


def hatching(owner_id: int = ANN, **changes: Any) -> NewCreature:
    values: dict[str, Any] = {
        "owner_id": owner_id,
        "owner_name": {ANN: "Ann", BOB: "Bob", CLEO: "Cleo"}.get(owner_id, "Somebody"),
        "guild_id": SERVER,
        "channel_id": CHANNEL,
        "w_plus": w_plus(),
        "noise_seed": 7,
        "png": PNG,
        "checkpoint_id": CHECKPOINT,
    }
    return NewCreature(**(values | changes))


async def hatch(store: Store, owner_id: int = ANN, **changes: Any) -> Creature:
    [creature] = await store.add_creatures([hatching(owner_id, **changes)])
    return creature


async def saved(store: Store, name: str, owner_id: int = ANN, **changes: Any) -> Creature:
    creature = await hatch(store, owner_id, **changes)
    return await store.save(creature.id, owner_id, name)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "newmon.db"


@pytest_asyncio.fixture
async def store(database: Path, clock: Clock) -> AsyncIterator[Store]:
    store = await Store.open(database, busy_timeout_s=30, now=clock)
    await store.register_checkpoint(CHECKPOINT, "checkpoints/newmon.safetensors", {"kimg": "500"})
    yield store
    await store.close()
