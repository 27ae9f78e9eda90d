"""A WebSocket that can be written to from anywhere, without waiting and in order."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque

from aiohttp import web

_BACKLOG_MAX = 10_000  # messages; a reader this far behind is gone
_CLOSE_TIMEOUT_S = 1.0


class Outbox:
    """Queues JSON texts for a WebSocket; one task sends them.

    With `gather`, each frame is a JSON array of all that waits, which spares a crowd many small frames.
    """

    def __init__(self, request: web.Request, socket: web.WebSocketResponse, *, gather: bool = False) -> None:
        self.socket = socket
        self._transport = request.transport
        self._gather = gather
        self._waiting: deque[str] = deque()
        self._news = asyncio.Event()
        self._closing = False
        self._sender = asyncio.create_task(self._send())

    def put(self, text: str) -> None:
        if len(self._waiting) < _BACKLOG_MAX:
            self._waiting.append(text)
            self._news.set()
        else:
            self.drop()

    def drop(self) -> None:
        """Stops sending at once and cuts the connection, so that its reading loop ends."""
        self._sender.cancel()
        if self._transport is not None:
            self._transport.abort()

    async def close(self, code: int, message: str = "") -> None:
        """Sends what is queued, then the close frame."""
        self._closing = True
        self._news.set()
        with contextlib.suppress(TimeoutError, asyncio.CancelledError):
            await asyncio.wait_for(asyncio.shield(self._sender), _CLOSE_TIMEOUT_S)
        self._sender.cancel()
        await self.socket.close(code=code, message=message.encode())

    async def _send(self) -> None:
        with contextlib.suppress(
            ConnectionError, RuntimeError
        ):  # the other side left; the reader notices too
            while self._waiting or not self._closing:
                await self._news.wait()
                self._news.clear()
                while self._waiting:
                    await self.socket.send_str(self._next_frame())

    def _next_frame(self) -> str:
        if not self._gather:
            return self._waiting.popleft()
        frame = f"[{','.join(self._waiting)}]"
        self._waiting.clear()
        return frame
