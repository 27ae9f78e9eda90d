"""How answers reach Discord over a network that is not perfect.

discord.py tries again where Discord is busy, and gives up where a connection breaks, as one that was idle for
a while likes to. An acknowledgement or a picture would be lost by that; here it is sent again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp
import discord
from discord.http import Route
from discord.webhook.async_ import AsyncWebhookAdapter, async_context

log = logging.getLogger(__name__)

RETRY_AFTER_S = (0.05, 0.25, 0.7)  # an acknowledgement has three seconds in all
ALREADY_ACKNOWLEDGED = 40060
BROKEN = (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, ConnectionError)


class _Counting:
    """A session that counts requests; discord.py's adapter asks nothing else of it."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session
        self.requests = 0

    def request(self, *where: Any, **options: Any) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        self.requests += 1
        return self.session.request(*where, **options)


class PatientAdapter(AsyncWebhookAdapter):
    """Sends callbacks and edits again when the connection breaks; both have the same effect twice as once."""

    async def request(self, route: Route, session: Any, **options: Any) -> Any:
        """As discord.py's. A callback that went out more than once and is refused, because the interaction is
        acknowledged already, has succeeded: only its answer was lost.
        """
        counting = _Counting(session)
        files: Sequence[discord.File] = options.get("files") or ()
        for delay_s in (*RETRY_AFTER_S, None):
            try:
                return await super().request(route, counting, **options)  # pyright: ignore[reportArgumentType]
            except discord.HTTPException as error:
                if error.code == ALREADY_ACKNOWLEDGED and counting.requests > 1:
                    return {"interaction": {"id": str(route.webhook_id)}}  # what discord.py makes use of
                raise
            except BROKEN as error:
                if delay_s is None or not _repeatable(route, error):
                    raise
                log.info("The connection to Discord broke (%s), trying again.", type(error).__name__)
            await asyncio.sleep(delay_s)
            for file in files:
                file.reset()
        raise AssertionError("the last attempt returns or raises")


def _repeatable(route: Route, error: Exception) -> bool:
    """Whether sending it again does no harm. A new message is one more if the first arrived after all."""
    new_message = route.method == "POST" and not _is_callback(route)
    return not new_message or isinstance(error, aiohttp.ClientConnectorError)


def _is_callback(route: Route) -> bool:
    return route.path.endswith("/callback")


def be_patient() -> None:
    """For everything that the calling task and those it starts send by an interaction's token."""
    async_context.set(PatientAdapter())
