"""Faults on demand, for tests: what goes wrong between a bot and Discord, caused at will. All off by default.

    sandbox.faults.rate_limit("callback", retry_after_s=0.01)
    sandbox.faults.refuse("edit original", 50027, times=None)
    sandbox.faults.gateway.abort()

A REST fault names the requests it meets: one of `KINDS`, "any", or a method and a path with wildcards such as
"PATCH /webhooks/*". The path is Discord's, without `/api/v10`. docs/sandbox.md has more examples.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from aiohttp import web

from sandbox.answers import json_answer
from sandbox.clock import Clock
from sandbox.errors import discord_error
from sandbox.gateway import Gateway
from sandbox.interactions import Interactions
from sandbox.web_guard import Handler, api_path

KINDS = {
    "callback": "POST /interactions/*/callback",
    "edit original": "PATCH /webhooks/*/messages/@original",
    "get original": "GET /webhooks/*/messages/@original",
    "delete original": "DELETE /webhooks/*/messages/@original",
    "edit followup": "PATCH /webhooks/*/messages/[0-9]*",
    "delete followup": "DELETE /webhooks/*/messages/[0-9]*",
    "followup": "POST /webhooks/*",
    "channel message": "POST /channels/*/messages",
    "edit message": "PATCH /channels/*/messages/*",
    "delete message": "DELETE /channels/*/messages/*",
    "commands": "PUT /applications/*/commands",
    "file": "GET /*attachments/*",
    "any": "*",
}


@dataclass(slots=True, eq=False)
class Fault:
    """A fault that is set up. `hits` counts the requests that ran into it, and `met` waits for them."""

    pattern: str
    times: int | None  # how many requests meet it; None: all
    answer: web.Response | None = None  # instead of the real one
    drop: bool = False  # cut the connection instead of answering
    after: bool = False  # only once the request has taken effect
    delay_s: float = 0.0
    hits: int = 0
    _open: asyncio.Event = field(default_factory=asyncio.Event)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    def __post_init__(self) -> None:
        self._open.set()

    def close_gate(self) -> None:
        self._open.clear()

    def release(self) -> None:
        """Lets go of the requests that are held, and of all later ones."""
        self._open.set()

    async def met(self, hits: int = 1) -> None:
        """Returns once that many requests have run into it."""
        async with self._news:
            await self._news.wait_for(lambda: self.hits >= hits)

    def takes(self, method: str, path: str) -> bool:
        """Does the request meet this fault? Counts it if it does."""
        exhausted = self.times is not None and self.hits >= self.times
        if exhausted or not fnmatchcase(f"{method} {path}", self.pattern):
            return False
        self.hits += 1
        return True

    async def befall(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Treats a request as the fault says."""
        async with self._news:
            self._news.notify_all()
        await self._open.wait()
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        real = None if (self.answer or self.drop) and not self.after else await handler(request)
        if self.drop and request.transport is not None:
            request.transport.abort()
        return _copy(self.answer) if self.answer else real or web.Response()


