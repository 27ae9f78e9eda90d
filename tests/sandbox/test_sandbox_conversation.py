"""A real discord.py bot answers people at the page, over real sockets."""

from __future__ import annotations

import pytest

from sandbox import Sandbox
from sandbox.driver import ActionRefused, SandboxUser
from tests.sandbox.tiny_bot import TinyBot, picture

pytestmark = pytest.mark.usefixtures("tiny")


async def test_plain_reply_is_shown_to_everyone_with_who_asked(sandbox: Sandbox, ash: SandboxUser) -> None:
    async with SandboxUser(sandbox.url, "Misty") as misty:
        reply = await (await ash.command("ping")).message()
        assert reply.author == "newmon"
        assert reply.content == f"Pong, <@{ash.id}>!"
        assert reply.raw["interaction"]["name"] == "ping"
        assert reply.raw["interaction"]["user"]["id"] == ash.id
        seen = await misty.wait_for_message(lambda m: m.id == reply.id)
        assert not seen.private


async def test_deferred_reply_becomes_a_picture_with_buttons(ash: SandboxUser) -> None:
    handle = await ash.command("hatch", colour="teal", weirdness="wild", count=4)
    await handle.acknowledged()
    assert handle.updates[0].loading
    shown = await handle.message()
    assert shown.id == handle.updates[0].id
    assert shown.title == "A teal creature"
    assert shown.attachments == (), "Discord lists no attachment that an embed shows"
    assert (shown.pictures[0].width, shown.pictures[0].height) == (64, 64)
    assert await ash.download(shown.pictures[0]) == picture("teal")
    assert [b.label for b in shown.buttons] == ["Save", "Sold out", "Gold", "Teal"]


async def test_dynamic_button_edits_its_message(ash: SandboxUser) -> None:
    shown = await (await ash.command("hatch")).message()
    handle = await ash.click(shown, "Gold")
    edited = await handle.message()
    assert edited.id == shown.id
    assert edited.edited
    assert await ash.download(edited.pictures[0]) == picture("gold")
    assert edited.buttons == shown.buttons, "an edit keeps what it does not name"


async def test_a_disabled_button_cannot_be_clicked(ash: SandboxUser) -> None:
    shown = await (await ash.command("hatch")).message()
    with pytest.raises(LookupError, match="disabled"):
        await ash.click(shown, "Sold out")
    with pytest.raises(ActionRefused, match="cannot be used"):
        await ash._begin("component", {"message_id": shown.id, "custom_id": "sold"})


async def test_dialog_round_trip(ash: SandboxUser) -> None:
    shown = await (await ash.command("hatch")).message()
    modal = await (await ash.click(shown, "Save")).modal()
    assert modal.title == "Name your creature"
    assert [(f.label, f.required) for f in modal.fields] == [("Name", True), ("Why?", False)]
    with pytest.raises(ActionRefused) as refusal:
        await ash.submit(modal, {"Name": "x"})
    assert refusal.value.fields == {"name": "Between 2 and 32 characters, please."}
    saved = await (await ash.submit(modal, {"Name": "Foo"})).message()
    assert saved.content == "Saved as **Foo**."


async def test_menu_and_private_follow_up(sandbox: Sandbox, ash: SandboxUser) -> None:
    shown = await (await ash.command("hatch")).message()
    async with SandboxUser(sandbox.url, "Misty") as misty:
        handle = await ash.select(shown, "Who is it for?", "Them")
        private = await handle.followup()
        assert private.content == "It is for them."
        assert private.private
        await ash.dismiss(private)
        await ash.wait(lambda: private.id not in ash.history)
        # Misty's page gets this later message, and so would have got the private one.
        reply = await (await ash.command("ping")).message()
        await misty.wait_for_message(lambda m: m.id == reply.id)
        assert private.id not in misty.history


async def test_autocomplete(ash: SandboxUser) -> None:
    assert [c.name for c in await ash.autocomplete("show", "name", "ba")] == ["Bar", "Baz"]
    shown = await (await ash.command("show", name="Bar")).message()
    assert shown.attachments[0].filename == "Bar.png"


async def test_options_are_checked_as_by_the_page(ash: SandboxUser) -> None:
    with pytest.raises(ActionRefused) as refusal:
        await ash.command("hatch", count=10, weirdness="very", size=3)
    assert set(refusal.value.fields) == {"count", "weirdness", "size"}
    with pytest.raises(ActionRefused, match="required"):
        await ash.command("show")
    with pytest.raises(ActionRefused, match="no command"):
        await ash.command("nothing")


async def test_only_admins_see_commands_for_admins(sandbox: Sandbox, ash: SandboxUser) -> None:
    assert "train start" not in [command["name"] for command in ash.commands]
    async with SandboxUser(sandbox.url, "Oak") as oak:
        reply = await (await oak.command("train start", kimg=50, trainer="Misty")).message()
        assert reply.content == "Misty trains 50 kimg."
    with pytest.raises(ActionRefused, match="no command"):
        await ash.command("train start", kimg=50, trainer="Misty")


async def test_layout_message_shows_text_picture_and_button(ash: SandboxUser) -> None:
    shown = await (await ash.command("layout")).message()
    assert shown.text == "# A **gallery**"
    assert await ash.download(shown.pictures[0]) == picture()
    assert shown.button("Gold").custom_id == "recolour:gold"


async def test_people_can_talk(sandbox: Sandbox, ash: SandboxUser, tiny: TinyBot) -> None:
    async with SandboxUser(sandbox.url, "Brock") as brock:
        await brock.say(f"Hello <@{ash.id}>")
        heard = await ash.wait_for_message(lambda m: m.author == "Brock")
        assert heard.raw["mentions"][0]["global_name"] == "Ash"
    with pytest.raises(ActionRefused):
        await ash.say("x" * 2001)


async def test_interactions_carry_what_bots_rely_on(ash: SandboxUser, tiny: TinyBot) -> None:
    shown = await (await ash.command("hatch")).message()
    await (await ash.click(shown, "Teal")).message()
    command, click = tiny.interactions
    for interaction in (command, click):
        assert interaction.guild is not None
        assert interaction.guild.name == "Newmon sandbox"
        assert interaction.channel is not None
        assert str(interaction.channel) == "hatchery"
        assert interaction.filesize_limit == 10 * 1024 * 1024
        assert interaction.app_permissions.attach_files
        assert not interaction.permissions.administrator
        assert interaction.user.display_name == "Ash"
        assert interaction.is_guild_integration()
        assert not interaction.is_expired()
    assert click.message is not None
    assert str(click.message.id) == shown.id
