"""Mixing two creatures: six children on one sheet, or one child by choice."""

from __future__ import annotations

import asyncio
from typing import Any

import discord

from bot.actions.common import (
    ALL_LEVELS,
    counted,
    existing,
    new_creature,
    queue_note,
    random_seed,
    show,
)
from bot.actions.rehatching import keep_rehatched, offer_rehatching, rehatch
from bot.core import dialogs, weirdness
from bot.core.acknowledge import Acknowledge, answering
from bot.core.answers import put
from bot.core.buttons import on_press
from bot.core.dialogs import Answers, mix_dialog, on_submit
from bot.core.interaction import Interaction
from bot.engine import Take
from bot.errors import UserError
from bot.store import Creature
from bot.ui.buttons import MixWith, MoreLikeThis, Swap, mix_view
from bot.ui.cards import Card, describe_recipe, parent_label
from bot.ui.pictures import CHILD_COLUMNS, Portrait, mix_sheet
from bot.ui.rehatching import KeepAndMix, Rehatch

MIX_PICTURE = "mix.png"
STEP = 0.2  # how far each child of "more like this" goes towards a random creature's styles

# The six children of a mix: what is taken of B, how much of it (percent), and the label in the picture.
CHILDREN: list[tuple[list[Take], int, str]] = [
    (["colours"], 100, "colours"),
    (["features"], 100, "features"),
    (["features", "colours"], 100, "both"),
    (ALL_LEVELS, 25, "25 %"),
    (ALL_LEVELS, 50, "50 %"),
    (ALL_LEVELS, 75, "75 %"),
]


async def mix(
    interaction: Interaction, a: str, b: str, take: list[Take] | None = None, amount: int | None = None
) -> None:
    """Mix two creatures by name or code: six children, or one if `take` or `amount` is given."""
    if not set(take or ()) <= set(ALL_LEVELS) or not 0 <= (amount or 0) <= 100:
        raise UserError("Take the shape, the features or the colours of B, and 0 to 100 % of it.")
    store, user_id, guild_id = interaction.client.store, interaction.user.id, interaction.guild_id
    async with answering(interaction) as acknowledge:
        first = await store.collection.find(user_id, guild_id, a)
        second = await store.collection.find(user_id, guild_id, b)
        if first.checkpoint_id != second.checkpoint_id or (take is None and amount is None):
            await _show_children(interaction, acknowledge, first, second)
            return
        percent = amount if amount is not None else 100 if take else 50
        recipe = (take or ALL_LEVELS, percent)
        [child] = await _breed(interaction, acknowledge, first, second, [recipe])
        await show(interaction, child, (first, second))


@on_press(Swap)
async def swap(interaction: Interaction, a_id: int, b_id: int, user_id: int) -> None:
    """Exchange the parents of a mix in its message, for the person who asked for it."""
    _refuse_others(interaction, user_id)
    async with answering(interaction, in_place=True) as acknowledge:
        await _show_children(interaction, acknowledge, *await _parents(interaction, b_id, a_id))


@on_press(MoreLikeThis)
async def more_like_this(interaction: Interaction, a_id: int, b_id: int, user_id: int) -> None:
    """Six more children of the same parents, in a message of their own."""
    _refuse_others(interaction, user_id)
    async with answering(interaction) as acknowledge:
        parents = await _parents(interaction, a_id, b_id)
        await _show_children(interaction, acknowledge, *parents, varied=True)


@on_press(MixWith)
async def ask_partner(interaction: Interaction, creature_id: int) -> None:
    """Open the dialog for the other parent, with one's own creatures to choose from."""
    creature = await existing(interaction, creature_id)
    partners = await interaction.client.store.collection.partners(interaction.user.id, creature)
    await interaction.response.send_modal(mix_dialog(creature_id, creature.name or creature.code, partners))


@on_submit(dialogs.MIX)
async def mix_as_answered(interaction: Interaction, creature_id: int, answers: Answers) -> None:
    """Mix with what was typed in the dialog, or else with what was chosen there."""
    text, chosen = answers.get("text", "").strip(), answers.get("partner", "")
    async with answering(interaction) as acknowledge:
        first = await existing(interaction, creature_id)
        if text:
            second = await interaction.client.store.collection.find(
                interaction.user.id, interaction.guild_id, text
            )
        elif chosen.isdecimal():
            second = await existing(interaction, int(chosen))
        else:
            raise UserError("Choose one of your creatures, or type the name or the code of any other.")
        await _show_children(interaction, acknowledge, first, second)