class Faults:
    """All faults of a sandbox. The methods that set one up for REST return it."""

    def __init__(self, gateway: Gateway, interactions: Interactions, clock: Clock) -> None:
        self.gateway = GatewayFaults(gateway)
        self.interactions = interactions
        self.clock = clock
        self._faults: list[Fault] = []

    def rate_limit(
        self, what: str, *, retry_after_s: float = 0.05, times: int | None = 1, everywhere: bool = False
    ) -> Fault:
        """429 with what Discord says beside it; `everywhere`: the bot's global limit, not the route's."""
        body = {
            "message": "You are being rate limited.",
            "retry_after": retry_after_s,
            "global": everywhere,
        }
        answer = json_answer(body, 429)
        answer.headers.update(
            {
                "Retry-After": str(math.ceil(retry_after_s)),
                "Via": "1.1 google",  # without it discord.py takes the answer for a ban by Cloudflare
                "X-RateLimit-Scope": "global" if everywhere else "user",
            }
        )
        if everywhere:
            answer.headers["X-RateLimit-Global"] = "true"
        else:
            answer.headers.update(
                {
                    "X-RateLimit-Limit": "5",
                    "X-RateLimit-Remaining": "0",
                    "X-RateLimit-Reset": f"{self.clock.time() + retry_after_s:.3f}",
                    "X-RateLimit-Reset-After": f"{retry_after_s:.3f}",
                    "X-RateLimit-Bucket": f"{hash(what) & 0xFFFFFFFF:08x}",
                }
            )
        return self._add(Fault(_pattern(what), times, answer))

    def fail(self, what: str, status: int = 503, *, times: int | None = 1, after: bool = False) -> Fault:
        """A 5xx from Discord's edge, as a page of text; `after`: though the request took effect."""
        answer = web.Response(status=status, text="upstream connect error or disconnect/reset before headers")
        return self._add(Fault(_pattern(what), times, answer, after=after))

    def refuse(self, what: str, code: int, *, times: int | None = 1, after: bool = False) -> Fault:
        """Discord's JSON error `code` with the status and message that belong to it. Raises ValueError for a
        code that the sandbox does not know."""
        error = discord_error(code)
        return self._add(Fault(_pattern(what), times, json_answer(error.body, error.status), after=after))

    def drop(self, what: str, *, times: int | None = 1, after: bool = False) -> Fault:
        """Cuts the connection; with `after` the request took effect and only its answer is lost."""
        return self._add(Fault(_pattern(what), times, drop=True, after=after))

    def delay(self, what: str, seconds: float, *, times: int | None = 1) -> Fault:
        """A slow network: the request is handled that much later."""
        return self._add(Fault(_pattern(what), times, delay_s=seconds))

    def hold(self, what: str, *, times: int | None = 1) -> Fault:
        """Keeps the request until `release()` is called on what this returns."""
        fault = Fault(_pattern(what), times)
        fault.close_gate()
        return self._add(fault)

    def expire(self, interaction_id: int | str | None = None, *, code: int = 50027) -> None:
        """Ends the webhook token of one interaction, or of all: later uses get 401/50027, or 404/10015."""
        self.interactions.expire_tokens(None if interaction_id is None else int(interaction_id), code)

    def clear(self) -> None:
        """Ends all REST faults, lets held requests and gateway events go, and turns heartbeats on again."""
        for fault in self._faults:
            fault.release()
        self._faults.clear()
        self.gateway.clear()

    @contextmanager
    def only_here(self) -> Iterator[Faults]:
        """Clears everything at the end of the block."""
        try:
            yield self
        finally:
            self.clear()

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        path = api_path(request)
        if path is not None:
            for fault in self._faults:
                if fault.takes(request.method, path):
                    return await fault.befall(request, handler)
        return await handler(request)

    def _add(self, fault: Fault) -> Fault:
        self._faults.append(fault)
        return fault


class GatewayFaults:
    """What a gateway does to its connections on a bad day. Each method acts on all of them at once."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def close(self, code: int = 4000) -> None:
        """Closes with a code. After 4007 and 4009 the session is gone, so that a resume is refused (op 9);
        after 4004 and 4010–4014 a bot does not come back."""
        self._gateway.close_connections(code)

    def abort(self) -> None:
        """Cuts the sockets without a word; the bot can resume."""
        self._gateway.drop_connections()

    def reconnect(self) -> None:
        """Op 7: the bot is asked to come back and resume."""
        self._gateway.ask_to_reconnect()

    def invalidate(self, *, resumable: bool = False) -> None:
        """Op 9. Not resumable: the session and the events that it still held are gone."""
        self._gateway.invalidate_sessions(resumable=resumable)

    def hold(self) -> None:
        """Keeps events back until `release()`, or until the bot resumes on another connection, which then
        gets them in their order."""
        self._gateway.hold_events()

    def release(self) -> None:
        self._gateway.release_events()

    def stop_heartbeat_acks(self, heartbeat_interval_ms: int | None = None) -> None:
        """No heartbeat is acknowledged until `clear`; the interval is for the connections to come."""
        self._gateway.heartbeats_acknowledged = False
        if heartbeat_interval_ms is not None:
            self._gateway.heartbeat_interval_ms = heartbeat_interval_ms

    def clear(self) -> None:
        self._gateway.heartbeats_acknowledged = True
        self._gateway.release_events()


def _pattern(what: str) -> str:
    if what in KINDS:
        return KINDS[what]
    if " /" not in what:
        raise ValueError(f'{what!r} is none of {", ".join(KINDS)}, and not "METHOD /path" either.')
    return what


def _copy(answer: web.Response) -> web.Response:
    """A response can be sent once only."""
    headers = {key: value for key, value in answer.headers.items() if key != "Content-Type"}
    return web.Response(
        status=answer.status, body=answer.body, headers=headers, content_type=answer.content_type
    )
