"""Lets a crowd of requests in a few at a time, because the bot shares this event loop."""

from __future__ import annotations

import asyncio
from collections import deque

from aiohttp import web

from sandbox.web_guard import Handler

PER_TURN = 1


class Turnstile:
    """At most `per_turn` passers begin in one turn of the event loop; the others follow in order.

    Without it, fifty people who press Enter together make one turn that is fifty requests long, and
    everything else in the process, the bot's heartbeat too, waits for its end.
    """

    def __init__(self, per_turn: int = PER_TURN) -> None:
        self._per_turn = per_turn
        self._passed = 0
        self._queue: deque[asyncio.Future[None]] = deque()

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        await self.enter()
        return await handler(request)

    async def enter(self) -> None:
        if self._passed < self._per_turn and not self._queue:
            self._count()
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(place)
        await place

    def _count(self) -> None:
        if self._passed == 0:
            asyncio.get_running_loop().call_soon(self._next_turn)
        self._passed += 1

    def _next_turn(self) -> None:
        self._passed = 0
        while self._queue and self._passed < self._per_turn:
            place = self._queue.popleft()
            if not place.done():  # else whoever waited has left
                self._count()
                place.set_result(None)
