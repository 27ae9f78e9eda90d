"""The thread that draws: whatever waits goes into one batch, and an idle one starts at once."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from bot.engine.drawing import Drawer
from bot.engine.errors import CLOSING, FAILED
from bot.engine.models import Model
from bot.engine.orders import Hatched, Order
from bot.engine.queue import FairQueue
from bot.errors import UserError
from bot.system.metrics import BATCH_CREATURES, DRAWING_SECONDS

log = logging.getLogger(__name__)

LAST_BATCH_S = 2.0  # what is being drawn when the time is up is waited for that long


@dataclass(eq=False)
class Ticket:
    """An order in the queue, with the checkpoint that draws it, whatever comes into use meanwhile."""

    model: Model
    order: Order
    done: asyncio.Future[Hatched] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Worker:
    """Draws what is in a queue, batch after batch, in one thread. For one event loop."""

    def __init__(
        self, queue: FairQueue[Ticket], drawer: Drawer, batch_size: int, on_drawn: Callable[[Hatched], None]
    ) -> None:
        self.queue = queue
        self.batch_size = batch_size
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="engine")
        self.drawing: list[Ticket] = []
        self._drawer = drawer
        self._on_drawn = on_drawn
        self._arrived = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._running: asyncio.Task[None] | None = None
        self._asked: Future[None] | None = None  # whether the thread still does what it is asked
        self._asked_at_s = 0.0

    @property
    def idle(self) -> bool:
        """Nothing waits, and nothing is being drawn."""
        return self._idle.is_set()

    def silent_s(self) -> float:
        """For how long the thread has not come to what was asked of it. Asks it again, once it has."""
        if self._running is not None and self._running.done():
            return math.inf
        if self._asked is None or self._asked.done():
            with contextlib.suppress(RuntimeError):  # it is closed
                self._asked, self._asked_at_s = self.thread.submit(lambda: None), time.perf_counter()
            return 0.0
        return time.perf_counter() - self._asked_at_s

    def start(self) -> None:
        """Draw from now on."""
        self._running = asyncio.create_task(self._run(), name="engine")

    def notify(self) -> None:
        """Something was put into the queue."""
        self._idle.clear()
        self._arrived.set()

    async def drain(self, timeout_s: float) -> None:
        """Draw what waits within that time, refuse the rest, and stop."""
        if self._running is not None:
            await self._idle_within(timeout_s)
            _refuse(self.queue.clear())
            await self._idle_within(LAST_BATCH_S)
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running
        _refuse(self.drawing)

    def close(self) -> None:
        """Let the threads go, after what they may still be drawing."""
        with contextlib.suppress(RuntimeError):  # closed before
            self.thread.submit(self._drawer.close)
        self.thread.shutdown(wait=False)

    def draw(self, batch: list[Ticket]) -> list[tuple[Ticket, Hatched | Exception]]:
        """Draw a batch; if that fails, each by itself, so that a bad order fails alone. In the thread."""
        try:
            with DRAWING_SECONDS.time():
                drawn: list[tuple[Ticket, Hatched | Exception]] = list(self._drawn(batch))
            BATCH_CREATURES.observe(len(batch))
            return drawn
        except Exception as error:  # whatever torch raises: the bot must go on
            if len(batch) == 1:
                log.exception("a creature could not be drawn")
                return [(batch[0], error)]
            return [result for ticket in batch for result in self.draw([ticket])]

    def _drawn(self, batch: list[Ticket]) -> Iterable[tuple[Ticket, Hatched]]:
        for model in dict.fromkeys(ticket.model for ticket in batch):
            tickets = [ticket for ticket in batch if ticket.model is model]
            hatched = self._drawer.draw(model, [ticket.order for ticket in tickets])
            yield from zip(tickets, hatched, strict=True)

    async def _run(self) -> None:
        """For as long as the engine lives."""
        loop = asyncio.get_running_loop()
        while True:
            await self._arrived.wait()
            # No variable holds a batch while nothing is drawn: its checkpoints may be in use no more.
            while self.queue:
                self.drawing = [one for one in self.queue.take(self.batch_size) if not one.done.done()]
                self._deliver(await loop.run_in_executor(self.thread, self.draw, self.drawing))
            self.drawing = []
            self._arrived.clear()
            self._idle.set()

    def _deliver(self, results: list[tuple[Ticket, Hatched | Exception]]) -> None:
        for ticket, result in results:
            if ticket.done.done():
                continue
            if isinstance(result, Hatched):
                self._on_drawn(result)
                ticket.done.set_result(result)
            else:
                ticket.done.set_exception(UserError(FAILED))

    async def _idle_within(self, timeout_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()


def _refuse(tickets: Iterable[Ticket]) -> None:
    for ticket in tickets:
        if not ticket.done.done():
            ticket.done.set_exception(UserError(CLOSING))
