"""A collection with something of everything in it, and what is in a database."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from bot.store import Mix, NewJob, Store
from bot.store.address import parse_target
from bot.store.copying import TABLES, snapshot
from bot.store.recipes import LEVELS
from tests.bot.store.conftest import ANN, BOB, CHECKPOINT, SERVER, Clock, hatch, hatching, saved, w_plus


async def fill(address: str) -> None:
    """Creatures of every kind, also a child that is older than its parent; people, checkpoints, retrains."""
    clock = Clock()
    store = await Store.open(address, now=clock)
    await store.checkpoints.register(
        CHECKPOINT, "there", {"kimg": 5.5, "names": ["é", "妙蛙"]}, configured=True
    )
    await store.checkpoints.register(
        "a" * 16, "there", {}, parent_id=CHECKPOINT, metrics={"kid": {"mean": 1}}
    )
    await store.checkpoints.follow_configured(CHECKPOINT)
    for name, when in (("Ann", clock.time), ("Queen", clock.time + timedelta(microseconds=1))):
        await store.people.note(ANN, {0: name, SERVER: f"{name} 妙"}, when)
    parent = await saved(store, "Éclair", seed=2**32 - 1, psi=0.7, seed_text="Ash 🔥", w_plus=w_plus(1))
    clock.advance(timedelta(days=-300))  # its id is smaller than its parents'
    child = await saved(store, "Child", parent_a_id=parent.id, recipe=Mix(LEVELS, 25), png=bytes(range(256)))
    await hatch(store, BOB, parent_a_id=child.id, parent_b_id=parent.id)
    released = await saved(store, "Gone")
    await saved(store, "Orphan", parent_a_id=released.id)
    await store.creatures.release(released.id, ANN)
    await store.creatures.set_favourite(child.id, ANN, True)
    small = np.zeros((1, 1), np.float32)
    await store.creatures.add([hatching(BOB, noise_seed=i, guild_id=None, w_plus=small) for i in range(250)])
    job = await store.jobs.begin(
        NewJob(
            started_by=ANN,
            started_by_name="Ann",
            guild_id=None,
            channel_id=1,
            message_id=None,
            kimg=0.1,
            data="sprites",
            run="",
            parent_id=CHECKPOINT,
        )
    )
    await store.jobs.complete(job.id, "a" * 16, instead_of=CHECKPOINT)
    await store.close()


async def digests(address: str) -> dict[str, str]:
    """The hash of each table's rows, and its version."""
    async with snapshot(parse_target(address)) as rows:
        found = {table.name: await rows.digest(table) for table in TABLES}
        return found | {"revision": await rows.revision() or ""}
