"""The children of two creatures: one by choice, or six on one sheet."""

from __future__ import annotations

import asyncio
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
from bot.core.waiting import counted, queue_note
from bot.engine import MixOrder, NearbyOrder, Take
from bot.errors import UserError
from bot.features.choosing import choices
from bot.store import Creature, recipes
from bot.ui.cards import Card, describe_recipe, parent_label
from bot.ui.pictures import CHILD_COLUMNS, Portrait, mix_sheet

MIX_PICTURE = "mix.png"
STEP = 0.2  # how far each child of "more like this" goes towards a random creature's styles
NOT_THEIRS = N_("This mix is somebody else's: make your own with /mix.")

# The six children of a mix: what is taken of B, how much of it (percent), and the label in the picture.
CHILDREN: list[tuple[list[Take], int, str]] = [
    (["colours"], 100, N_("colours")),
    (["features"], 100, N_("features")),
    (["features", "colours"], 100, N_("both")),
    (ALL_LEVELS, 25, "25 %"),
    (ALL_LEVELS, 50, "50 %"),
    (ALL_LEVELS, 75, "75 %"),
]


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
    if a.id == b.id:
        raise UserError(N_("A creature mixed with itself stays itself: choose two different ones."))
    if a.checkpoint_id != b.checkpoint_id:
        raise UserError(N_("These two hatched from different checkpoints: begin anew with /mix."))
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
    wanted = [(take, amount) for take, amount, _label in CHILDREN]
    children = await breed(interaction, acknowledge, a, b, wanted, varied=varied)
    first, second, *drawn = await interaction.client.engine.pictures([a, b, *children])
    png = await asyncio.to_thread(
        mix_sheet,
        Portrait(first, f"A · {a.name or a.code}"),
        Portrait(second, f"B · {b.name or b.code}"),
        [Portrait(picture, _(label)) for picture, (*_recipe, label) in zip(drawn, CHILDREN, strict=True)],
    )
    legend = "\n".join(f"**{i}** {describe_recipe(child.recipe)}" for i, child in enumerate(children, 1))
    embed = discord.Embed(
        title=f"{parent_label(a)} × {parent_label(b)}",
        description=_("Choose a child:\n{legend}").format(legend=legend),
    )
    embed.set_image(url=f"attachment://{MIX_PICTURE}")
    embed.set_footer(text=_("Mixed by {person}").format(person=interaction.user.display_name))
    last = -(-len(children) // CHILD_COLUMNS)
    user_id = interaction.user.id
    items: list[Item[Any]] = [
        *choices(children, CHILD_COLUMNS),
        Swap(a.id, b.id, user_id).item(row=last),
        MoreLikeThis(a.id, b.id, user_id).item(row=last),
    ]
    await put(interaction, Card(embed, png, MIX_PICTURE), view_of(items))


async def _parents(interaction: Interaction, a_id: int, b_id: int) -> tuple[Creature, Creature]:
    a, b = [await interaction.client.store.creatures.get(i) for i in (a_id, b_id)]
    if a is None or b is None:
        raise UserError(N_("One of the parents is no longer there: choose two others with /mix."))
    return a, b


class Swap(Button):
    """Exchanges the parents of a mix in its message, for the person who asked for it."""

    prefix, label, emoji, author_only = "swap", N_("Swap parents"), "🔁", NOT_THEIRS
    a_id: Id
    b_id: Id
    user_id: UserId

    async def press(self, interaction: Interaction) -> None:
        async with answering(interaction, in_place=True) as acknowledge:
            b, a = await _parents(interaction, self.b_id, self.a_id)
            await show_children(interaction, acknowledge, b, a)


class MoreLikeThis(Button):
    """Six more children of the same parents, each a small step away, in a message of their own."""

    prefix, label, emoji, author_only = "more", N_("More like this"), "✨", NOT_THEIRS
    a_id: Id
    b_id: Id
    user_id: UserId

    async def press(self, interaction: Interaction) -> None:
        async with answering(interaction) as acknowledge:
            a, b = await _parents(interaction, self.a_id, self.b_id)
            await show_children(interaction, acknowledge, a, b, varied=True)
