"""How the bot comes to Discord: its shards, intents and commands, and what if Discord does not want it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot import client
from sandbox.driver import SandboxUser
from tests.bot.running import RunningBot
from tests.bot.stage import Stage, line_with
from tests.bot.talking import hatch

GUILDS = 1 << 0  # the one intent that is needed, and none of the privileged


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with Stage(tmp_path) as stage:
        yield stage


def changed(bot: RunningBot) -> None:
    """As if the commands had been others the last time that they were sent."""
    (bot.settings.data_dir / "synced-commands.json").write_text("other commands")


async def test_it_comes_with_as_many_shards_as_discord_says_and_the_least_intents(stage: Stage) -> None:
    stage.sandbox.gateway.shards = 3
    await stage.bot()
    sessions = stage.sandbox.gateway.sessions
    assert sorted(session.shard for session in sessions) == [(0, 3), (1, 3), (2, 3)]
    assert {session.intents for session in sessions} == {GUILDS}
    assert (await hatch(await stage.person("Ash"))).pictures
    async with SandboxUser(stage.sandbox.url, "Ash", place="direct") as ash:
        assert (await hatch(ash)).pictures


async def test_commands_are_sent_once_and_again_only_if_they_changed_or_were_lost(stage: Stage) -> None:
    sent = stage.sandbox.faults.delay("commands", 0, times=None)
    bot = await stage.bot()
    assert sent.hits == 1
    for what_happens, times in ((lambda: None, 1), (lambda: changed(bot), 2)):
        await bot.stop()
        what_happens()
        await bot.start()
        assert sent.hits == times
    await bot.stop()
    await stage.sandbox.state.set_commands(0, [])
    await bot.start()
    assert sent.hits == 3


async def test_a_bot_whose_commands_are_not_taken_serves_with_those_that_are_there(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    bot = await stage.bot()
    await bot.stop()
    changed(bot)
    refused = stage.sandbox.faults.refuse("commands", 30034)  # 200 a day
    caplog.set_level(logging.ERROR)
    await bot.start()
    assert refused.hits == 1 and "commands could not be sent" in caplog.text
    assert (await hatch(await stage.person("Ash"))).pictures
    await bot.stop()
    sent = stage.sandbox.faults.delay("commands", 0)
    await bot.start()  # it is tried again
    assert sent.hits == 1


async def test_nobody_waits_for_a_rate_limit_of_an_hour(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = await stage.bot()
    await bot.stop()
    changed(bot)
    monkeypatch.setattr(client, "SYNC_TIMEOUT_S", 0.2)
    limited = stage.sandbox.faults.rate_limit("commands", retry_after_s=3600)
    await bot.start()
    assert limited.hits == 1
    assert (await hatch(await stage.person("Ash"))).pictures
    await bot.stop()  # at once, too


async def test_a_login_that_discord_refuses_is_one_sentence(stage: Stage) -> None:
    stage.sandbox.faults.refuse("GET /users/@me", 50001)
    process = await stage.bot_process()
    said = await line_with(process, "newmon:")
    assert "Discord does not let the bot in" in said and "Missing Access" in said
    assert await process.wait() == 1


async def test_a_token_that_is_reset_while_it_runs_ends_it_with_a_sentence(stage: Stage) -> None:
    process = await stage.bot_process()
    await line_with(process, "newmon is ready")
    stage.sandbox.faults.gateway.close(4004)
    said = await line_with(process, "newmon:")
    assert "Discord does not let the bot in" in said and "4004" in said
    assert await process.wait() == 1