@on_press(Rehatch)
async def rehatch_parent(
    interaction: Interaction, creature_id: int, target_id: int, first: int, user_id: int
) -> None:
    """Re-hatch one parent in the other's checkpoint, for the person who wanted to mix them."""
    await rehatch(interaction, creature_id, target_id, bool(first), user_id)


@on_press(KeepAndMix)
async def mix_rehatched(
    interaction: Interaction, creature_id: int, other_id: int, first: int, user_id: int
) -> None:
    """Save what was re-hatched, and go on with the mix in a message of its own."""
    async with answering(interaction) as acknowledge:
        made, other = await keep_rehatched(interaction, creature_id, user_id, other_id)
        await _show_children(interaction, acknowledge, *((made, other) if first else (other, made)))


def _refuse_others(interaction: Interaction, user_id: int) -> None:
    if interaction.user.id != user_id:
        raise UserError("This mix is somebody else's: make your own with /mix.")


async def _parents(interaction: Interaction, a_id: int, b_id: int) -> tuple[Creature, Creature]:
    a, b = [await interaction.client.store.creatures.get(i) for i in (a_id, b_id)]
    if a is None or b is None:
        raise UserError("One of the parents is no longer there: choose two others with /mix.")
    return a, b


async def _show_children(
    interaction: Interaction, acknowledge: Acknowledge, a: Creature, b: Creature, *, varied: bool = False
) -> None:
    """The sheet of six; for parents of different checkpoints an offer instead."""
    if a.checkpoint_id != b.checkpoint_id:
        await offer_rehatching(interaction, acknowledge, a, b)
        return
    recipes = [(take, amount) for take, amount, _ in CHILDREN]
    children = await _breed(interaction, acknowledge, a, b, recipes, varied=varied)
    first, second, *drawn = await interaction.client.engine.pictures([a, b, *children])
    png = await asyncio.to_thread(
        mix_sheet,
        Portrait(first, f"A · {a.name or a.code}"),
        Portrait(second, f"B · {b.name or b.code}"),
        [Portrait(picture, label) for picture, (_, _, label) in zip(drawn, CHILDREN, strict=True)],
    )
    legend = "\n".join(f"**{i}** {describe_recipe(child.recipe)}" for i, child in enumerate(children, 1))
    embed = discord.Embed(
        title=f"{parent_label(a)} × {parent_label(b)}", description=f"Choose a child:\n{legend}"
    )
    embed.set_image(url=f"attachment://{MIX_PICTURE}")
    embed.set_footer(text=f"Mixed by {interaction.user.display_name}")
    view = mix_view([child.id for child in children], CHILD_COLUMNS, a.id, b.id, interaction.user.id)
    await put(interaction, Card(embed, png, MIX_PICTURE), view)


async def _breed(
    interaction: Interaction,
    acknowledge: Acknowledge,
    a: Creature,
    b: Creature,
    recipes: list[tuple[list[Take], int]],
    *,
    varied: bool = False,
) -> list[Creature]:
    """Draw and keep one child for each recipe, on the parents' own checkpoint, which must be the same.

    All have A's noise, so that they differ by style alone.
    `varied` moves each a small step towards a random creature, whose seed its recipe then names.
    """
    if a.id == b.id:
        raise UserError("A creature mixed with itself stays itself: choose two different ones.")
    engine, own = interaction.client.engine, a.checkpoint_id
    with counted(interaction, len(recipes)):
        await engine.prepare(own)
        codes = [engine.mixed(a.w_plus, b.w_plus, take, amount / 100, own) for take, amount in recipes]
        notes: list[dict[str, Any]] = [{"take": take, "amount": amount} for take, amount in recipes]
        if varied:
            seeds = [random_seed() for _ in codes]
            targets = await engine.styles(seeds, weirdness.parse(None), own)
            codes = [engine.mixed(c, t, ALL_LEVELS, STEP, own) for c, t in zip(codes, targets, strict=True)]
            notes = [note | {"nearby": seed, "step": STEP} for note, seed in zip(notes, seeds, strict=True)]
        drawn = await engine.render(
            codes,
            [a.noise_seed] * len(codes),
            user_id=interaction.user.id,
            checkpoint_id=own,
            on_accepted=acknowledge,
            on_queued=queue_note(interaction),
        )
        parents = {"parent_a_id": a.id, "parent_b_id": b.id}
        shown = len(recipes) == 1
        return await interaction.client.store.creatures.add(
            [
                new_creature(interaction, child, **parents, recipe=note, shown=shown)
                for child, note in zip(drawn, notes, strict=True)
            ]
        )
