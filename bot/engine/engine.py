"""The queue in front of the sampler: one thread draws, and whatever waits goes into one batch.

Requests are queued one creature at a time and drawn from the users in turn, so that nobody's nine hatchings
hold up another's one. There is no waiting for a batch to fill: an idle engine starts at once. Each order
carries the checkpoint that it was made for, so that another one can come into use at any moment.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from bot.engine.drawing import Code, Finishing, Hatched, Order
from bot.engine.models import Model, Models, load_model
from bot.engine.pictures import Picture, Pictures, Stored
from bot.engine.projection import CLOSING, OnProgress, Projector
from bot.engine.threads import choose_threads, use_threads
from bot.errors import UserError
from gan.latents import Levels, SeedError, Take, mix_by_level, parse_seed

log = logging.getLogger(__name__)

OnAccepted = Callable[[], Awaitable[None]]
OnQueued = Callable[[int], Awaitable[None]]

FULL = "The nest is full right now: please try again in a minute."
TOO_MANY = "You already have {count} creatures waiting to hatch: please wait for those first."
FAILED = "This one would not hatch. Please try again."
OLDER_AT_ONCE = 8  # checkpoints beside the one in use that may be waited for: each is held until it has drawn
LAST_BATCH_S = 2.0  # what is being drawn when the time is up is waited for that long


def seed_from_text(text: str) -> int:
    """The seed for what a person typed. Raises `UserError` for a number that cannot be one."""
    try:
        return parse_seed(text)
    except SeedError as error:
        raise UserError(str(error)) from None


class Engine:
    """Draws creatures with the checkpoint in use, and with older ones where a creature belongs to one."""

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
        self.queue_limit = queue_limit
        self.per_user_limit = per_user_limit
        self.batch_size = batch_size
        self.threads = threads
        self.drain_timeout_s = drain_timeout_s
        self.pick = pick
        self._active: Model | None = None
        self._models = Models(folder, kept)
        self._projector = Projector()
        self._pictures = Pictures(self._model_of)
        self._finishing = Finishing()
        self._levels: dict[str, Levels] = {}  # of every checkpoint that was ever loaded
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="engine")
        self._waiting: OrderedDict[int, deque[Order]] = OrderedDict()  # by user, next in turn first
        self._drawing: list[Order] = []
        self._arrived = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._loop_task: asyncio.Task[None] | None = None
        self._closing = False

    # -- life ----------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Load the checkpoint and warm up. Raises `CheckpointError`."""
        loop = asyncio.get_running_loop()
        model = await loop.run_in_executor(self._thread, self._load)
        self._active, self._levels[model.id] = model, model.sampler.levels
        self._loop_task = asyncio.create_task(self._work(), name="engine")

    def _load(self) -> Model:
        use_threads(self.threads)
        model = load_model(self.path)
        if self.threads is None:
            choose_threads(model)
        return model

    async def use(self, checkpoint_id: str) -> None:
        """Hatch with another checkpoint from now on. Orders that wait are drawn with their own.

        The one that was in use stays in memory as long as any other. Raises `CheckpointError`, and then
        nothing has changed.
        """
        if checkpoint_id == self._model.id:
            return
        model = await self._models.get(checkpoint_id)
        self._models.take(model.id)
        before = self._model  # another may have come into use meanwhile
        if model.id != before.id:
            self._levels[model.id] = model.sampler.levels
            self._active = model
            self._models.put(before)

    async def load(self, checkpoint_id: str) -> None:
        """Have a checkpoint in memory, so that `use` takes no time. Raises `CheckpointError`."""
        if checkpoint_id != self._model.id:
            await self._models.get(checkpoint_id)

    async def prepare(self, checkpoint_id: str) -> None:
        """Have a checkpoint ready for `mixed`. Raises `UserError` where it cannot be loaded."""
        await self._model_of(checkpoint_id)

    async def _model_of(self, checkpoint_id: str | None) -> Model:
        """The checkpoint in use, or another one by its id. Raises `UserError`."""
        if checkpoint_id is None or checkpoint_id == self._model.id:
            return self._model
        model = await self._models.get_for_creature(checkpoint_id)
        self._levels[model.id] = model.sampler.levels
        return model

    async def drain(self) -> None:
        """Refuse new orders, and draw those that wait (within `drain_timeout_s`).

        What was drawn can still be shown: pictures are made, and checkpoints loaded for them, until `close`.
        """
        self._closing = True
        await self._projector.close()
        if self._loop_task is not None:
            await self._idle_within(self.drain_timeout_s)
            self._refuse(order for queue in self._waiting.values() for order in queue)
            self._waiting.clear()
            await self._idle_within(LAST_BATCH_S)
            self._loop_task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._loop_task
        self._refuse(self._drawing)

    async def close(self) -> None:
        """Drain, and let the threads go."""
        await self.drain()
        self._models.close()
        self._pictures.close()
        with contextlib.suppress(RuntimeError):  # closed before
            self._thread.submit(self._finishing.close)  # after what it may still be drawing
        self._thread.shutdown(wait=False)

    async def _idle_within(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._idle.wait()

    @staticmethod
    def _refuse(orders: Iterable[Order]) -> None:
        for order in orders:
            if not order.done.done():
                order.done.set_exception(UserError(CLOSING))

    @property
    def _model(self) -> Model:
        if self._active is None:
            raise UserError("The bot is still waking up: please try again in a few seconds.")
        return self._active

    @property
    def checkpoint_id(self) -> str:
        """The id of the checkpoint in use."""
        return self._model.id

    @property
    def metadata(self) -> dict[str, Any]:
        """What is known of the checkpoint in use: how it was trained."""
        return self._model.metadata

    # -- requests ------------------------------------------------------------------------------------------

    async def hatch(
        self,
        seeds: Sequence[int],
        psi: float,
        *,
        user_id: int,
        on_accepted: OnAccepted | None = None,
        on_queued: OnQueued | None = None,
    ) -> list[Hatched]:
        """Creatures of the checkpoint in use from seeds; a seed is its own noise seed.

        With `pick` each is the best of the candidates that follow from its seed.
        `on_accepted()` is awaited once they have their place in the queue, while they are drawn, and
        `on_queued(position)` after it if more than a batch is ahead. Raises `UserError`.
        """
        model = self._model
        orders = [Order(model, seed, psi=psi, pick=self.pick) for seed in seeds]
        return await self._submit(orders, user_id, on_accepted, on_queued)

    async def render(
        self,
        w_plus: Sequence[Code],
        noise_seeds: Sequence[int],
        *,
        user_id: int,
        checkpoint_id: str | None = None,
        on_accepted: OnAccepted | None = None,
        on_queued: OnQueued | None = None,
    ) -> list[Hatched]:
        """Creatures from W+ codes, each [L, w_dim], of a checkpoint (None: the one in use); like `hatch`."""
        model = await self._model_of(checkpoint_id)
        orders = [Order(model, noise, w_plus=code) for code, noise in zip(w_plus, noise_seeds, strict=True)]
        return await self._submit(orders, user_id, on_accepted, on_queued)

    async def styles(self, seeds: Sequence[int], psi: float, checkpoint_id: str | None = None) -> list[Code]:
        """The W+ codes of seeds' own z, undrawn: directions to go in, for which nothing is picked.

        Waits for the batch in progress at most. Raises `UserError`.
        """
        if self._closing:
            raise UserError(CLOSING)
        sampler = (await self._model_of(checkpoint_id)).sampler
        loop = asyncio.get_running_loop()
        own = partial(sampler.w_from_seeds, seeds, psi, pick=False)
        return list(await loop.run_in_executor(self._thread, own))

    def mixed(
        self, a: Code, b: Code, take: Sequence[Take], amount: float = 1.0, checkpoint_id: str | None = None
    ) -> Code:
        """A's code, moved at the levels in `take` by `amount` (0 to 1) towards B's.

        Another checkpoint than the one in use must have been loaded before (`prepare`).
        """
        return mix_by_level(a, b, take, self._levels[checkpoint_id or self._model.id], amount)

    async def pictures(self, creatures: Sequence[Stored]) -> list[Picture]:
        """What each creature looks like, large: always the same for the same stored picture.

        A creature of a checkpoint that has no enlarger, or that is gone, comes as pixel art.
        """
        return await self._pictures.large(creatures)

    async def rehatch(
        self,
        png: bytes,
        noise_seed: int,
        checkpoint_id: str,
        *,
        user_id: int,
        on_progress: OnProgress,
        on_accepted: OnAccepted | None = None,
    ) -> Hatched:
        """The creature of a checkpoint that looks most like a picture. Takes a while. Raises `UserError`."""
        model = await self._model_of(checkpoint_id)
        code = await self._projector.search(
            model.path,
            model.id,
            png,
            noise_seed,
            user_id=user_id,
            on_progress=on_progress,
            on_accepted=on_accepted,
        )
        [hatched] = await self._submit([Order(model, noise_seed, w_plus=code)], user_id)
        return hatched

    # -- the queue -----------------------------------------------------------------------------------------

    async def _submit(
        self,
        orders: list[Order],
        user_id: int,
        on_accepted: OnAccepted | None = None,
        on_queued: OnQueued | None = None,
    ) -> list[Hatched]:
        self._model  # noqa: B018  (raises while waking up)
        if self._closing:
            raise UserError(CLOSING)
        if not orders:
            return []
        mine = len(self._waiting.get(user_id, ()))
        if mine + len(orders) > self.per_user_limit:
            raise UserError(TOO_MANY.format(count=mine))
        if sum(map(len, self._waiting.values())) + len(orders) > self.queue_limit:
            raise UserError(FULL)
        if len(self._older_with(orders)) > OLDER_AT_ONCE:
            raise UserError(FULL)
        ahead = self._ahead_of(user_id, mine + 1)
        self._waiting.setdefault(user_id, deque()).extend(orders)
        self._idle.clear()
        self._arrived.set()
        try:
            if on_accepted is not None:
                await on_accepted()
            if on_queued is not None and ahead >= self.batch_size:
                await on_queued(ahead + 1)
            return list(await asyncio.gather(*(order.done for order in orders)))
        finally:
            for order in orders:  # nobody waits for these any more
                if not order.done.cancel() and not order.done.cancelled():
                    order.done.exception()  # known, whether or not it was raised here

    def _older_with(self, orders: list[Order]) -> set[str]:
        """The checkpoints beside the one in use that are waited for, these orders included."""
        waiting = itertools.chain(orders, self._drawing, *self._waiting.values())
        return {order.model.id for order in waiting if order.model is not self._active}

    def _ahead_of(self, user_id: int, nth: int) -> int:
        """How many creatures are drawn before this user's nth, with users taking turns."""
        others = sum(min(len(queue), nth) for user, queue in self._waiting.items() if user != user_id)
        return others + nth - 1

    def _next_batch(self) -> list[Order]:
        """Up to `batch_size` orders, one user after another; the order of users carries over."""
        batch: list[Order] = []
        while self._waiting and len(batch) < self.batch_size:
            user_id, queue = self._waiting.popitem(last=False)
            order = queue.popleft()
            if queue:
                self._waiting[user_id] = queue  # to the end of the line
            if not order.done.done():
                batch.append(order)
        return batch

    async def _work(self) -> None:
        """Draw batch after batch, for as long as the engine lives."""
        loop = asyncio.get_running_loop()
        while True:
            await self._arrived.wait()
            while batch := self._next_batch():
                self._drawing = batch
                self._deliver(await loop.run_in_executor(self._thread, self._draw, batch))
            self._drawing = []  # its orders hold on to checkpoints that may be in use no more
            self._arrived.clear()
            self._idle.set()

    def _deliver(self, results: list[tuple[Order, Hatched | Exception]]) -> None:
        for order, result in results:
            if order.done.done():
                continue
            if isinstance(result, Hatched):
                self._pictures.remember(result)
                order.done.set_result(result)
            else:
                order.done.set_exception(UserError(FAILED))

    # -- in the thread -------------------------------------------------------------------------------------

    def _draw(self, batch: list[Order]) -> list[tuple[Order, Hatched | Exception]]:
        """Draw a batch; if it fails, each order by itself, so that one bad order fails alone."""
        try:
            return list(zip(batch, self._render(batch), strict=True))
        except Exception as error:  # whatever torch raises: the bot must go on
            if len(batch) == 1:
                log.exception("a creature could not be drawn")
                return [(batch[0], error)]
            return [result for order in batch for result in self._draw([order])]

    def _render(self, batch: list[Order]) -> list[Hatched]:
        drawn: dict[Order, Hatched] = {}
        for model in dict.fromkeys(order.model for order in batch):
            orders = [order for order in batch if order.model is model]
            drawn |= zip(orders, self._finishing.drawn_by(model, orders), strict=True)
        return [drawn[order] for order in batch]
