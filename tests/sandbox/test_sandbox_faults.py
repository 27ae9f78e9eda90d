"""Each fault does to an unmodified discord.py what a bad day at Discord does, and then it is over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import aiohttp
import discord
import pytest

from sandbox import Sandbox, SandboxSettings
from sandbox.clock import Clock
from sandbox.driver import ActionRefused, InteractionFailed, SandboxUser
from sandbox.world import CHANNEL_ID
from tests.sandbox.tiny_bot import TinyBot


async def thinking(ash: SandboxUser, tiny: TinyBot) -> discord.Interaction:
    """An interaction that the bot has acknowledged and not answered; its handler waits for ever."""
    handle = await (await ash.command("ponder")).acknowledged()
    return next(i for i in tiny.interactions if str(i.id) == handle.id)


# -- REST ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("everywhere", [False, True])
async def test_a_rate_limited_answer_is_given_once_later(
    sandbox: Sandbox, tiny: TinyBot, ash: SandboxUser, everywhere: bool
) -> None:
    fault = sandbox.faults.rate_limit("callback", retry_after_s=0.01, times=2, everywhere=everywhere)
    reply = await (await ash.command("ping")).message()
    assert reply.content.startswith("Pong") and fault.hits == 2
    assert len([m for m in ash.messages() if m.content.startswith("Pong")]) == 1


async def test_a_server_error_is_told_apart_and_passes(
    sandbox: Sandbox, tiny: TinyBot, ash: SandboxUser
) -> None:
    channel = tiny.get_partial_messageable(CHANNEL_ID)
    sandbox.faults.fail("channel message", 503)
    with pytest.raises(discord.DiscordServerError) as caught:
        await channel.send("One.")
    assert caught.value.status == 503
    await channel.send("Two.")
    await ash.wait(lambda: any(m.content == "Two." for m in ash.messages()))
    assert not any(m.content == "One." for m in ash.messages())


async def test_a_server_error_may_come_after_the_effect(
    sandbox: Sandbox, tiny: TinyBot, ash: SandboxUser
) -> None:
    sandbox.faults.fail("channel message", 503, after=True)
    with pytest.raises(discord.DiscordServerError):
        await tiny.get_partial_messageable(CHANNEL_ID).send("One.")
    await ash.wait(lambda: any(m.content == "One." for m in ash.messages()))


async def test_a_bad_gateway_is_retried_by_the_library(
    sandbox: Sandbox, tiny: TinyBot, ash: SandboxUser
) -> None:
    fault = sandbox.faults.fail("callback", 502)
    assert (await (await ash.command("ping")).message()).content.startswith("Pong")
    assert fault.hits == 1


@pytest.mark.parametrize(
    ("code", "kind", "status"),
    [
        (50027, discord.HTTPException, 401),
        (10015, discord.NotFound, 404),
        (50013, discord.Forbidden, 403),
        (40005, discord.HTTPException, 413),
    ],
)
async def test_a_refusal_has_discords_status_and_code(
    sandbox: Sandbox, tiny: TinyBot, ash: SandboxUser, code: int, kind: type[Exception], status: int
) -> None:
    interaction = await thinking(ash, tiny)
    sandbox.faults.refuse("edit original", code)
    with pytest.raises(kind) as caught:
        await interaction.edit_original_response(content="One.")
    assert isinstance(caught.value, discord.HTTPException)
    assert (caught.value.status, caught.value.code) == (status, code)


@pytest.mark.parametrize("after", [False, True])
async def test_a_lost_connection_may_or_may_not_have_taken_effect(
    sandbox: Sandbox, tiny: TinyBot, ash: SandboxUser, after: bool
) -> None:
    interaction = await thinking(ash, tiny)
    sandbox.faults.drop("edit original", after=after)
    with pytest.raises((aiohttp.ClientError, OSError)):
        await interaction.edit_original_response(content="One.")
    await interaction.followup.send("And then.")
    await ash.wait(lambda: any(m.content == "And then." for m in ash.messages()))
    assert any(m.content == "One." for m in ash.messages()) == after


async def test_a_held_request_waits_until_it_is_released(
    sandbox: Sandbox, tiny: TinyBot, ash: SandboxUser
) -> None:
    interaction = await thinking(ash, tiny)
    fault = sandbox.faults.hold("edit original")
    editing = asyncio.create_task(interaction.edit_original_response(content="One."))
    await fault.met()
    await tiny.get_partial_messageable(CHANNEL_ID).send("Meanwhile.")  # another request passes
    assert not editing.done() and not any(m.content == "One." for m in ash.messages())
    fault.release()
    await editing
    await ash.wait(lambda: any(m.content == "One." for m in ash.messages()))


async def test_a_delayed_acknowledgement_comes_too_late(settings: SandboxSettings) -> None:
    sandbox = Sandbox(replace(settings, acknowledge_within_s=0.05))
    await sandbox.start()
    sandbox.point_discord_here()
    bot = TinyBot()
    await bot.run_in_background(sandbox.token)
    async with SandboxUser(sandbox.url, "Ash") as ash:
        sandbox.faults.delay("callback", 0.3)
        with pytest.raises(InteractionFailed, match="did not respond"):
            await (await ash.command("ping")).message()
    await bot.stop()
    await sandbox.stop()


async def test_faults_end_with_their_block(sandbox: Sandbox, tiny: TinyBot, ash: SandboxUser) -> None:
    interaction = await thinking(ash, tiny)
    with sandbox.faults.only_here() as faults:
        fault = faults.refuse("edit original", 50013, times=None)
        for _ in range(2):
            with pytest.raises(discord.Forbidden):
                await interaction.edit_original_response(content="One.")
    await interaction.edit_original_response(content="Two.")
    assert fault.hits == 2


async def test_a_fault_can_name_a_method_and_a_path(
    sandbox: Sandbox, tiny: TinyBot, ash: SandboxUser
) -> None:
    interaction = await thinking(ash, tiny)
    fault = sandbox.faults.refuse("PATCH /webhooks/*", 50013)
    await interaction.followup.send("A POST.")
    assert fault.hits == 0
    with pytest.raises(discord.Forbidden):
        await interaction.edit_original_response(content="A PATCH.")


async def test_impossible_faults_are_refused(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="is none of"):
        sandbox.faults.fail("nonsense")
    with pytest.raises(ValueError, match="not 12345"):
        sandbox.faults.refuse("any", 12345)
    with pytest.raises(LookupError):
        sandbox.faults.expire(1)


# -- tokens and time -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [50027, 10015])
async def test_one_token_ends_and_the_others_live(
    sandbox: Sandbox, tiny: TinyBot, ash: SandboxUser, code: int
) -> None:
    first, second = await thinking(ash, tiny), await thinking(ash, tiny)
    sandbox.faults.expire(first.id, code=code)
    with pytest.raises(discord.HTTPException) as caught:
        await first.edit_original_response(content="One.")
    assert caught.value.code == code
    await second.edit_original_response(content="Two.")


async def test_a_token_lives_for_fifteen_minutes(sandbox: Sandbox, tiny: TinyBot, ash: SandboxUser) -> None:
    interaction = await thinking(ash, tiny)
    sandbox.clock.stop()
    sandbox.clock.advance(14 * 60)
    await interaction.edit_original_response(content="In time.")
    sandbox.clock.advance(2 * 60)
    with pytest.raises(discord.HTTPException) as caught:
        await interaction.edit_original_response(content="Too late.")
    assert caught.value.code == 50027


async def test_a_stopped_clock_lets_no_deadline_pass(settings: SandboxSettings) -> None:
    clock = Clock()
    clock.stop()
    rung: list[str] = []
    clock.call_later(0.0, lambda: rung.append("first"))
    clock.call_later(5.0, lambda: rung.append("third"))
    clock.call_later(2.0, lambda: rung.append("second"))
    cancelled = clock.call_later(1.0, lambda: rung.append("never"))
    cancelled.cancel()
    await asyncio.sleep(0.01)
    assert rung == []
    clock.advance(3.0)
    assert rung == ["first", "second"]
    clock.advance(3.0)
    assert rung == ["first", "second", "third"]
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(-1)


async def test_addresses_of_files_are_signed_and_end(
    sandbox: Sandbox, tiny: TinyBot, ash: SandboxUser
) -> None:
    shown = await (await ash.command("show", name="Foo")).message()
    url = f"{sandbox.url}{shown.attachments[0].url.removeprefix(sandbox.url)}"

    async def status(address: str) -> int:
        async with aiohttp.request("GET", address) as response:
            return response.status

    assert await status(url) == 200
    assert await status(url.partition("?")[0]) == 404
    assert await status(url.replace("ex=", "ex=f")) == 404
    sandbox.clock.advance(25 * 3600)
    assert await status(url) == 404


# -- the gateway ---------------------------------------------------------------------------------------------


def cut(sandbox: Sandbox) -> None:
    sandbox.faults.gateway.abort()


def ask(sandbox: Sandbox) -> None:
    sandbox.faults.gateway.reconnect()


def close(sandbox: Sandbox) -> None:
    sandbox.faults.gateway.close(4000)


def refuse_for_now(sandbox: Sandbox) -> None:
    sandbox.faults.gateway.invalidate(resumable=True)


@pytest.mark.parametrize("happen", [cut, ask, close, refuse_for_now])
async def test_a_bot_resumes_and_gets_every_event_once(
    sandbox: Sandbox, tiny: TinyBot, ash: SandboxUser, happen: Callable[[Sandbox], None]
) -> None:
    sandbox.faults.gateway.hold()
    handles = [await ash.command("ping") for _ in range(3)]
    happen(sandbox)
    for handle in handles:
        await handle.message()
    assert tiny.resumed.is_set()
    ids = [i.id for i in tiny.interactions]
    assert ids == sorted(set(ids)) and len(ids) == 3


async def test_a_lost_session_begins_anew(sandbox: Sandbox, tiny: TinyBot, ash: SandboxUser) -> None:
    tiny.connected.clear()
    sandbox.faults.gateway.close(4009)
    await asyncio.wait_for(tiny.connected.wait(), 30)
    await ash.wait(lambda: ash.online)
    assert (await (await ash.command("ping")).message()).content.startswith("Pong")


async def test_held_events_arrive_in_their_order(sandbox: Sandbox, tiny: TinyBot, ash: SandboxUser) -> None:
    sandbox.faults.gateway.hold()
    handles = [await ash.command("ping") for _ in range(3)]
    await asyncio.sleep(0.05)
    assert tiny.interactions == []
    sandbox.faults.gateway.release()
    for handle in handles:
        await handle.message()
    assert [str(i.id) for i in tiny.interactions] == [handle.id for handle in handles]


async def test_a_bot_without_heartbeats_comes_back(settings: SandboxSettings) -> None:
    sandbox = Sandbox(settings)
    await sandbox.start()
    sandbox.point_discord_here()
    sandbox.faults.gateway.stop_heartbeat_acks(heartbeat_interval_ms=100)
    bot = TinyBot(heartbeat_timeout_s=0.5)
    await bot.run_in_background(sandbox.token)
    await asyncio.wait_for(bot.resumed.wait(), 90)
    sandbox.faults.clear()
    async with SandboxUser(sandbox.url, "Ash") as ash:
        await ash.wait(lambda: ash.online)
        assert (await (await ash.command("ping")).message()).content.startswith("Pong")
    await bot.stop()
    await sandbox.stop()


# -- from another process ------------------------------------------------------------------------------------


async def test_nobody_outside_sets_up_faults_unless_told_so(sandbox: Sandbox, ash: SandboxUser) -> None:
    with pytest.raises((ActionRefused, aiohttp.ClientError)):
        await ash.fault("clear")


class TestRemote:
    @pytest.fixture
    def settings(self, settings: SandboxSettings) -> SandboxSettings:
        return replace(settings, remote_faults=True)

    async def test_faults_come_from_another_process(
        self, sandbox: Sandbox, tiny: TinyBot, ash: SandboxUser
    ) -> None:
        interaction = await thinking(ash, tiny)
        await ash.fault("refuse", what="edit original", code=50013)
        with pytest.raises(discord.Forbidden):
            await interaction.edit_original_response(content="One.")
        await ash.fault("gateway.reconnect")
        await asyncio.wait_for(tiny.resumed.wait(), 30)
        for action, arguments in (("nonsense", {}), ("fail", {"what": "nothing"}), ("fail", {"who": 1})):
            with pytest.raises(ActionRefused):
                await ash.fault(action, **arguments)
