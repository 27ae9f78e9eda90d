"""/mons, /mon and the buttons of a saved creature: who may press them, and what two presses at once do."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

import pytest

from bot.store import NewCreature, Store
from sandbox.driver import InteractionHandle, Message, SandboxUser
from tests.bot.running import RunningBot
from tests.bot.talking import hatch, hatch_and_save, labels, picture, press, private_answer, refusal

pytestmark = pytest.mark.asyncio(loop_scope="module")

SUBCOMMAND, MESSAGE_MENU = 1, 3
KEPT = [field for field in dataclasses.fields(NewCreature) if field.name not in ("shown", "at")]


@asynccontextmanager
async def member(running: RunningBot, name: str, *creatures: str) -> AsyncIterator[SandboxUser]:
    """A new member who saved these in this order: the first by hand, the rest put beside it."""
    async with SandboxUser(running.url, name) as user:
        for creature in creatures[:1]:
            await hatch_and_save(user, creature, "100")
        store = await Store.open(running.settings.database)
        for creature in creatures[1:]:
            first = await store.collection.find(int(user.id), None, creatures[0])
            fields = {field.name: getattr(first, field.name) for field in KEPT}
            [copy] = await store.creatures.add([NewCreature(**fields)])
            await store.creatures.save(copy.id, copy.owner_id, creature, copy.guild_id)
        await store.close()
        yield user


def opened(page: Message) -> list[str]:
    """The creatures that a page offers, in its order."""
    return [label.split(" · ")[1] for label, _ in page.menu("Open one …").options]


async def outcomes(user: SandboxUser, handles: list[InteractionHandle]) -> list[str]:
    """What came of each: the text of a private refusal, or "" for an answer."""

    def finished(handle: InteractionHandle) -> bool:
        return any(not message.loading for message in handle.updates)

    await user.wait(lambda: all(finished(handle) for handle in handles))
    return [next((m.text for m in handle.updates if m.private), "") for handle in handles]


async def test_an_empty_collection_says_how_to_begin(running: RunningBot, ash: SandboxUser) -> None:
    async with member(running, "Gary") as newcomer:
        assert "You have not saved anyone yet" in await private_answer(newcomer, "mons")
        assert "Gary has not saved anyone" in await private_answer(ash, "mons", user=newcomer.id)
        card = await hatch(newcomer)
        assert "/newmon" in await refusal(newcomer, await newcomer.click(card, "My creatures"))


async def test_the_collection_is_leafed_through_reordered_and_opened(
    running: RunningBot, misty: SandboxUser
) -> None:
    names = [f"Mon {chr(ord('A') + i)}" for i in range(14)]
    async with member(running, "Jessie", *names) as jessie:
        first = await (await jessie.command("mons")).message()
        assert first.title == "Jessie's creatures"
        assert "Page 1 of 2 · 14 creatures · newest first" in first.text
        assert opened(first) == names[:1:-1]
        assert (await picture(jessie, first)).size == (4 * 198 - 6, 3 * 244 - 6)
        assert [b.label for b in first.buttons if b.disabled] == ["◀ Back"]

        assert "/mons" in await refusal(misty, await misty.click(first, "Next ▶"))
        second = await press(jessie, first, "Next ▶")
        assert second.id == first.id and opened(second) == ["Mon B", "Mon A"]
        assert second.title == "Jessie's creatures"
        assert [b.label for b in second.buttons if b.disabled] == ["Next ▶"]
        assert "/mons" in await refusal(misty, await misty.select(second, "Order", "oldest"))
        oldest = await (await jessie.select(second, "Order", "oldest")).message()
        assert oldest.id == first.id and opened(oldest) == names[:12]

        card = await (await misty.select(oldest, "Open one …", "3 · Mon C")).message()  # anybody may look
        assert card.id != first.id and card.title == "Mon C"
        theirs = await (await misty.command("mons", user=jessie.id, sort="name")).message()
        assert opened(theirs) == names[:12] and theirs.title == "Jessie's creatures"
        other_end = await (await misty.select(theirs, "Order", "newest")).message()
        assert opened(other_end) == names[:1:-1] and other_end.title == "Jessie's creatures"


async def test_mon_shows_everything_about_a_creature(ash: SandboxUser, misty: SandboxUser) -> None:
    await hatch_and_save(ash, "Gloomp", "21")
    await hatch_and_save(ash, "Brillig", "22")
    child = await (await ash.command("mix", a="Gloomp", b="Brillig", amount=40)).message()
    drawn = await ash.download(child.pictures[0])
    dialog = await (await ash.click(child, "Save")).modal()
    await (await ash.submit(dialog, {"Name": "Wabe"})).message()
    card = await (await misty.command("mon", name="wabe")).message()
    for shown in ("Wabe", "Gloomp × Brillig", "mostly Gloomp", "Saved by Ash", "checkpoint "):
        assert shown in card.text
    assert "<t:" in card.text
    assert await ash.download(card.pictures[0]) == drawn
    seeded = await (await ash.command("mon", name="Gloomp")).message()
    assert "`21`" in seeded.text and "normal" in (await press(ash, seeded, "Details")).text
    assert [c.value for c in await ash.autocomplete("mon", "name", "loomp")] == ["Gloomp"]
    assert "There is no creature called" in await private_answer(ash, "mon", name="Nobody")


async def test_the_owner_renames_and_nobody_else(ash: SandboxUser, misty: SandboxUser) -> None:
    card = await hatch_and_save(ash, "Before", "31")
    await hatch_and_save(ash, "Neighbour", "32")
    assert "can rename it" in await refusal(misty, await misty.click(card, "Rename"))
    dialog = await (await ash.click(card, "Rename")).modal()
    assert (dialog.title, dialog.field("Name").value) == ("Rename Before", "Before")
    refused = await ash.submit(dialog, {"Name": "neighbour"})
    assert "already have a creature called" in await refusal(ash, refused)
    dialog = await (await ash.click(card, "Rename")).modal()
    renamed = await (await ash.submit(dialog, {"Name": "After"})).message()
    assert (renamed.id, renamed.title) == (card.id, "After")
    assert "There is no creature called" in await private_answer(ash, "mon", name="Before")
    assert (await (await ash.command("mon", name="After")).message()).title == "After"


async def test_the_owner_marks_favourites_and_a_double_press_is_one(
    running: RunningBot, misty: SandboxUser
) -> None:
    async with member(running, "James", "Wheez", "Growl") as james:
        card = await (await james.command("mon", name="Wheez")).message()
        assert "can mark it" in await refusal(misty, await misty.click(card, "Favourite"))
        presses = [await james.click(card, "Favourite") for _ in range(2)]
        marked = [await handle.message() for handle in presses]
        assert {message.title for message in marked} == {"Wheez ⭐"}
        page = await (await james.command("mons", sort="favourites")).message()
        assert opened(page) == ["Wheez", "Growl"]
        unmarked = await press(james, james.current(card), "Unfavourite")
        assert unmarked.title == "Wheez"


async def test_the_owner_releases_after_a_second_thought(ash: SandboxUser, misty: SandboxUser) -> None:
    card = await hatch_and_save(ash, "Bye", "41")
    other = await (await misty.command("mon", name="Bye")).message()
    await hatch_and_save(ash, "Stays", "42")
    child = await (await ash.command("mix", a="Bye", b="Stays", amount=50)).message()
    dialog = await (await ash.click(child, "Save")).modal()
    await (await ash.submit(dialog, {"Name": "Heir"})).message()

    assert "can release it" in await refusal(misty, await misty.click(card, "Release"))
    asked = await press(ash, card, "Release")
    assert "Let Bye go for good?" in asked.text.replace("*", "")
    assert labels(asked) == ["Yes, let Bye go", "Keep it"]
    for button in labels(asked):
        assert "can release it" in await refusal(misty, await misty.click(asked, button))
    kept = await press(ash, asked, "Keep it")
    assert kept.id == card.id and "Release" in labels(kept) and not kept.content
    asked = await press(ash, kept, "Release")
    gone = await press(ash, asked, "Yes, let Bye go")
    assert gone.id == card.id and gone.title == "Bye was released." and not gone.pictures

    assert "There is no creature called" in await private_answer(ash, "mon", name="Bye")
    assert "Bye (released) × Stays" in (await (await ash.command("mon", name="Heir")).message()).text
    for button in ("Reroll nearby", "Mix with …", "Favourite", "Rename", "Release"):  # of an older card
        assert "no longer here" in await refusal(ash, await ash.click(other, button))


async def test_two_presses_at_once_on_save_release_and_rename(ash: SandboxUser, misty: SandboxUser) -> None:
    message = await hatch(ash, seed="51")
    dialogs = [await (await ash.click(message, "Save")).modal() for _ in range(2)]
    handles = await asyncio.gather(
        *(ash.submit(dialog, {"Name": f"Twice {i}"}) for i, dialog in enumerate(dialogs))
    )
    results = await outcomes(ash, list(handles))
    assert sorted(bool(refused) for refused in results) == [False, True]
    assert any("already saved as Twice" in refused for refused in results)
    card = await (await ash.command("mon", name=f"Twice {results.index('')}")).message()

    dialogs = [await (await ash.click(card, "Rename")).modal() for _ in range(2)]
    handles = await asyncio.gather(*(ash.submit(dialog, {"Name": "Once"}) for dialog in dialogs))
    assert await outcomes(ash, list(handles)) == ["", ""]  # the same wish twice
    assert ash.current(card).title == "Once"

    asked = await press(ash, ash.current(card), "Release")
    mine = await asyncio.gather(*(ash.click(asked, "Yes, let Once go") for _ in range(2)))
    hers = await misty.click(asked, "Yes, let Once go")
    results = await outcomes(ash, list(mine))
    assert sorted(bool(refused) for refused in results) == [False, True]
    assert any("no longer here" in refused for refused in results)
    assert await refusal(misty, hers)
    assert "There is no creature called" in await private_answer(ash, "mon", name="Once")


async def test_every_command_works_everywhere_and_shows_an_example(running: RunningBot) -> None:
    with closing(sqlite3.connect(running.settings.data_dir / "sandbox" / "sandbox.sqlite3")) as connection:
        commands = [json.loads(body) for (body,) in connection.execute("SELECT body FROM commands")]
    everybody_s = {"newmon", "save", "mix", "evolve", "draw", "mons", "mon", "card", "family", "about"}
    everybody_s |= {"help", "mydata"}
    assert {c["name"] for c in commands} == everybody_s | {"retrain", "checkpoint", "Draw this"}
    for command in commands:
        assert sorted(command["contexts"]) == [0, 1, 2], command["name"]  # servers, with the bot, elsewhere
        assert sorted(command["integration_types"]) == [0, 1], command["name"]  # by servers and by people
        if command["type"] == MESSAGE_MENU:
            continue  # which has a name and nothing else
        options = command.get("options", [])
        below = [option for option in options if option["type"] == SUBCOMMAND]
        for shown, named in [(sub, f"/{command['name']} {sub['name']}") for sub in below] or [
            (command, f"/{command['name']}")
        ]:
            assert named in shown["description"]
            for option in shown.get("options", []):
                assert "for example" in option["description"], (named, option["name"])
