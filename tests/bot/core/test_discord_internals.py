"""What the bot uses of discord.py beside its documented interface does what it is there for."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from discord.http import Route
from discord.webhook.async_ import interaction_response_params

from bot.core.discord_internals import RetryingAdapter, discord_url
from sandbox.driver import SandboxUser
from sandbox.interactions import Kind
from tests.bot.running import RunningBot
from tests.bot.talking import hatch

pytestmark = pytest.mark.asyncio(loop_scope="module")


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


async def test_a_command_that_is_not_known_is_told_so(
    running: RunningBot, ash: SandboxUser, caplog: pytest.LogCaptureFixture
) -> None:
    """Discord's app offers commands of yesterday for a while."""
    person, begin = running.sandbox.state.people[int(ash.id)], running.sandbox.interactions.begin
    begin(Kind.COMMAND, person, {"id": "1", "name": "yesterday", "type": 1, "options": []}, nonce="1")
    told = await ash.wait_for_message(lambda m: "has changed meanwhile" in m.text)
    assert told.private and errors(caplog) == []


async def test_an_autocomplete_of_a_command_that_is_not_known_ends_quietly(
    running: RunningBot, ash: SandboxUser, caplog: pytest.LogCaptureFixture
) -> None:
    person, begin = running.sandbox.state.people[int(ash.id)], running.sandbox.interactions.begin
    option = {"name": "nothing", "type": 3, "value": "f", "focused": True}
    begin(Kind.AUTOCOMPLETE, person, {"id": "1", "name": "mon", "type": 1, "options": [option]}, nonce="2")
    assert (await hatch(ash)).pictures  # which comes later than that
    assert errors(caplog) == []


async def test_an_interaction_that_cannot_be_read_leaves_the_gateway_alone(
    running: RunningBot, ash: SandboxUser, caplog: pytest.LogCaptureFixture
) -> None:
    running.sandbox.gateway.dispatch("INTERACTION_CREATE", {"type": 2, "id": "x"})
    assert (await hatch(ash)).pictures
    assert any("not as documented" in message for message in errors(caplog))


@pytest_asyncio.fixture(loop_scope="module")
async def breaking() -> AsyncIterator[tuple[str, list[str]]]:
    """A server that breaks the first connection, and says then that the interaction is acknowledged."""
    seen: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.path)
        if len(seen) == 1:
            assert request.transport is not None
            request.transport.abort()
        body = b'{"code": 40060, "message": "already acknowledged"}'
        return web.Response(body=body, content_type="application/json", status=400)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    yield f"http://{host}:{port}", seen
    await runner.cleanup()


async def test_a_callback_whose_answer_was_lost_has_succeeded(
    breaking: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, seen = breaking
    monkeypatch.setattr(Route, "BASE", url)
    assert discord_url() == url
    async with aiohttp.ClientSession() as session:
        acknowledgement = interaction_response_params(5)
        answer = await RetryingAdapter().create_interaction_response(
            7, "token", session=session, params=acknowledgement
        )
    assert seen == ["/interactions/7/token/callback"] * 2
    assert answer is not None and answer["interaction"]["id"] == "7"
