"""A person who takes another name is called by it everywhere, and by everybody."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from sandbox.driver import SandboxUser
from tests.bot.running import RunningBot
from tests.bot.talking import hatch_and_save, labels, press, private_answer, refusal

pytestmark = pytest.mark.asyncio(loop_scope="module")


def take_name(running: RunningBot, user: SandboxUser, name: str) -> None:
    """Discord calls them so from now on, and tells the bot with what they do next."""
    people = running.sandbox.state.people
    people[int(user.id)] = dataclasses.replace(people[int(user.id)], name=name)


@pytest.fixture
def renamed(running: RunningBot, misty: SandboxUser) -> Iterator[None]:
    yield
    take_name(running, misty, "Misty")


async def test_everybody_sees_the_present_name_from_the_next_interaction_on(
    running: RunningBot, ash: SandboxUser, misty: SandboxUser, renamed: None
) -> None:
    card = await hatch_and_save(misty, "Shared", "100")
    for i in range(1, 13):
        await hatch_and_save(misty, f"Hers {i}", str(100 + i))
    theirs = await (await ash.command("mons", user=misty.id)).message()
    async with SandboxUser(running.url, "Brock") as brock:
        await hatch_and_save(brock, "Shared", "200")
        sheet = await (await misty.command("newmon", seed="1", count=4)).message()

        take_name(running, misty, "Kasumi")
        assert (await misty.autocomplete("mon", "name", "Hers"))[0].value == "Hers 1"  # any interaction

        shown = await (await ash.command("mon", name="Hers 1")).message()
        assert "Saved by Kasumi" in shown.text
        assert any("(Kasumi)" in choice.name for choice in await ash.autocomplete("mon", "name", "Hers"))
        assert "(Kasumi)" in await private_answer(ash, "mon", name="Shared")
        assert "This one is Kasumi's" in await refusal(ash, await ash.click(sheet, labels(sheet)[1]))
        turned = await press(ash, theirs, "Next ▶")
        assert (turned.id, turned.title) == (theirs.id, "Kasumi's creatures")
        ordered = await (await ash.select(turned, "Order", "oldest")).message()
        assert ordered.title == "Kasumi's creatures"
    assert "Saved by Kasumi" in (await press(misty, card, "Favourite")).text


async def test_the_name_that_discord_gives_with_a_command_is_kept(
    running: RunningBot, ash: SandboxUser, misty: SandboxUser, renamed: None
) -> None:
    """Though its person has done nothing since."""
    await hatch_and_save(misty, "Quiet", "300")
    take_name(running, misty, "Kasumi")
    asked = await (await ash.command("mons", user=misty.id)).message()
    assert asked.title == "Kasumi's creatures"
    assert "Saved by Kasumi" in (await (await ash.command("mon", name="Quiet")).message()).text
