"""In direct messages there is no server: names are one's own, and everything else works."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from sandbox.driver import SandboxUser
from tests.bot.running import RunningBot
from tests.bot.talking import hatch_and_save, press, private_answer

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def direct(running: RunningBot) -> AsyncIterator[SandboxUser]:
    """Ash, in direct messages with the bot."""
    async with SandboxUser(running.url, "Ash", place="direct") as user:
        yield user


async def test_names_in_a_direct_message_are_ones_own(running: RunningBot, direct: SandboxUser) -> None:
    ash = direct
    await hatch_and_save(ash, "Secret one", "1")
    card = await hatch_and_save(ash, "Secret two", "2")
    async with SandboxUser(running.url, "Misty", place="direct") as misty:
        await hatch_and_save(misty, "Hers", "3")
    assert [c.value for c in await ash.autocomplete("mon", "name", "e")] == ["Secret one", "Secret two"]
    assert "There is no creature called" in await private_answer(ash, "mon", name="Hers")
    assert "only your own collection" in await private_answer(ash, "mons", user=misty.id)
    page = await (await ash.command("mons")).message()
    assert "2 creatures" in page.text
    mixed = await (await ash.command("mix", a="Secret one", b="Secret two")).message()
    assert "Variations" in (await press(ash, mixed, "More like this")).text
    assert (await press(ash, card, "Favourite")).title == "Secret two ⭐"


async def test_what_was_saved_in_a_direct_message_stays_out_of_the_server(
    running: RunningBot, misty: SandboxUser
) -> None:
    async with SandboxUser(running.url, "Ash") as ash:
        assert "has not saved anyone in this server" in await private_answer(misty, "mons", user=ash.id)
        assert "There is no creature called" in await private_answer(misty, "mon", name="Secret one")
        assert "2 creatures" in (await (await ash.command("mons")).message()).text
