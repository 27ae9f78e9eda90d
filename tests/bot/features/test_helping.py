"""/help is what the bot can do, and a server that invites it is told where to begin."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from bot.core.features import load
from bot.core.rights import is_for_admins
from bot.features import FEATURES
from bot.features.helping import NEEDED, THREE
from sandbox.driver import Message, SandboxUser
from tests.bot.running import RunningBot
from tests.bot.talking import WILD, labels, press

pytestmark = pytest.mark.asyncio(loop_scope="module")
LOADED = load(FEATURES)


def names(*, for_admins: bool) -> set[str]:
    """The commands that there are, as people type them."""
    found: set[str] = set()
    for command in LOADED.commands:
        if is_for_admins(command) == for_admins:
            found |= {f"/{leaf.qualified_name}" for leaf in getattr(command, "commands", [command])}
    return found


def told(message: Message) -> set[str]:
    lines = (line for line in message.text.splitlines() if line.startswith("**/"))
    return {line.split("**")[1] for line in lines}


async def test_a_bot_that_starts_greets_nobody(ash: SandboxUser) -> None:
    """Runs first: only what was invited just now is new, and not the servers that it was in before."""
    shown = await (await ash.command("help")).message()
    assert [message.id for message in ash.messages()] == [shown.id]


async def test_help_lists_every_command_of_a_members_and_none_of_an_admins(ash: SandboxUser) -> None:
    shown = await (await ash.command("help")).message()
    assert shown.private and told(shown) == names(for_admins=False)
    assert all(menu.name in shown.text for menu in LOADED.context_menus)
    assert names(for_admins=True) and "look after me" not in shown.text
    assert not [line for line in shown.text.splitlines() if line.endswith(" · ")]  # each says what it does


async def test_help_lists_an_admins_commands_for_them(running: RunningBot) -> None:
    async with SandboxUser(running.url, "Oak") as oak:
        shown = await (await oak.command("help")).message()
    assert told(shown) == names(for_admins=False) | names(for_admins=True)


async def test_what_help_offers_can_be_pressed(ash: SandboxUser) -> None:
    shown = await (await ash.command("help")).message()
    assert labels(shown)[0] == "Hatch a creature"
    assert WILD.fullmatch((await press(ash, shown, "Hatch a creature")).title)


@pytest.fixture
def since(ash: SandboxUser) -> Iterator[set[str]]:
    """The messages that were there before."""
    yield {message.id for message in ash.messages()}


async def test_a_server_that_invites_the_bot_is_told_three_things_to_try(
    ash: SandboxUser, since: set[str]
) -> None:
    await ash.invite()
    greeting = await ash.wait_for_message(lambda message: message.id not in since)
    assert not greeting.private and all(one in greeting.text for one in THREE)
    assert [line[:3] for line in greeting.text.splitlines() if line[:1].isdigit()] == ["1. ", "2. ", "3. "]
    assert "I lack" not in greeting.text
    assert WILD.fullmatch((await press(ash, greeting, "Hatch a creature")).title)
    assert told(await press(ash, greeting, "What else can you do?")) == names(for_admins=False)


@pytest.mark.parametrize("without", [["attach_files"], ["embed_links"], ["embed_links", "attach_files"]])
async def test_what_is_missing_is_said(ash: SandboxUser, since: set[str], without: list[str]) -> None:
    await ash.invite(without=without)
    greeting = await ash.wait_for_message(lambda message: message.id not in since)
    lack = next(line for line in greeting.text.splitlines() if "I lack" in line)
    assert {name for name, label in NEEDED.items() if f"**{label}**" in lack} == set(without)
    assert all(one in greeting.text for one in THREE) and "Hatch a creature" in labels(greeting)
    await ash.invite()


@pytest.mark.parametrize("without", [["send_messages"], ["view_channel"]])
async def test_where_nothing_may_be_written_nothing_is(
    ash: SandboxUser, since: set[str], without: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        await ash.invite(without=without)
        await ash.invite()  # a greeting comes of this one alone
        greeting = await ash.wait_for_message(lambda message: message.id not in since)
    assert "I lack" not in greeting.text
    assert [message.id for message in ash.messages() if message.id not in since] == [greeting.id]
    assert "no channel that I may write in" in caplog.text
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
