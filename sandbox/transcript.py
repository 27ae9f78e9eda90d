"""What the bot asked for, request by request, for those who want to look: tests check it against Discord's
own description of its API."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from sandbox.uploads import PAYLOAD
from sandbox.web_guard import Handler, api_path


@dataclass(frozen=True, slots=True)
class Sent:
    """A request of the bot and the status that it got."""

    method: str
    path: str  # as Discord documents it, without the version
    payload: object  # the JSON body, or `payload_json` of a multipart one; None without a body
    multipart: bool
    status: int  # 0: the connection was cut

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Transcript:
    """Calls each of `listeners` after each request that the bot made."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[Sent], None]] = []

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        path = api_path(request) if self.listeners else None
        if path is None:
            return await handler(request)
        status = 0
        try:
            response = await handler(request)
            cut = request.transport is None or request.transport.is_closing()
            status = 0 if cut else response.status
            return response
        finally:
            multipart = request.content_type == "multipart/form-data"
            sent = Sent(request.method, path, request.get(PAYLOAD), multipart, status)
            for listener in self.listeners:
                listener(sent)
