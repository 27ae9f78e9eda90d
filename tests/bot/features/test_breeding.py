"""Several at once, a small step away, more like this: creatures that come of others, and their names."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from bot.core.naming import candidates
from bot.features.hatching import STEP
from bot.store import Nearby, Store
from bot.ui.sheets import GAP, TILE
from sandbox.components import GALLERY, ROW, TEXT
from sandbox.driver import Message, SandboxUser
from tests.bot.running import RunningBot
from tests.bot.talking import hatch, hatch_and_save, labels, picture, press, refusal

pytestmark = pytest.mark.asyncio(loop_scope="module")


def code_of(message: Message) -> str:
    """The code on a creature's card."""
    return message.text.rpartition("code `")[2].partition("`")[0]


def creature_id(card: Message) -> int:
    """The number in the buttons under a card."""
    return int(next(b.custom_id for b in card.buttons if "nearby" in b.custom_id).split(":")[2])


@pytest.mark.parametrize(("count", "columns"), [(4, 2), (9, 3)])
async def test_several_come_with_their_names_each_row_above_its_buttons(
    ash: SandboxUser, count: int, columns: int
) -> None:
    message = await hatch(ash, count=count)
    *names, more, mine = labels(message)
    assert (len(names), more, mine) == (count, f"Hatch {count} more", "My creatures")
    rows = [names[start : start + columns] for start in range(0, count, columns)]
    assert [alt.split(", ") for alt in message.alts] == rows
    kinds = [part["type"] for part in message.raw["components"]]
    assert kinds == [*[GALLERY, ROW] * len(rows), TEXT, ROW]
    assert message.text == "-# Hatched by Ash"  # no seed, and no ψ
    tiles = [
        row.crop((i * (TILE + GAP), 0, i * (TILE + GAP) + TILE, TILE)).tobytes()
        for row in [Image.open(io.BytesIO(await ash.download(one))) for one in message.pictures]
        for i in range(columns)
    ]
    assert len(set(tiles)) == count
    again = await press(ash, message, more)
    assert again.id != message.id and labels(again)[count:] == [more, mine]


async def test_one_of_a_sheet_is_picked_by_its_owner_and_saved(ash: SandboxUser, misty: SandboxUser) -> None:
    sheet = await hatch(ash, seed="Ash", count=4)
    third = labels(sheet)[2]
    assert "Ash's" in await refusal(misty, await misty.click(sheet, third))
    picked = await press(ash, sheet, third)
    same = await hatch(ash, seed="Ash 3")
    assert await ash.download(picked.pictures[0]) == await ash.download(same.pictures[0])
    dialog = await (await ash.click(picked, "Save")).modal()
    assert dialog.field("Name").value == third and picked.title == f"A wild {third} hatched!"
    saved = await (await ash.submit(dialog, {"Name": "Third"})).message()
    assert (saved.id, saved.title) == (picked.id, "Third")


async def test_a_sheet_from_a_number_counts_on_and_none_of_it_is_the_latest(ash: SandboxUser) -> None:
    sheet = await hatch(ash, seed="4294967294", count=4)
    for name, seed in zip(labels(sheet), ("4294967294", "4294967295", "0", "1"), strict=False):
        assert name in (await hatch(ash, seed=seed)).title
    last = await hatch(ash, seed="77")
    await hatch(ash, seed="4294967294", count=4)
    saved = await (await ash.command("save", name="Seventy-seven")).message()
    assert code_of(saved) == code_of(last)


async def test_a_reroll_nearby_is_a_small_step_that_remembers_where_from(
    ash: SandboxUser, misty: SandboxUser, running: RunningBot
) -> None:
    origin = await hatch_and_save(ash, "Origin", "5")
    stranger = await hatch(ash, seed="6")
    near = await press(misty, origin, "Reroll nearby")
    assert "Origin" in near.text and "A small step away" in near.text and "Hatched by Misty" in near.text
    pixels = {m.id: np.asarray(await picture(ash, m)).astype(float) for m in (origin, near, stranger)}
    step = np.abs(pixels[near.id] - pixels[origin.id]).mean()
    assert 0 < step < np.abs(pixels[stranger.id] - pixels[origin.id]).mean()
    store = await Store.open(running.settings.database)
    creature, parent = (
        await store.creatures.by_code(code_of(near)),
        await store.creatures.by_code(code_of(origin)),
    )
    await store.close()
    assert creature is not None and parent is not None
    assert (creature.parent_a_id, creature.parent_b_id) == (parent.id, None)
    assert creature.noise_seed == parent.noise_seed
    assert isinstance(creature.recipe, Nearby) and creature.recipe.step == STEP
    dialog = await (await misty.click(near, "Save")).modal()
    assert dialog.field("Name").value == "Origin 2"


