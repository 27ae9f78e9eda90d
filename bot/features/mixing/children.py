"""The children of two creatures: one by choice, or six on one sheet."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import discord
from discord.ui import Item

from bot.core import weirdness
from bot.core.acknowledge import Acknowledge, answering
from bot.core.answers import put
from bot.core.buttons import Button, view_of
from bot.core.creatures import ALL_LEVELS, new_creature, random_seed
from bot.core.custom_id import Id, UserId
from bot.core.interaction import Interaction
from bot.core.language import N_, _
from bot.core.proposals import called
from bot.core.waiting import counted, queue_note
from bot.engine import MixOrder, NearbyOrder, Take
from bot.features.choosing import choices
from bot.features.mixing.parents import check_parents, parents
from bot.features.mixing.watching import Watch
from bot.store import Creature, recipes
from bot.ui.captions import child_caption, name_caption
from bot.ui.sheet_card import Row, SheetCard
from bot.ui.sheets import Tile, parents_sheet, sheet

STEP = 0.2  # how far each child of "more like this" goes towards a random creature's styles
NOT_THEIRS = N_("This mix is somebody else's: make your own with /mix.")

# The six children of a mix: what is taken of B, and how much of it (percent).
CHILDREN: list[tuple[list[Take], int]] = [
    (["colours"], 100),
    (["features"], 100),
    (["features", "colours"], 100),
    (ALL_LEVELS, 25),
    (ALL_LEVELS, 50),
    (ALL_LEVELS, 75),
]
COLUMNS = 3
CAPTION_LINES = 2


async def breed(
    interaction: Interaction,
    acknowledge: Acknowledge,
    a: Creature,
    b: Creature,
    wanted: list[tuple[list[Take], int]],
    *,
    varied: bool = False,
) -> list[Creature]:
    """Draw and keep one child for each that is wanted: which levels to take of B, and how much, in percent.

    The parents must be of one checkpoint. All have A's noise, so that they differ by style alone.
    `varied` moves each a small step towards a random creature, whose seed its recipe then names.
    """
    check_parents(a, b)
    orders: list[MixOrder | NearbyOrder] = []
    kept: list[recipes.Mix] = []
    for take, amount in wanted:
        mixed = MixOrder(a.w_plus, b.w_plus, tuple(take), amount / 100, a.noise_seed, a.checkpoint_id)
        seed = random_seed()
        orders.append(NearbyOrder(mixed, seed, weirdness.parse(None), STEP) if varied else mixed)
        step = recipes.Nearby(seed, STEP) if varied else None
        kept.append(recipes.Mix(tuple(take), amount, step))
    with counted(interaction, len(wanted)):
        drawn = await interaction.client.engine.draw(
            orders,
            user_id=interaction.user.id,
            on_accepted=acknowledge,
            on_queued=queue_note(interaction),
        )
        parents = {"parent_a_id": a.id, "parent_b_id": b.id}
        shown = len(wanted) == 1
        return await interaction.client.store.creatures.add(
            [
                new_creature(interaction, child, recipe, **parents, shown=shown)
                for child, recipe in zip(drawn, kept, strict=True)
            ]
        )


async def show_children(
    interaction: Interaction, acknowledge: Acknowledge, a: Creature, b: Creature, *, varied: bool = False
) -> None:
    """The sheet of six, of parents of the same checkpoint."""
    children = await breed(interaction, acknowledge, a, b, CHILDREN, varied=varied)
    first, second, *drawn = await interaction.client.engine.pictures([a, b, *children])
    names = await called(interaction, a), await called(interaction, b)
    a_tile, b_tile = (
        Tile(picture, name_caption(name), favourite=parent.favourite, shiny=parent.shiny)
        for picture, name, parent in zip((first, second), names, (a, b), strict=True)
    )
    captions = [child_caption(take, amount, *names) for take, amount in CHILDREN]
    tiles = [
        Tile(picture, caption, number)
        for number, (picture, caption) in enumerate(zip(drawn, captions, strict=True), 1)
    ]
    buttons = choices(children, [str(tile.number) for tile in tiles], COLUMNS)
    rows = await asyncio.to_thread(_rows, a_tile, b_tile, tiles, buttons)
    small = _("Variations, mixed by {person}") if varied else _("Mixed by {person}")
    person = discord.utils.escape_markdown(interaction.user.display_name)
    user_id = interaction.user.id
    below = [
        Swap(a.id, b.id, user_id).item(),
        MoreLikeThis(a.id, b.id, user_id).item(),
        Watch(a.id, b.id).item(),
    ]
    await put(interaction, SheetCard(rows, small.format(person=person)), view_of(below))


def _rows(a: Tile, b: Tile, children: Sequence[Tile], buttons: Sequence[Sequence[Item[Any]]]) -> list[Row]:
    """The parents on top, and their children below, each row with its buttons."""
    rows = [Row(parents_sheet(a, b, COLUMNS), _("{a} and {b}").format(a=a.caption, b=b.caption))]
    for i, below in enumerate(buttons):
        tiles = children[i * COLUMNS : (i + 1) * COLUMNS]
        alt = "; ".join(f"{tile.number}: {tile.caption}" for tile in tiles)
        rows.append(Row(sheet(tiles, COLUMNS, lines=CAPTION_LINES), alt, below))
    return rows


class Swap(Button):
    """Exchanges the parents of a mix in its message, for the person who asked for it."""

    prefix, label, emoji, author_only = "swap", N_("Swap parents"), "🔁", NOT_THEIRS
    a_id: Id
    b_id: Id
    user_id: UserId

    async def press(self, interaction: Interaction) -> None:
        async with answering(interaction, in_place=True) as acknowledge:
            b, a = await parents(interaction, self.b_id, self.a_id)
            await show_children(interaction, acknowledge, b, a)


class MoreLikeThis(Button):
    """Six more children of the same parents, each a small step away, in a message of their own."""

    prefix, label, emoji, author_only = "more", N_("More like this"), "✨", NOT_THEIRS
    a_id: Id
    b_id: Id
    user_id: UserId

    async def press(self, interaction: Interaction) -> None:
        async with answering(interaction) as acknowledge:
            a, b = await parents(interaction, self.a_id, self.b_id)
            await show_children(interaction, acknowledge, a, b, varied=True)
