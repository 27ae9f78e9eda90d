"""Reads what creatures are from their styles, with the heads of their own checkpoint. In a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor

from bot.creature.reading import Reading
from bot.creature.traits import Traits
from bot.engine.errors import CheckpointGone
from bot.engine.models import Model
from bot.engine.orders import Coded, WPlus
from bot.engine.reading import read_traits
from bot.engine.reading_many import read_many

NOTHING = ""  # reads creatures whose checkpoint is gone


class Readers:
    """The heads of all checkpoints, by the checkpoint's id."""

    def __init__(self, model_of: Callable[[str], Awaitable[Model]], thread: Executor) -> None:
        self._model_of = model_of
        self._thread = thread
        self._known: dict[str, str] = {}  # checkpoint → reader; a checkpoint is loaded once to know it

    async def reader(self, checkpoint_id: str) -> str:
        """What reads creatures of that checkpoint. Loads it, when it is asked for the first time."""
        if checkpoint_id not in self._known:
            await self._model(checkpoint_id)
        return self._known[checkpoint_id]

    async def traits(self, creature: Coded) -> Traits | None:
        """What is read of a creature; None where nothing can be."""
        if (model := await self._model(creature.checkpoint_id)) is None:
            return None
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, read_traits, model.sampler, creature.w_plus)

    async def read(self, checkpoint_id: str, codes: Sequence[WPlus]) -> list[Reading]:
        """What is to be kept of the traits of creatures of one checkpoint."""
        if (model := await self._model(checkpoint_id)) is None:
            return [Reading(NOTHING)] * len(codes)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, read_many, model.sampler, model.reader, codes)

    async def _model(self, checkpoint_id: str) -> Model | None:
        try:
            model = await self._model_of(checkpoint_id)
        except CheckpointGone:  # logged where it was found
            self._known[checkpoint_id] = NOTHING
            return None
        self._known[checkpoint_id] = model.reader
        return model
