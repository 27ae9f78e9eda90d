"""A process that saves creatures as fast as it can until it is killed."""

from __future__ import annotations

import asyncio
from multiprocessing.connection import Connection

import numpy as np

from bot.store import NewCreature, Store

PEOPLE = 4  # at once
LITTER = 3  # creatures that are kept together or not at all; the first of them is saved


def storm(target: str, acknowledge: Connection, first_litter: int) -> None:
    """Sends (id, name, litter) after each save, and None once before them. Never returns."""
    asyncio.run(_storm(target, acknowledge, first_litter))


async def _storm(target: str, acknowledge: Connection, first_litter: int) -> None:
    store = await Store.open(target, busy_timeout_s=30)
    acknowledge.send(None)
    await asyncio.gather(*(_person(store, acknowledge, first_litter + i, i + 1) for i in range(PEOPLE)))


async def _person(store: Store, acknowledge: Connection, litter: int, owner_id: int) -> None:
    while True:
        hatched = await store.creatures.add([_hatching(owner_id, litter)] * LITTER)
        creature = await store.creatures.save(hatched[0].id, owner_id, f"Mon {litter}", 1)
        acknowledge.send((creature.id, creature.name, litter))
        litter += PEOPLE


def _hatching(owner_id: int, litter: int) -> NewCreature:
    return NewCreature(
        owner_id=owner_id,
        guild_id=1,
        channel_id=1,
        w_plus=np.full((2, 4), litter, dtype=np.float32),
        noise_seed=litter,
        png=b"picture %d" % litter,
        checkpoint_id="0123456789abcdef",
    )
