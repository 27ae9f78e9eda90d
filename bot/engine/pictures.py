"""Large pictures of creatures, drawn again from the small ones that are stored.

What is stored of a creature's looks is the small picture that its network drew. The checkpoint's enlarger
makes it large whenever it is shown, from these pixels alone, so that storage stays small and a picture never
changes. Creatures of checkpoints without an enlarger are shown pixel by pixel, as they always were.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from bot.engine.errors import CheckpointGone
from bot.engine.models import Model
from bot.engine.orders import Hatched, Picture, Pixels, Stored
from bot.engine.rareness import reference_of
from bot.engine.threads import use_threads
from gan.pictures.sprite import from_png

log = logging.getLogger(__name__)

KEPT = 128  # large pictures in memory: a quarter of a megabyte each


class Pictures:
    """Enlarges stored pictures in a thread of its own, and remembers those that were shown last."""

    def __init__(self, model_of: Callable[[str], Awaitable[Model]]) -> None:
        self._model_of = model_of
        self._kept: OrderedDict[tuple[bytes, str], Picture] = OrderedDict()
        self._drawn: OrderedDict[bytes, Pixels] = OrderedDict()  # by hash, not shown yet
        # One thread: what is shown to one person is not worth the pace of everybody's hatching.
        self.thread = ThreadPoolExecutor(1, "pictures", use_threads, (1,))

    def remember(self, hatched: Hatched) -> None:
        """It was just drawn and will be shown: its PNG need not be decoded for that."""
        self._drawn[hashlib.sha256(hatched.png).digest()] = hatched.pixels
        while len(self._drawn) > KEPT:
            self._drawn.popitem(last=False)

    async def large(self, creatures: Sequence[Stored]) -> list[Picture]:
        """The picture of each, in order. One whose checkpoint is gone comes as it is stored."""
        return [await self._one(creature.png, creature.checkpoint_id) for creature in creatures]

    async def _one(self, png: bytes, checkpoint_id: str) -> Picture:
        digest = hashlib.sha256(png).digest()
        key = digest, checkpoint_id
        if (picture := self._kept.get(key)) is None:
            try:
                model = await self._model_of(checkpoint_id)
            except CheckpointGone:  # logged where it was found
                model = None
            loop = asyncio.get_running_loop()
            picture = await loop.run_in_executor(
                self.thread, _enlarged, png, self._drawn.pop(digest, None), model
            )
            if model is not None:
                self._kept[key] = picture
        else:
            self._kept.move_to_end(key)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return picture

    def prepare(self, model: Model) -> None:
        """Begin to work out what comes up as soon as anybody looks at a creature of this checkpoint."""
        if model.sampler.heads is not None:
            self.thread.submit(_prepared, model)

    def close(self) -> None:
        """Let the thread go."""
        self.thread.shutdown(wait=False)


def _prepared(model: Model) -> None:
    try:
        reference_of(model.sampler)
    except Exception:  # of whatever kind: whoever looks at a creature meets it again, and is told
        log.exception("How rare creatures of checkpoint %s are could not be worked out.", model.id)


def _enlarged(png: bytes, drawn: Pixels | None, model: Model | None) -> Picture:
    sprite = from_png(png) if drawn is None else drawn
    if model is None or model.sampler.enlarger is None:
        return Picture(sprite, pixel_art=True)
    return Picture(model.sampler.enlarge(sprite[None])[0])
