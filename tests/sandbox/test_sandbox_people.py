"""People and places of the sandbox, as a bot gets to see them: roles, permissions, contexts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import discord
import pytest

from sandbox import Sandbox, SandboxSettings
from sandbox.driver import ActionRefused, SandboxUser
from sandbox.places import Kind
from tests.sandbox.tiny_bot import TinyBot


async def met(sandbox: Sandbox, tiny: TinyBot, name: str, place: Kind = "server") -> discord.Interaction:
    """The interaction that the bot gets when this person uses a command there."""
    async with SandboxUser(sandbox.url, name, place) as user:
        await (await user.command("hatch")).message()
    return tiny.interactions[-1]


@pytest.mark.parametrize(
    ("name", "roles", "manages", "administers"),
    [
        ("Ash", [], False, False),
        ("Newcomer", [], False, False),
        ("Bill", ["Breeder"], False, False),
        ("Sabrina", ["Gym leader"], True, False),
        ("Oak", ["Professor"], True, True),
    ],
)
async def test_everyone_comes_with_their_roles_and_permissions(
    sandbox: Sandbox, tiny: TinyBot, name: str, roles: list[str], manages: bool, administers: bool
) -> None:
    interaction = await met(sandbox, tiny, name)
    member = interaction.user
    assert isinstance(member, discord.Member)
    assert [role.name for role in member.roles] == ["@everyone", *roles]
    assert interaction.permissions.manage_guild == manages
    assert interaction.permissions.administrator == administers
    assert member.resolved_permissions == interaction.permissions
    assert interaction.permissions.send_messages, "roles add to what everyone may do"
    assert interaction.is_guild_integration()
    assert not interaction.is_user_integration()
    assert interaction.context.guild


async def test_in_direct_messages_there_are_no_members(sandbox: Sandbox, tiny: TinyBot) -> None:
    interaction = await met(sandbox, tiny, "Oak", "direct")
    assert interaction.guild_id is None
    assert isinstance(interaction.channel, discord.DMChannel)
    assert interaction.channel.recipient == interaction.user
    assert interaction.context.dm_channel
    assert interaction.is_user_integration()
    assert not interaction.is_guild_integration(), "no server speaks for the bot here"
    assert not interaction.permissions.manage_guild, "an admin's rights end with the server"
    assert interaction.app_permissions.attach_files


async def test_who_installed_the_bot_can_take_it_to_a_group(sandbox: Sandbox, tiny: TinyBot) -> None:
    await tiny_installs(tiny, users=True)
    interaction = await met(sandbox, tiny, "Misty", "group")
    assert isinstance(interaction.channel, discord.GroupChannel)
    assert interaction.context.private_channel
    assert interaction.is_user_integration()
    channel = tiny.get_partial_messageable(interaction.channel.id)
    with pytest.raises(discord.Forbidden) as refusal:
        await channel.send("The bot is no member of the group.")
    assert refusal.value.code == 50001


async def tiny_installs(tiny: TinyBot, *, users: bool) -> None:
    tiny.tree.allowed_installs = discord.app_commands.AppInstallationType(guild=True, user=users)
    await tiny.tree.sync()


async def test_commands_that_only_servers_install_do_not_reach_groups(
    sandbox: Sandbox, tiny: TinyBot
) -> None:
    async with SandboxUser(sandbox.url, "Ash", "group") as ash:
        assert ash.commands == []
        with pytest.raises(ActionRefused, match="no command"):
            await ash.command("hatch")


async def test_commands_show_up_where_their_contexts_say(sandbox: Sandbox, tiny: TinyBot) -> None:
    tiny.tree.allowed_contexts = discord.app_commands.AppCommandContext(guild=True)
    await tiny.tree.sync()
    async with SandboxUser(sandbox.url, "Ash") as ash:
        assert "hatch" in [command["name"] for command in ash.commands]
    async with SandboxUser(sandbox.url, "Ash", "direct") as ash:
        assert ash.commands == []


async def test_direct_messages_stay_between_the_two(sandbox: Sandbox, tiny: TinyBot) -> None:
    async with (
        SandboxUser(sandbox.url, "Ash", "direct") as direct,
        SandboxUser(sandbox.url, "Ash") as ash,
        SandboxUser(sandbox.url, "Misty", "direct") as misty,
    ):
        shown = await (await direct.command("hatch")).message()
        assert not shown.private, "it is everyone's in that channel, which is one person and the bot"
        assert await direct.download(shown.pictures[0])
        edited = await (await direct.click(shown, "Gold")).message()
        assert edited.id == shown.id
        for someone in (ash, misty):
            with pytest.raises(ActionRefused, match="no longer there"):
                await someone.click(shown, "Gold")
            await someone.say("last word")
            await someone.wait_for_message(lambda m: m.content == "last word")
            assert shown.id not in someone.history
        assert [m.content for m in misty.messages()] == ["last word"]


async def test_the_bot_writes_first_in_direct_messages(sandbox: Sandbox, tiny: TinyBot) -> None:
    async with SandboxUser(sandbox.url, "Ash", "direct") as ash:
        user = await tiny.fetch_user(int(ash.id))
        sent = await user.send("Your creature is ready.")
        heard = await ash.wait_for_message(lambda m: m.content == "Your creature is ready.")
        await sent.edit(content="Your creature flew away.")
        await ash.wait_for_message(lambda m: m.edited)
        assert [m.content async for m in sent.channel.history()] == ["Your creature flew away."]
    async with SandboxUser(sandbox.url, "Ash", "direct") as again:
        assert [m.id for m in again.messages()] == [heard.id], "history is kept"
    in_server = tiny.get_partial_messageable(int(sandbox.hub.who_and_where({"user": "Ash"})[1].channel_id))
    with pytest.raises(discord.NotFound):
        await in_server.fetch_message(sent.id)


async def test_nobody_has_a_channel_of_this_id(tiny: TinyBot) -> None:
    with pytest.raises(discord.NotFound) as missing:
        await tiny.fetch_channel(12345)
    assert missing.value.code == 10003


class Listener(discord.Client):
    """A bot that asked for messages."""

    def __init__(self, intents: discord.Intents) -> None:
        super().__init__(intents=intents)
        self.heard: asyncio.Queue[discord.Message] = asyncio.Queue()

    async def on_message(self, message: discord.Message) -> None:
        self.heard.put_nowait(message)


@pytest.fixture
async def listener(sandbox: Sandbox) -> AsyncIterator[Listener]:
    client = Listener(discord.Intents(guilds=True, dm_messages=True))
    async with client:
        await client.login(sandbox.token)
        task = asyncio.create_task(client.connect())
        await client.wait_until_ready()
        yield client
        await client.close()
        await task


async def test_a_bot_hears_direct_messages_if_it_asked_for_them(sandbox: Sandbox, listener: Listener) -> None:
    async with (
        SandboxUser(sandbox.url, "Ash") as ash,
        SandboxUser(sandbox.url, "Ash", "group") as group,
        SandboxUser(sandbox.url, "Ash", "direct") as direct,
    ):
        for user, text in ((ash, "in the server"), (group, "in the group"), (direct, "hello, bot")):
            await user.say(text)
        message = await listener.heard.get()
    assert message.content == "hello, bot"
    assert isinstance(message.channel, discord.DMChannel)


async def test_unknown_people_and_places_are_refused(sandbox: Sandbox) -> None:
    async with SandboxUser(sandbox.url, "Ash") as ash:
        ash.place = "elsewhere"  # type: ignore[assignment]
        with pytest.raises(ActionRefused, match="no such place"):
            await ash.say("hello")
        ash.place, ash.id = "server", "Nobody"
        with pytest.raises(ActionRefused, match="nobody of this name"):
            await ash.say("hello")


async def test_history_of_an_older_sandbox_is_the_servers(tmp_path: Path, sandbox: Sandbox) -> None:
    async with SandboxUser(sandbox.url, "Ash") as ash:
        await ash.say("from before there were places")
    # Messages were once kept without a channel.
    await sandbox.state._write(("UPDATE messages SET body = json_remove(body, ?)", [("$.channel_id",)]))
    await sandbox.stop()
    again = Sandbox(SandboxSettings(port=0, data_dir=sandbox.settings.data_dir))
    await again.start()
    try:
        async with SandboxUser(again.url, "Ash") as ash, SandboxUser(again.url, "Ash", "direct") as direct:
            assert [m.content for m in ash.messages()] == ["from before there were places"]
            assert direct.messages() == []
    finally:
        await again.stop()
