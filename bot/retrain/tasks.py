"""Work that goes on beside everything else, and that does not give up because the database does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import TypeVar

from bot.store import StoreError

log = logging.getLogger(__name__)
T = TypeVar("T")

RETRY_S = 5.0  # after the database failed


class Tasks:
    """Everything that is not finished, held until it is."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[None, None, None], name: str) -> asyncio.Task[None]:
        """Do it until it is done or the bot stops."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """Stop all of it."""
        left = list(self._tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


async def retrying(step: Callable[[], Awaitable[T]]) -> T:
    """Again for as long as the database fails: a job is not lost because a disk was full for a while."""
    while True:
        try:
            return await step()
        except StoreError as error:
            log.warning("A retrain waits for the database: %s", error)
            await asyncio.sleep(RETRY_S)
