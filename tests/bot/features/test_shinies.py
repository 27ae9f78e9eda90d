"""Shinies are hatched by luck, with no seed given; they are badged for ever, and their seed is of no use."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from PIL import ImageChops

from bot.store import Creature, Hatch, Store
from sandbox.driver import Message, SandboxUser
from tests.bot.running import RunningBot
from tests.bot.talking import WILD, hatch, labels, picture, press

pytestmark = pytest.mark.asyncio(loop_scope="module")

BADGE = "✨"
TRIES = 40  # of ten random seeds of the little network, six or seven have colours that differ visibly


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningBot]:
    """A bot with which every hatch is lucky."""
    bot = await RunningBot(tmp_path_factory.mktemp("bot"), shiny_odds=1).start()
    yield bot
    await bot.stop()


def badges(sheet: Message) -> list[bool]:
    """Which of its creatures a sheet says are shiny."""
    return [BADGE in name for alt in sheet.alts for name in alt.split(", ")]


async def shiny_hatch(user: SandboxUser) -> Message:
    for _try in range(TRIES):
        card = await hatch(user)
        if BADGE in card.title:
            return card
    raise AssertionError("nothing shiny hatched")


async def stored(running: RunningBot, card: Message) -> Creature:
    store = await Store.open(running.settings.database)
    try:
        found = await store.creatures.by_code(card.text.rpartition("code `")[2].partition("`")[0])
        assert found is not None
        return found
    finally:
        await store.close()


async def test_a_seed_that_was_given_never_hatches_a_shiny(running: RunningBot, ash: SandboxUser) -> None:
    for seed in ("Ash", "7", "0", "4294967295"):
        card = await hatch(ash, seed=seed)
        assert BADGE not in card.title
        creature = await stored(running, card)
        assert isinstance(creature.recipe, Hatch)
        assert not creature.shiny and not creature.recipe.shiny
    for seed, count in (("Ash", 4), ("9", 4), ("Misty", 9)):
        sheet = await hatch(ash, seed=seed, count=count)
        assert not any(badges(sheet))


async def test_a_shiny_is_badged_and_its_seed_hatches_plain(running: RunningBot, ash: SandboxUser) -> None:
    card = await shiny_hatch(ash)
    assert WILD.fullmatch(card.title.removesuffix(f" {BADGE}"))
    assert "\n-# Shiny" in card.text
    shiny = await stored(running, card)
    assert shiny.shiny and isinstance(shiny.recipe, Hatch) and shiny.recipe.shiny
    plain_card = await hatch(ash, seed=str(shiny.recipe.seed))
    plain = await stored(running, plain_card)
    assert BADGE not in plain_card.title and "Shiny" not in plain_card.text
    assert plain.noise_seed == shiny.noise_seed and plain.png != shiny.png
    differing = (plain.w_plus != shiny.w_plus).any(axis=1)
    assert differing.tolist() == [False] * 5 + [True]  # the colour level of the little network
    pictures = [await picture(ash, one) for one in (card, plain_card)]
    assert ImageChops.difference(*(one.convert("RGB") for one in pictures)).getbbox() is not None


async def test_the_badge_stays_and_is_no_part_of_the_name(ash: SandboxUser) -> None:
    card = await shiny_hatch(ash)
    dialog = await (await ash.click(card, "Save")).modal()
    assert BADGE not in dialog.field("Name").value
    saved = await (await ash.submit(dialog, {"Name": "Glint"})).message()
    assert saved.title == f"Glint {BADGE}"
    marked = await press(ash, saved, "Favourite")
    assert marked.title == f"Glint {BADGE} ⭐"
    dialog = await (await ash.click(marked, "Rename")).modal()
    assert dialog.field("Name").value == "Glint"
    renamed = await (await ash.submit(dialog, {"Name": "Glimmer"})).message()
    assert renamed.title == f"Glimmer {BADGE} ⭐"


async def test_pages_badge_those_that_are_shiny(running: RunningBot) -> None:
    async with SandboxUser(running.url, "Misty") as misty:
        await hatch(misty, seed="Plain")
        await (await misty.command("save", name="Plain")).message()
        plain = await picture(misty, await (await misty.command("mons")).message())
        await shiny_hatch(misty)
        await (await misty.command("save", name="Bright")).message()
        page = await (await misty.command("mons", sort="name")).message()
        menu = page.menu("Open one …")
        assert [label for label, _value in menu.options] == ["1 · Bright", "2 · Plain"]
        assert await picture(misty, page) != plain


@pytest.mark.parametrize("count", [4, 9])
async def test_those_of_a_sheet_are_lucky_each_by_itself(
    running: RunningBot, ash: SandboxUser, count: int
) -> None:
    sheet = await hatch(ash, count=count)
    badged = badges(sheet)
    for _try in range(TRIES):
        if len(set(badged)) == 2:
            break
        sheet = await press(ash, sheet, f"Hatch {count} more")
        badged = badges(sheet)
    assert len(badged) == count and any(badged) and not all(badged)
    for is_shiny in (True, False):
        number = badged.index(is_shiny) + 1
        card = await press(ash, sheet, labels(sheet)[number - 1])
        assert (BADGE in card.title) == is_shiny == (await stored(running, card)).shiny


async def test_another_may_be_lucky_and_a_step_away_may_not(running: RunningBot, ash: SandboxUser) -> None:
    card = await hatch(ash, seed="Plain")
    near = await press(ash, card, "Reroll nearby")
    assert BADGE not in near.title and not (await stored(running, near)).shiny
    for _try in range(TRIES):
        card = await press(ash, card, "Hatch another")
        if BADGE in card.title:
            break
    assert (await stored(running, card)).shiny
