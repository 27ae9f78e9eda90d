"""What Discord refuses, the sandbox refuses with the same status and code."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import aiohttp
import discord
import pytest

from sandbox import Sandbox, SandboxSettings
from sandbox.driver import InteractionFailed, SandboxUser
from sandbox.errors import ApiError
from sandbox.form import Form
from sandbox.limits import check_message
from tests.sandbox.tiny_bot import TinyBot


class TestTooSlow:
    @pytest.fixture
    def settings(self, settings: SandboxSettings) -> SandboxSettings:
        return replace(settings, acknowledge_within_s=0.05)

    async def test_late_answer_is_an_unknown_interaction(self, tiny: TinyBot, ash: SandboxUser) -> None:
        handle = await ash.command("slow")
        with pytest.raises(InteractionFailed, match="did not respond"):
            await handle.acknowledged()
        tiny.gate.set()
        error = await tiny.errors.get()
        assert isinstance(error, discord.NotFound)
        assert error.code == 10062

    async def test_too_many_choices_are_no_answer(self, tiny: TinyBot, ash: SandboxUser) -> None:
        with pytest.raises(InteractionFailed):
            await ash.autocomplete("show", "name", "Foo")

    async def test_without_a_bot_nobody_answers(self, sandbox: Sandbox, ash: SandboxUser) -> None:
        await sandbox.state.set_commands(0, [{"id": "1", "name": "ping", "type": 1, "description": "…"}])
        with pytest.raises(InteractionFailed):
            await (await ash.command("ping")).acknowledged()


async def test_second_answer_is_already_acknowledged(tiny: TinyBot, ash: SandboxUser) -> None:
    reply = await (await ash.command("twice")).message()
    assert reply.content == "Once."
    error = await tiny.errors.get()
    assert (error.status, error.code) == (400, 40060)


async def test_token_ends_after_its_lifetime(sandbox: Sandbox, tiny: TinyBot, ash: SandboxUser) -> None:
    handle = await ash.command("ponder")
    await handle.acknowledged()
    sandbox.interactions.expire_tokens()
    with pytest.raises(InteractionFailed, match="never came"):
        await handle.message()
    tiny.gate.set()
    error = await tiny.errors.get()
    assert (error.status, error.code) == (401, 50027)


async def test_a_deferred_answer_that_was_deleted_leaves_nothing_to_follow_up(
    tiny: TinyBot, ash: SandboxUser
) -> None:
    handle = await ash.command("ponder")
    await handle.acknowledged()
    interaction = tiny.pondered[-1]
    await interaction.delete_original_response()
    with pytest.raises(discord.NotFound) as refused:
        await interaction.followup.send("And then.", ephemeral=True)
    assert refused.value.code == 10008
    tiny.gate.set()
    error = await tiny.errors.get()
    assert (error.status, error.code) == (404, 10008)


async def test_what_follows_a_deferred_answer_that_came_is_a_message_of_its_own(
    tiny: TinyBot, ash: SandboxUser
) -> None:
    handle = await ash.command("ponder")
    await handle.acknowledged()
    interaction = tiny.pondered[-1]
    await interaction.edit_original_response(content="…")
    follow_up = await interaction.followup.send("And then.", ephemeral=True, wait=True)
    assert follow_up.flags.ephemeral
    await interaction.delete_original_response()
    tiny.gate.set()


@pytest.mark.parametrize("limit", ["label", "title", "content"])
async def test_oversized_answer_is_refused_and_may_be_repeated(
    tiny: TinyBot, ash: SandboxUser, limit: str
) -> None:
    reply = await (await ash.command("break_limit", limit=limit)).message()
    error = tiny.refused[0]
    assert (error.status, error.code) == (400, 50035)
    assert reply.content == "That was too much."


async def test_webhook_is_unknown_before_the_first_answer(sandbox: Sandbox, ash: SandboxUser) -> None:
    await sandbox.state.set_commands(0, [{"id": "1", "name": "ping", "type": 1, "description": "…"}])
    handle = await ash.command("ping")
    interaction = sandbox.interactions.get(int(handle.id))
    assert interaction is not None
    with pytest.raises(ApiError, match="10015"):
        sandbox.interactions.answered(interaction.token)


async def test_private_answer_is_hidden_from_others(
    sandbox: Sandbox, tiny: TinyBot, ash: SandboxUser
) -> None:
    private = await (await ash.command("refuse")).message()
    assert private.private
    channel = tiny.get_channel(int(private.raw["channel_id"]))
    assert isinstance(channel, discord.TextChannel)
    with pytest.raises(discord.NotFound):
        await channel.fetch_message(int(private.id))
    assert private.id not in [str(message.id) async for message in channel.history()]


async def test_bot_edits_and_deletes_only_its_own_messages(tiny: TinyBot, ash: SandboxUser) -> None:
    await ash.say("mine")
    said = await ash.wait_for_message(lambda m: m.content == "mine")
    channel = tiny.get_channel(int(said.raw["channel_id"]))
    assert isinstance(channel, discord.TextChannel)
    theirs = await channel.fetch_message(int(said.id))
    with pytest.raises(discord.Forbidden):
        await theirs.edit(content="yours")
    own = await channel.send("working…")
    await own.edit(content="done")
    edited = await ash.wait_for_message(lambda m: m.content == "done")
    await own.delete()
    await ash.wait(lambda: edited.id not in ash.history)
    with pytest.raises(discord.NotFound) as missing:
        await own.edit(content="again")
    assert missing.value.code == 10008


async def test_syncing_again_keeps_command_ids(tiny: TinyBot, ash: SandboxUser) -> None:
    before = {command.name: command.id for command in await tiny.tree.fetch_commands()}
    after = {command.name: command.id for command in await tiny.tree.sync()}
    assert before == after
    await ash.wait(lambda: any(event["event"] == "commands" for event in ash.events))


@pytest.mark.parametrize(
    "command",
    [
        {"name": "Loud", "description": "x"},
        {"name": "a", "description": ""},
        {"name": "a", "description": "x" * 101},
        {"name": "a", "description": "x", "options": [{"name": "b", "type": 3, "description": "x"}] * 26},
    ],
)
async def test_malformed_commands_are_refused(sandbox: Sandbox, command: dict[str, Any]) -> None:
    app = (await sandbox_get(sandbox, "/users/@me"))["id"]
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bot {sandbox.token}"}) as session,
        session.put(f"{sandbox.url}/api/v10/applications/{app}/commands", json=[command]) as response,
    ):
        assert (response.status, (await response.json())["code"]) == (400, 50035)


async def sandbox_get(sandbox: Sandbox, path: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bot {sandbox.token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.get(f"{sandbox.url}/api/v10{path}") as response,
    ):
        return await response.json()


async def test_wrong_token_fails_the_login(sandbox: Sandbox) -> None:
    with pytest.raises(discord.LoginFailure):
        bot = TinyBot()
        try:
            await bot.run_in_background("not the token")
        finally:
            await bot.stop()


async def test_gateway_closes_on_a_wrong_token(sandbox: Sandbox) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(sandbox.gateway.url) as socket,
    ):
        assert (await socket.receive_json())["op"] == 10
        await socket.send_json({"op": 2, "d": {"token": "wrong", "intents": 0}})
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
        assert socket.close_code == 4004


async def test_an_answer_to_a_heartbeat_is_never_quicker_than_the_bot_can_note_that_it_sent_one(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.gateway.ACK_DELAY_S", 0.5)
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(sandbox.gateway.url) as socket,
    ):
        assert (await socket.receive_json())["op"] == 10
        await socket.send_json({"op": 1, "d": None})
        await socket.send_json({"op": 2, "d": {"token": sandbox.token, "intents": 0}})
        assert [(await socket.receive_json())["op"] for _ in range(2)] == [0, 11]  # READY comes before it


async def test_unknown_routes_answer_like_discord(sandbox: Sandbox) -> None:
    assert await sandbox_get(sandbox, "/nothing") == {"message": "404: Not Found", "code": 0}


def button(custom_id: str = "a", **more: Any) -> dict[str, Any]:
    return {"type": 2, "style": 1, "label": "x", "custom_id": custom_id} | more


def row(*children: dict[str, Any]) -> dict[str, Any]:
    return {"type": 1, "components": list(children)}


def menu(**more: Any) -> dict[str, Any]:
    return {"type": 3, "custom_id": "m", "options": [{"label": "x", "value": "x"}]} | more


@pytest.mark.parametrize(
    "draft",
    [
        {"embeds": [{"title": "x"}] * 11},
        {"embeds": [{"description": "x" * 4000}, {"description": "x" * 2001}]},
        {"embeds": [{"fields": [{"name": "x", "value": ""}]}]},
        {"embeds": [{"footer": {"text": "x" * 2049}}]},
        {"embeds": [{"image": {"url": "file:///etc/passwd"}}]},
        {"components": [row(button())] * 6},
        {"components": [row(*(button(str(i)) for i in range(6)))]},
        {"components": [row(button("x" * 101))]},
        {"components": [row(button("same"), button("same"))]},
        {"components": [row(button(label=""))]},
        {"components": [row(button(), menu())]},
        {"components": [row(menu(options=[]))]},
        {"components": [row(menu(options=[{"label": str(i), "value": str(i)} for i in range(26)]))]},
        {"components": [row(menu(options=[{"label": "x", "value": "x"}] * 2))]},
        {"components": [button()]},
        {"attachments": [{"filename": f"{i}.png"} for i in range(11)]},
    ],
)
def test_messages_over_a_limit_are_refused(draft: dict[str, Any]) -> None:
    form = Form()
    check_message(form, (), {"attachments": []} | draft, layout=False)
    with pytest.raises(ApiError, match="50035"):
        form.settle()


@pytest.mark.parametrize(
    "components",
    [
        [{"type": 10, "content": "x" * 4001}],
        [{"type": 10, "content": "x"}] * 41,
        [{"type": 12, "items": [{"media": {"url": "attachment://missing.png"}}]}],
        [{"type": 12, "items": []}],
        [{"type": 17, "components": [{"type": 17, "components": []}]}],
        [button()],
    ],
)
def test_layouts_over_a_limit_are_refused(components: list[dict[str, Any]]) -> None:
    form = Form()
    check_message(form, (), {"attachments": [], "components": components}, layout=True)
    with pytest.raises(ApiError, match="50035"):
        form.settle()


async def test_file_over_the_limit_is_refused(tiny: TinyBot, ash: SandboxUser) -> None:
    reply = await (await ash.command("ping")).message()
    channel = tiny.get_partial_messageable(int(reply.raw["channel_id"]))
    big = discord.File(io.BytesIO(bytes(10 * 1024 * 1024 + 1)), "big.bin")
    with pytest.raises(discord.HTTPException) as refusal:
        await channel.send(file=big)
    assert (refusal.value.status, refusal.value.code) == (413, 40005)
