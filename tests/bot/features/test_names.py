"""A creature has a name of its own: on its card when it hatches, and in the dialog that saves it."""

from __future__ import annotations

import pytest

from sandbox.driver import SandboxUser
from tests.bot.talking import WILD, hatch

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_creature_is_saved_under_the_name_that_it_hatched_with(ash: SandboxUser) -> None:
    card = await hatch(ash, seed="Named")
    title = card.title
    assert WILD.fullmatch(title)
    dialog = await (await ash.click(card, "Save")).modal()
    name = dialog.field("Name").value
    assert title == f"A wild {name} hatched!"
    saved = await (await ash.submit(dialog, {"Name": name})).message()
    assert saved.title == name


async def test_the_next_name_is_proposed_where_the_first_is_taken(
    ash: SandboxUser, misty: SandboxUser
) -> None:
    names = []
    for _time in range(3):
        card = await hatch(ash, seed="Again")
        dialog = await (await ash.click(card, "Save")).modal()
        names.append(dialog.field("Name").value)
        await (await ash.submit(dialog, {"Name": names[-1]})).message()
        # Whoever looks sees the same creature, so it has the same name.
        assert card.title == f"A wild {names[0]} hatched!"
    assert len(set(names)) == 3
    card = await hatch(misty, seed="Again")  # in her own collection it is free
    assert (await (await misty.click(card, "Save")).modal()).field("Name").value == names[0]
