"""Files as options of commands and beside messages, and commands in the context menu of a message."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import discord
import pytest
from jsonschema import Draft202012Validator

from sandbox import Sandbox
from sandbox.commands import check_commands
from sandbox.driver import ActionRefused, LocalFile, SandboxUser
from sandbox.errors import ApiError
from sandbox.form import Form
from sandbox.loose_files import FILES_MAX
from sandbox.world import ATTACHMENT_SIZE_LIMIT
from tests.bot.openapi import DESCRIPTION
from tests.sandbox.tiny_bot import TinyBot, picture

MENU = "Look Closer"


def as_json(interaction: discord.Interaction) -> dict[str, Any]:
    return dict[str, Any](interaction.data or {})


async def said(ash: SandboxUser, file: LocalFile, **more: object) -> str:
    return (await (await ash.command("look", file=file, **more)).message()).content


async def test_a_file_reaches_the_bot_as_it_is(tiny: TinyBot, ash: SandboxUser) -> None:
    data = picture(size=48)
    assert await said(ash, LocalFile("a cat.png", data), note="so") == (
        f"a_cat.png image/png 48x48 {len(data)}/{len(data)} so"
    )
    # As Discord does it: the name promises a type, and only pictures have a size.
    assert await said(ash, LocalFile("notes.png", b"plain words")) == "notes.png image/png NonexNone 11/11"


async def test_what_the_bot_gets_is_as_discord_describes_it(
    sandbox: Sandbox, tiny: TinyBot, ash: SandboxUser
) -> None:
    if not DESCRIPTION.exists():
        pytest.skip("Discord's OpenAPI description is not at hand")
    schemas = json.loads(DESCRIPTION.read_text(encoding="utf-8"))["components"]
    await said(ash, LocalFile("cat.png", picture()))
    message = await ash.say("look", LocalFile("cat.png", picture()))
    await (await ash.menu(message, MENU)).message()
    by_option, by_menu = [as_json(interaction) for interaction in tiny.interactions[-2:]]
    option = by_option["options"][0]
    [(file_id, attachment)] = by_option["resolved"]["attachments"].items()
    assert option == {"name": "file", "type": 11, "value": file_id} and attachment["id"] == file_id
    assert attachment["ephemeral"] is True and attachment["url"].startswith(sandbox.url)
    [(message_id, target)] = by_menu["resolved"]["messages"].items()
    assert (by_menu["type"], by_menu["target_id"], message_id) == (3, message.id, message.id)
    for name, value in (("MessageAttachmentResponse", attachment), ("MessageResponse", target)):
        schema: dict[str, Any] = {"$ref": f"#/components/schemas/{name}", "components": schemas}
        faults = [error.json_path for error in Draft202012Validator(schema).iter_errors(value)]
        assert faults == [], name


async def test_a_file_is_its_owners_and_goes_after_a_while(
    tiny: TinyBot, ash: SandboxUser, sandbox: Sandbox
) -> None:
    mine = await ash.upload(LocalFile("a.png", picture()))
    async with SandboxUser(sandbox.url, "Misty") as misty:
        with pytest.raises(ActionRefused, match="no longer there"):
            await misty.command("look", file=mine)
    for _ in range(FILES_MAX):
        await ash.upload(LocalFile("b.png", b"b"))
    for gone in (mine, "7", "x"):
        with pytest.raises(ActionRefused) as refused:
            await ash.command("look", file=gone)
        assert "choose it again" in refused.value.fields["file"]
    with pytest.raises(ActionRefused, match="required"):
        await ash.command("look")


async def test_files_that_are_too_large_or_empty_are_refused(
    tiny: TinyBot, ash: SandboxUser, sandbox: Sandbox
) -> None:
    whole = LocalFile("large.bin", bytes(ATTACHMENT_SIZE_LIMIT))
    assert f"/{ATTACHMENT_SIZE_LIMIT}" in await said(ash, whole)
    for data, sentence in ((whole.data + b"1", "at most 10 MiB"), (b"", "empty")):
        with pytest.raises(ActionRefused, match=sentence):
            await ash.upload(LocalFile("x.png", data))
    form = aiohttp.FormData()
    form.add_field("file", b"x", filename="x.png")
    async with aiohttp.ClientSession(sandbox.url) as session:
        query = {"user": ash.id, "name": "x.png"}
        async with session.post("/sandbox/upload", params=query, data=form) as response:
            assert "as they are" in (await response.json())["error"]  # no foreign page gets this far


async def test_a_message_may_have_files_and_be_nothing_else(tiny: TinyBot, ash: SandboxUser) -> None:
    data = picture()
    message = await ash.say("", LocalFile("cat.png", data), LocalFile("notes.txt", b"words"))
    assert [a.filename for a in message.attachments] == ["cat.png", "notes.txt"]
    assert await ash.download(message.pictures[0]) == data
    for text, files in (("", 0), ("x" * 2001, 1), ("x", 11)):
        with pytest.raises(ActionRefused):
            await ash.say(text, *[LocalFile("x.txt", b"x")] * files)


async def test_a_command_in_the_context_menu_of_a_message(tiny: TinyBot, ash: SandboxUser) -> None:
    assert ash.menus == [MENU] and MENU not in [command["name"] for command in ash.commands]
    data = picture()
    message = await ash.say("look at this", LocalFile("cat.png", data))
    answer = await (await ash.menu(message, MENU)).message()
    assert answer.content == f"Ash: look at this [{len(data)}]"
    assert answer.raw["type"] == discord.MessageType.context_menu_command.value
    assert answer.raw["interaction_metadata"]["target_message_id"] == message.id
    with pytest.raises(ActionRefused, match="no such command"):
        await ash.menu(message, "look")
    async with SandboxUser(ash.url, "Ash", place="direct") as elsewhere:
        with pytest.raises(ActionRefused, match="no longer there"):
            await elsewhere.menu(message, MENU)


@pytest.mark.parametrize(
    ("menu", "fault"),
    [
        ({"description": "Looks."}, "DESCRIPTION"),
        ({"options": [{"name": "x", "type": 3, "description": "x"}]}, "OPTIONS"),
        ({"name": "x" * 33}, "NAME"),
        ({"name": ""}, "NAME"),
        ({"type": 9}, "CHOICES"),
    ],
)
def test_a_menu_that_discord_would_not_take_is_refused(menu: dict[str, Any], fault: str) -> None:
    form = Form()
    check_commands(form, [{"name": "Look", "type": 3} | menu])
    with pytest.raises(ApiError) as refused:
        form.settle()
    assert fault in json.dumps(refused.value.body)


async def test_a_menu_may_be_called_as_a_command_is_and_there_are_few(
    sandbox: Sandbox, tiny: TinyBot, ash: SandboxUser
) -> None:
    commands: list[dict[str, Any]] = [{"name": "look", "type": 3}]
    commands += [{"name": "look", "type": 1, "description": "Looks."}]
    registered = await tiny.http.bulk_upsert_global_commands(tiny.application_id or 0, commands)  # type: ignore[arg-type]
    again = await tiny.http.bulk_upsert_global_commands(tiny.application_id or 0, commands)  # type: ignore[arg-type]
    assert [command["id"] for command in registered] == [command["id"] for command in again]
    assert len({command["id"] for command in registered}) == 2
    await ash.wait(lambda: ash.menus == ["look"])
    many = [{"name": f"Look {i}", "type": 3} for i in range(6)]
    with pytest.raises(discord.HTTPException) as refused:
        await tiny.http.bulk_upsert_global_commands(tiny.application_id or 0, many)  # type: ignore[arg-type]
    assert refused.value.code == 30032
