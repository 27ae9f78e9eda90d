"""The engine that draws in this process, with the CPU or the GPU of this machine."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot.creature.reading import Reading
from bot.creature.traits import Traits
from bot.engine.drawing import Drawer
from bot.engine.errors import CLOSING, FULL, STARTING, CheckpointGone
from bot.engine.evolving import find_line
from bot.engine.models import Model, Models, load_model
from bot.engine.orders import (
    Coded,
    EvolveOrder,
    Hatched,
    HatchedLine,
    Order,
    Picture,
    ProjectionOrder,
    Stored,
    StylesOrder,
    Subject,
    WPlus,
)
from bot.engine.pictures import Pictures
from bot.engine.projection import Projector
from bot.engine.protocol import Engine, Health, OnAccepted, OnProgress, OnQueued
from bot.engine.queue import FairQueue
from bot.engine.readers import Readers
from bot.engine.threads import choose_threads, spare_numpy, use_threads
from bot.engine.uploads import Uploads
from bot.engine.worker import Ticket, Worker
from bot.errors import UserError
from gan.errors import CheckpointError

log = logging.getLogger(__name__)

OLDER_AT_ONCE = 8  # checkpoints beside the one in use that may be waited for: each is held until it has drawn


class LocalEngine(Engine):
    """A queue in front of one sampler per checkpoint; see `Engine` for what it does."""

    def __init__(
        self,
        path: Path,
        *,
        folder: Path | None = None,  # where ID.safetensors of other checkpoints lie
        kept: int = 2,  # checkpoints in memory beside the one in use
        queue_limit: int = 512,  # creatures waiting, over all users
        per_user_limit: int = 18,  # creatures waiting, for one user
        batch_size: int = 16,  # creatures drawn at a time
        threads: int | None = None,  # that drawing takes; None: what serves best, measured at the start
        drain_timeout_s: float = 10.0,
        pick: bool = True,  # hatch the best of a seed's candidates, where the checkpoint can tell them apart
    ) -> None:
        self.path = path
        self.threads = threads
        self.drain_timeout_s = drain_timeout_s
        self.closing = False
        self.queue: FairQueue[Ticket] = FairQueue(queue_limit, per_user_limit)
        self.models = Models(folder, kept)
        self._active: Model | None = None
        self._projector = Projector()
        self._uploads = Uploads()
        self._pictures = Pictures(self._model_of)
        # In the same thread: what creatures are follows from what is stored of them, as their pictures do.
        self._readers = Readers(self._model_of, self._pictures.thread)
        self.worker = Worker(self.queue, Drawer(pick), batch_size, self._pictures.remember)

    # -- life ----------------------------------------------------------------------------------------------

    async def start(self) -> None:
        spare_numpy()
        loop = asyncio.get_running_loop()
        self._active = model = await loop.run_in_executor(self.worker.thread, self._load)
        self.worker.start()
        self._pictures.prepare(model)

    def _load(self) -> Model:
        use_threads(self.threads)
        model = load_model(self.path)
        if self.threads is None:
            choose_threads(model)
        return model

    async def drain(self) -> None:
        self.closing = True
        await self._projector.close()
        await self.worker.drain(self.drain_timeout_s)

    async def close(self) -> None:
        await self.drain()
        self.models.close()
        self._pictures.close()
        self.worker.close()

    async def health(self) -> Health:
        return Health(
            checkpoint_id=None if self._active is None else self._active.id,
            checkpoints=tuple(self.models.ids),
            waiting=len(self.queue),
            people=self.queue.people,
            drawing=len(self.worker.drawing),
            closing=self.closing,
            silent_s=self.worker.silent_s(),
        )

    # -- checkpoints ---------------------------------------------------------------------------------------

    @property
    def _model(self) -> Model:
        if self._active is None:
            raise UserError(STARTING)
        return self._active

    @property
    def checkpoint_id(self) -> str:
        return self._model.id

    @property
    def metadata(self) -> dict[str, Any]:
        return self._model.metadata

    async def prepare(self, checkpoint_id: str) -> None:
        if checkpoint_id != self._model.id:
            await self.models.get(checkpoint_id)

    async def activate(self, checkpoint_id: str) -> None:
        if checkpoint_id == self._model.id:
            return
        model = await self.models.get(checkpoint_id)
        self.models.remove(model.id)
        before = self._model  # another may have come into use meanwhile
        if model.id != before.id:
            self._active = model
            self.models.put(before)
            self._pictures.prepare(model)

    async def can_draw(self, checkpoint_id: str) -> bool:
        try:
            await self._model_of(checkpoint_id)
        except CheckpointGone:
            return False
        return True

    async def _model_of(self, checkpoint_id: str | None) -> Model:
        """The checkpoint in use, or another one by its id. Raises `CheckpointGone`."""
        if checkpoint_id is None or checkpoint_id == self._model.id:
            return self._model
        try:
            return await self.models.get(checkpoint_id)
        except CheckpointError as error:
            log.warning("Checkpoint %s was asked for: %s", checkpoint_id, error)
            raise CheckpointGone(checkpoint_id) from error

    # -- orders --------------------------------------------------------------------------------------------

    async def draw(
        self,
        orders: Sequence[Order],
        *,
        user_id: int,
        on_accepted: OnAccepted | None = None,
        on_queued: OnQueued | None = None,
    ) -> list[Hatched]:
        self._refuse_unless_open()
        ids = dict.fromkeys(order.checkpoint_id for order in orders)
        models = {one: await self._model_of(one) for one in ids}
        tickets = [Ticket(models[order.checkpoint_id], order) for order in orders]
        return await self._wait_for(tickets, user_id, on_accepted, on_queued)

    async def evolve(
        self,
        order: EvolveOrder,
        *,
        user_id: int,
        on_accepted: OnAccepted | None = None,
        on_queued: OnQueued | None = None,
    ) -> HatchedLine:
        self._refuse_unless_open()
        model = await self._model_of(order.checkpoint_id)

        async def draw(forms: Sequence[StylesOrder]) -> list[Hatched]:
            tickets = [Ticket(model, form) for form in forms]
            return await self._wait_for(tickets, user_id, on_accepted, on_queued)

        return await find_line(order, model, draw)

    async def subject(self, upload: bytes) -> Subject:
        self._refuse_unless_open()
        return await self._uploads.read(upload)

    async def project(
        self,
        order: ProjectionOrder,
        *,
        user_id: int,
        on_progress: OnProgress,
        on_accepted: OnAccepted | None = None,
    ) -> Hatched:
        self._refuse_unless_open()
        model = await self._model_of(order.checkpoint_id)
        w_plus = await self._projector.search(
            model.path, order, user_id=user_id, on_progress=on_progress, on_accepted=on_accepted
        )
        found = StylesOrder(w_plus, order.noise_seed, order.checkpoint_id)
        [hatched] = await self._wait_for([Ticket(model, found)], user_id)
        return hatched

    async def traits(self, creature: Coded) -> Traits | None:
        return await self._readers.traits(creature)

    async def reader(self, checkpoint_id: str) -> str:
        return await self._readers.reader(checkpoint_id)

    async def readings(self, checkpoint_id: str, codes: Sequence[WPlus]) -> list[Reading]:
        return await self._readers.read(checkpoint_id, codes)

    async def pictures(self, creatures: Sequence[Stored]) -> list[Picture]:
        return await self._pictures.large(creatures)

    async def _wait_for(
        self,
        tickets: list[Ticket],
        user_id: int,
        on_accepted: OnAccepted | None = None,
        on_queued: OnQueued | None = None,
    ) -> list[Hatched]:
        """What these tickets are for, once they had their turn."""
        self._refuse_unless_open()  # it may have begun to close while a checkpoint was loaded
        if not tickets:
            return []
        if len(self._older_with(tickets)) > OLDER_AT_ONCE:
            raise UserError(FULL)
        ahead = self.queue.put(user_id, tickets)
        self.worker.notify()
        try:
            if on_accepted is not None:
                await on_accepted()
            if on_queued is not None and ahead >= self.worker.batch_size:
                await on_queued(ahead + 1)
            return list(await asyncio.gather(*(ticket.done for ticket in tickets)))
        finally:
            self.queue.remove(user_id, tickets)  # nobody waits for these any more
            for ticket in tickets:
                if not ticket.done.cancel() and not ticket.done.cancelled():
                    ticket.done.exception()  # known, whether or not it was raised here

    def _refuse_unless_open(self) -> None:
        if self._active is None:
            raise UserError(STARTING)
        if self.closing:
            raise UserError(CLOSING)

    def _older_with(self, tickets: list[Ticket]) -> set[str]:
        """The checkpoints beside the one in use that are waited for, these tickets included."""
        waiting = itertools.chain(tickets, self.worker.drawing, self.queue)
        return {ticket.model.id for ticket in waiting if ticket.model is not self._active}
