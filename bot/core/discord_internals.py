"""All that the bot needs of discord.py beside its public interface; discord.py is pinned for it.

Five things: commands that are not as documented (`Tree`), interactions that are not (`guard`), answers over
a network that is not perfect (`retry_broken_connections`), how the gateway is (`heartbeat_ages_s`), and where
Discord is (`discord_url`). Each has a test in tests/bot/core/test_discord_internals.py, or of health, that
fails where a new version of discord.py does it otherwise.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp
import discord
from discord import app_commands
from discord.http import Route
from discord.webhook.async_ import AsyncWebhookAdapter, async_context
from yarl import URL

from bot.core.errors import ALREADY_ACKNOWLEDGED, note, report, serve
from bot.core.interaction import Bot
from bot.system import metrics

log = logging.getLogger(__name__)

RETRY_AFTER_S = (0.05, 0.25, 0.7)  # an acknowledgement has three seconds in all
CDN, CDN_RESIZING = URL("https://cdn.discordapp.com"), URL("https://media.discordapp.net")
BROKEN = (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, ConnectionError)


class Tree(app_commands.CommandTree[Bot]):
    """Runs commands and autocompletes.

    `interaction_check` would be public, but a command that is not as documented raises after it, in a task
    that nobody waits for.
    """

    async def _call(self, interaction: discord.Interaction[Bot]) -> None:
        suggests = interaction.type is discord.InteractionType.autocomplete
        work = self._suggest if suggests else super()._call
        await serve(interaction, lambda: work(interaction))

    async def _suggest(self, interaction: discord.Interaction[Bot]) -> None:
        """As discord.py does it, which logs a traceback for whoever types on before the answer is there."""
        data: Any = interaction.data
        command, options = self._get_app_command_options(data)
        focused = next((option["name"] for option in options if option.get("focused")), None)
        if focused is None:
            raise app_commands.CommandSignatureMismatch(command)
        values = app_commands.Namespace(interaction, data.get("resolved", {}), options)
        await command._invoke_autocomplete(interaction, focused, values)

    async def on_error(
        self, interaction: discord.Interaction[Bot], error: app_commands.AppCommandError, /
    ) -> None:
        await report(interaction, getattr(error, "original", error))


def guard(client: discord.Client) -> None:
    """Keep an interaction that is not as documented from ending the bot.

    discord.py reads it in the task that reads the gateway, before any hook of ours.
    """
    parsers = client._connection.parsers
    parse = parsers["INTERACTION_CREATE"]

    def parse_guarded(data: Any) -> None:
        try:
            parse(data)
        except Exception as error:
            note(error, "an interaction was not as documented")

    parsers["INTERACTION_CREATE"] = parse_guarded


class _Counting:
    """A session that counts requests; discord.py's adapter asks nothing else of it."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session
        self.requests = 0

    def request(self, *where: Any, **options: Any) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        self.requests += 1
        return self.session.request(*where, **options)


class RetryingAdapter(AsyncWebhookAdapter):
    """Sends callbacks and edits again when the connection breaks; both have the same effect twice as once.

    discord.py tries again where Discord is busy, and gives up where a connection breaks, as one that was idle
    for a while likes to. An acknowledgement or a picture would be lost by that.
    """

    async def request(self, route: Route, session: Any, **options: Any) -> Any:
        """As discord.py's. A callback that went out more than once and is refused, because the interaction is
        acknowledged already, has succeeded: only its answer was lost.
        """
        counting = _Counting(session)
        files: Sequence[discord.File] = options.get("files") or ()
        for delay_s in (*RETRY_AFTER_S, None):
            try:
                answer = await super().request(route, counting, **options)  # pyright: ignore[reportArgumentType]
                if _is_callback(route):
                    metrics.acknowledged()
                return answer
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


def retry_broken_connections() -> None:
    """For everything that the calling task and those it starts send by an interaction's token."""
    async_context.set(RetryingAdapter())


def heartbeat_ages_s(client: discord.AutoShardedClient) -> dict[int, float]:
    """For each shard that is connected, how long ago the gateway last acknowledged a heartbeat."""
    now_s = time.perf_counter()
    ages_s: dict[int, float] = {}
    for number, shard in client.shards.items():
        keeper = None if shard.is_closed() else shard._parent.ws._keep_alive
        if keeper is not None:
            ages_s[number] = now_s - keeper._last_ack
    return ages_s


def discord_url() -> str:
    """Where discord.py reaches Discord."""
    return Route.BASE


def cdn_origins() -> frozenset[URL]:
    """Where Discord's files lie, for discord.py; the second of two addresses gives them in other sizes."""
    own = URL(discord.Asset.BASE).origin()
    return frozenset({own, CDN_RESIZING} if own == CDN else {own})