async def test_more_like_this_gives_six_other_children_to_who_mixed(
    ash: SandboxUser, misty: SandboxUser, running: RunningBot
) -> None:
    await hatch_and_save(ash, "Ma", "1")
    await hatch_and_save(ash, "Pa", "2")
    mixed = await (await ash.command("mix", a="Ma", b="Pa")).message()
    assert "/mix" in await refusal(misty, await misty.click(mixed, "More like this"))
    more = await press(ash, mixed, "More like this")
    assert more.id != mixed.id and more.alts == mixed.alts and "Variations" in more.text
    assert labels(more) == labels(mixed)
    assert await ash.download(more.pictures[0]) == await ash.download(mixed.pictures[0])  # the parents
    assert await ash.download(more.pictures[1]) != await ash.download(mixed.pictures[1])
    child = await press(ash, more, "2")
    assert "Ma with Pa's features, varied" in child.text and "Ma × Pa" in child.text


async def test_the_children_of_a_mix_share_their_noise_so_that_styles_alone_differ(
    ash: SandboxUser, running: RunningBot
) -> None:
    parent = await hatch_and_save(ash, "Noisy A", "7")
    await hatch_and_save(ash, "Noisy B", "8")
    mixed = await (await ash.command("mix", a="Noisy A", b="Noisy B")).message()
    children = [await press(ash, mixed, str(i)) for i in range(1, 7)]
    store = await Store.open(running.settings.database)
    creatures = [await store.creatures.by_code(code_of(message)) for message in (parent, *children)]
    await store.close()
    assert {creature.noise_seed for creature in creatures if creature} == {7}
    assert len({creature.w_plus.tobytes() for creature in creatures if creature}) == 7


async def test_a_child_is_offered_a_name_made_of_its_parents(ash: SandboxUser) -> None:
    await hatch_and_save(ash, "Flamino", "3")
    await hatch_and_save(ash, "Aquadon", "4")
    for proposed in ("Flamadon", "Aquamino"):  # the second time the first is taken
        child = await (await ash.command("mix", a="Flamino", b="Aquadon", amount=50)).message()
        dialog = await (await ash.click(child, "Save")).modal()
        assert dialog.field("Name").value == proposed
        saved = await (await ash.submit(dialog, {"Name": dialog.field("Name").value})).message()
        assert saved.title == proposed


async def test_mix_with_offers_ones_own_or_takes_any_name(ash: SandboxUser, misty: SandboxUser) -> None:
    first = await hatch_and_save(misty, "Staryu-ish", "9")
    theirs = await hatch_and_save(ash, "Brocko", "10")
    dialog = await (await misty.click(theirs, "Mix with …")).modal()
    assert dialog.title == "Mix Brocko with …"
    handle = await misty.submit(dialog, {"text": ""})
    assert "Choose one of your creatures" in await refusal(misty, handle)

    dialog = await (await misty.click(theirs, "Mix with …")).modal()
    mine = str(creature_id(first))
    chosen = await (await misty.submit(dialog, {"One of yours": [mine]})).message()
    assert chosen.alts[0] == "Brocko and Staryu-ish"

    dialog = await (await misty.click(theirs, "Mix with …")).modal()
    typed = await (await misty.submit(dialog, {"text": code_of(first)})).message()
    assert typed.alts[0] == "Brocko and Staryu-ish" and "Mixed by Misty" in typed.text

    dialog = await (await misty.click(theirs, "Mix with …")).modal()
    handle = await misty.submit(dialog, {"text": "Nobody"})
    assert "There is no creature called" in await refusal(misty, handle)


@pytest.mark.parametrize(
    ("a", "b", "first"),
    [
        ("Foo", "Bar", ["Foar", "Baoo", "Foar 2"]),
        ("Sir Fluff", "Bo", ["Sir Fo", "Bfluff", "Sir Fo 2"]),
        ("Foo", None, ["Foo 2", "Foo 3", "Foo 4"]),
        (None, None, []),
        ("x" * 32, "y" * 32, ["x" * 16 + "y" * 16, "y" * 16 + "x" * 16, "x" * 16 + "y" * 14 + " 2"]),
    ],
)
async def test_proposed_names_are_made_of_both_halves(a: str | None, b: str | None, first: list[str]) -> None:
    assert candidates(a, b)[:3] == first
    assert all(len(name) <= 32 for name in candidates(a, b))
