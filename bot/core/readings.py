"""What is kept of creatures' traits, brought up to date where it is needed.

Creatures are read as they hatch. Those of earlier versions, and those of a checkpoint that was given other
heads, are read when they are first shown, or when somebody filters the collection that they are in.
"""

from __future__ import annotations

import logging

from bot.core.interaction import Interaction
from bot.engine import Engine
from bot.store import Creature, Store, StoreError
from bot.store.readings import Source

log = logging.getLogger(__name__)

BATCH = 250  # creatures that are read and noted at a time: whatever interrupts it, these are done


async def note_shown(interaction: Interaction, creature: Creature) -> None:
    """Keep what is read of a saved creature, now that it was shown, where that is not kept. Never raises."""
    engine, store = interaction.client.engine, interaction.client.store
    if creature.name is None:  # what nobody saved is in no collection
        return
    reader = await engine.reader(creature.checkpoint_id)
    if creature.reading is not None and creature.reading.reader == reader:
        return
    try:
        [reading] = await engine.readings(creature.checkpoint_id, [creature.w_plus])
        await store.readings.note({creature.id: reading})
    except StoreError as error:  # it was shown all the same, and is read again next time
        log.info("What was read of a creature could not be kept this time: %s", error)


async def read_collection(engine: Engine, store: Store, owner_id: int) -> int:
    """Read all saved creatures of somebody's that their checkpoints' heads did not read yet; how many.

    Batch by batch, each of which stays when it is interrupted. Raises StoreError.
    """
    read = 0
    for source in await store.readings.sources(owner_id):
        if source.reader != await engine.reader(source.checkpoint_id):
            read += await _read_source(engine, store, owner_id, source)
    return read


async def _read_source(engine: Engine, store: Store, owner_id: int, source: Source) -> int:
    read = 0
    while creatures := await store.readings.of_source(owner_id, source, BATCH):
        codes = [creature.w_plus for creature in creatures]
        readings = await engine.readings(source.checkpoint_id, codes)
        if any(reading.reader == source.reader for reading in readings):
            break  # the checkpoint's file was exchanged meanwhile, and what read them is in force again
        await store.readings.note(
            {creature.id: reading for creature, reading in zip(creatures, readings, strict=True)}
        )
        read += len(creatures)
    return read
