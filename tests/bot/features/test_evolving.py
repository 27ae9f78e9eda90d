"""/evolve: lines that are found, kept and found again, whoever asks; kind sentences where there is none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest
import pytest_asyncio

from bot.store import Creature, Evolved, Store
from bot.ui.line_picture import ACCENT, ARROW, GAP, SIDE
from gan.package import SHIPPED
from sandbox.driver import Message, SandboxUser
from tests.bot.running import RunningBot
from tests.bot.talking import hatch, hatch_and_save, labels, picture, press, private_answer, refusal

pytestmark = pytest.mark.asyncio(loop_scope="module")

EVOLVES, STAYS = "1", "13"  # seeds of the shipped checkpoint


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def learned(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningBot]:
    """A bot whose checkpoint says what creatures are, on which Erika has Foo."""
    bot = await RunningBot(tmp_path_factory.mktemp("learned"), checkpoint=SHIPPED).start()
    async with SandboxUser(bot.url, "Erika") as erika:
        await hatch_and_save(erika, "Foo", EVOLVES)
    yield bot
    await bot.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def erika(learned: RunningBot) -> AsyncIterator[SandboxUser]:
    async with SandboxUser(learned.url, "Erika") as user:
        yield user


async def line_of(user: SandboxUser, name: str) -> Message:
    return await (await user.command("evolve", name=name)).message()


async def kept(bot: RunningBot, user: SandboxUser) -> list[Creature]:
    """The forms of Foo that are this person's."""
    store = await Store.open(bot.settings.database)
    try:
        async with SandboxUser(bot.url, "Erika") as erika:
            foo = await store.collection.find(int(erika.id), None, "Foo")
        return await store.creatures.children(foo.id, int(user.id))
    finally:
        await store.close()


async def test_a_line_is_one_picture_with_a_button_for_each_form(
    learned: RunningBot, erika: SandboxUser
) -> None:
    line = await line_of(erika, "Foo")
    first, second, third = labels(line)
    assert second == "Foo" and len({first, second, third}) == 3
    assert line.embeds[0]["title"] == "The line of Foo"
    assert line.embeds[0]["description"] == f"**Foo** was **{first}** once, and grows into **{third}**."
    shown = await picture(erika, line)
    assert shown.size[0] == 2 * GAP + 3 * SIDE + 2 * ARROW
    pixels = np.asarray(shown.convert("RGB"))[: GAP + SIDE, GAP:]
    tiles = [pixels[GAP + 4 : -4, i * (SIDE + ARROW) :][:, 4 : SIDE - 4] for i in range(3)]
    # Each is larger than the one before, and only the one in question has a frame.
    inked = [int((tile.min(axis=2) < 250).sum()) for tile in tiles]
    assert inked == sorted(inked) and inked[0] < 0.7 * inked[2]
    framed = [bool((pixels[GAP, i * (SIDE + ARROW) + SIDE // 2] == ACCENT).all()) for i in range(3)]
    assert framed == [False, True, False]
    forms = await kept(learned, erika)
    assert {form.recipe for form in forms} == {Evolved(1, 2), Evolved(3, 2)} and len(forms) == 2


async def test_a_form_is_opened_saved_and_keeps_its_place_in_the_line(
    learned: RunningBot, erika: SandboxUser
) -> None:
    line = await line_of(erika, "Foo")
    before = await kept(learned, erika)
    grown = await press(erika, line, labels(line)[2])
    assert f"Foo grew into {labels(line)[2]}!" in grown.text and "Its later form, 3 of 3" in grown.text
    dialog = await (await erika.click(grown, "Save")).modal()
    assert dialog.field("Name").value == labels(line)[2]
    await (await erika.submit(dialog, {"Name": "Grown"})).message()
    again = await line_of(erika, "Grown")  # the line of the one that it came of
    assert labels(again) == [*labels(line)[:2], "Grown"]
    assert {form.id for form in await kept(learned, erika)} == {form.id for form in before}


async def test_somebody_elses_creature_evolves_for_whoever_asks(
    learned: RunningBot, erika: SandboxUser
) -> None:
    async with SandboxUser(learned.url, "Brock") as brock:
        card = await (await brock.command("mon", name="Foo")).message()
        line = await press(brock, card, "Evolve")
        assert len(labels(line)) == 2 and "Foo" not in labels(line)  # his are the forms, and not Foo
        assert [form.owner_id for form in await kept(learned, brock)] == [int(brock.id)] * 2
        mine = await line_of(erika, "Foo")
        assert "Erika's" in await refusal(brock, await brock.click(mine, labels(mine)[0]))


async def test_asked_for_twice_at_once_it_is_the_same_line(erika: SandboxUser) -> None:
    card = await hatch(erika, seed="2")
    one, other = await asyncio.gather(press(erika, card, "Evolve"), press(erika, card, "Evolve"))
    assert labels(one) == labels(other) and one.id != other.id
    assert await erika.download(one.pictures[0]) == await erika.download(other.pictures[0])
    # Asked for twice at once, they were kept twice: the form is the one that gets a name, whichever that is.
    for sheet, name in ((one, "Twin"), (other, "Other Twin")):
        await _save(erika, sheet, name)
        assert name in labels(await press(erika, card, "Evolve"))
        await _release(erika, name)


async def test_one_that_stays_itself_says_so_in_private(erika: SandboxUser) -> None:
    card = await hatch(erika, seed=STAYS)
    assert (await refusal(erika, await erika.click(card, "Evolve"))).startswith("This one does not evolve")
    assert "There is no" in await private_answer(erika, "evolve", name="Nobody At All")


async def test_what_no_checkpoint_can_read_is_said_kindly(ash: SandboxUser) -> None:
    card = await hatch(ash, seed="1")
    told = await refusal(ash, await ash.click(card, "Evolve"))
    assert told.startswith("Nobody can tell what this one grows into") and "train traits" in told


async def _save(user: SandboxUser, line: Message, name: str) -> None:
    """Save the first form of a line that is not saved yet."""
    opened = await press(user, line, labels(line)[0])
    dialog = await (await user.click(opened, "Save")).modal()
    await (await user.submit(dialog, {"Name": name})).message()


async def _release(user: SandboxUser, name: str) -> None:
    asking = await press(user, await (await user.command("mon", name=name)).message(), "Release")
    await press(user, asking, f"Yes, let {name} go")
