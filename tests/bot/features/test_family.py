"""/family and its button: the picture, the ways to each relative, and what is not for everybody."""

from __future__ import annotations

import pytest

from sandbox.driver import SandboxUser
from tests.bot.running import RunningBot
from tests.bot.talking import hatch, hatch_and_save, labels, picture, press, refusal

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_family_is_shown_by_command_and_by_button_and_leads_to_everybody_in_it(
    running: RunningBot, ash: SandboxUser, misty: SandboxUser
) -> None:
    await hatch_and_save(ash, "Ma", "1")
    card = await hatch_and_save(misty, "Pa", "2")
    assert "Family" in labels(card)
    await (await ash.command("mix", a="Ma", b="Pa", amount=40)).message()
    saved = await (await ash.command("save", name="Kid")).message()
    shown = await (await misty.command("family", name="Kid")).message()
    assert (await picture(misty, shown)).height > (await picture(misty, shown)).width
    assert shown.attachments[0].filename == "family.png"
    assert "2 ancestors and 0 descendants" in shown.raw["attachments"][0]["description"]
    [menu] = shown.menus
    assert [label for label, _ in menu.options] == ["Ma", "Pa", "Kid"]
    looked = await (await ash.select(shown, menu.custom_id, "Ma")).message()
    assert "Ma" in looked.text and looked.pictures
    by_button = await press(ash, saved, "Family")
    assert await ash.download(by_button.pictures[0]) == await ash.download(shown.pictures[0])

    await press(
        ash,
        await press(ash, await (await ash.command("mon", name="Ma")).message(), "Release"),
        "Yes, let Ma go",
    )
    shown = await (await misty.command("family", name="Kid")).message()
    assert [label for label, _ in shown.menus[0].options] == ["Pa", "Kid"]
    assert "2 ancestors" in shown.raw["attachments"][0]["description"], "its name is there"


async def test_what_was_saved_elsewhere_is_for_its_owner_alone(running: RunningBot, ash: SandboxUser) -> None:
    async with SandboxUser(running.url, "Misty", place="direct") as misty:
        await hatch_and_save(misty, "Secret", "5")
        near = await press(
            misty, await (await misty.command("mon", name="Secret")).message(), "Reroll nearby"
        )
        dialog = await (await misty.click(near, "Save")).modal()
        await (await misty.submit(dialog, {"Name": "Public"})).message()
        mine = await (await misty.command("family", name="Public")).message()
        assert [label for label, _ in mine.menus[0].options] == ["Secret", "Public"]
        code = (await (await misty.command("mon", name="Public")).message()).text.partition("code `")[2][:8]
    theirs = await (await ash.command("family", name=code)).message()
    assert "Secret" not in str(theirs.raw)
    assert [label for label, _ in theirs.menus[0].options] == ["Public"]


async def test_who_has_nobody_is_told_what_to_do(ash: SandboxUser) -> None:
    unsaved = await hatch(ash, seed="8")
    assert "Family" not in labels(unsaved)
    await (await ash.command("save", name="Loner")).message()
    told = await refusal(ash, await ash.command("family", name="Loner"))
    assert told == "Loner has no family yet: mix it with another one, or save a reroll of it."
    assert "no creature called" in await refusal(ash, await ash.command("family", name="Nobody"))
