"""Short ways to order creatures, and an engine that can be watched."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bot.engine import Engine, Hatched, SeedOrder, StylesOrder
from bot.engine.local import LocalEngine
from bot.engine.orders import WPlus
from bot.engine.worker import Ticket


async def hatched(
    engine: Engine, seeds: Sequence[int], psi: float, *, user_id: int, **more: Any
) -> list[Hatched]:
    """The creatures of seeds."""
    return await engine.draw([SeedOrder(seed, psi) for seed in seeds], user_id=user_id, **more)


async def redrawn(
    engine: Engine,
    w_plus: Sequence[WPlus],
    noise_seeds: Sequence[int],
    *,
    user_id: int,
    checkpoint_id: str | None = None,
) -> list[Hatched]:
    """The creatures of known styles."""
    pairs = zip(w_plus, noise_seeds, strict=True)
    return await engine.draw([StylesOrder(w, n, checkpoint_id) for w, n in pairs], user_id=user_id)


class WatchedEngine(LocalEngine):
    """An engine that notes its batches, and whose thread can be held up."""

    def __init__(self, path: Path, **options: Any) -> None:
        super().__init__(path, threads=1, **options)
        self.batches: list[list[int]] = []  # noise seeds
        draw = self.worker.draw

        def noted(batch: list[Ticket]) -> list[tuple[Ticket, Hatched | Exception]]:
            if batch:
                self.batches.append([ticket.order.noise_seed for ticket in batch])
            return draw(batch)

        self.worker.draw = noted

    def hold(self) -> threading.Event:
        """Keep the thread busy until the event is set."""
        release = threading.Event()
        self.worker.thread.submit(release.wait, 30)
        return release


async def until(condition: Callable[[], object]) -> None:
    """Let others run until the condition holds."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110  (there is no event for what the test waits for)
            await asyncio.sleep(0)


async def occupy(engine: WatchedEngine) -> tuple[threading.Event, asyncio.Task[list[Hatched]]]:
    """Give the engine one order and keep it busy with that until the event is set."""
    release = engine.hold()
    order = asyncio.create_task(hatched(engine, [0], 1, user_id=1000))
    await until(lambda: not engine.worker.idle and not engine.queue)
    return release, order
