"""What features share about creatures: looking one up, keeping a new one, showing its card."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from discord.app_commands import Choice
from discord.ui import Item

from bot.core.answers import answer
from bot.core.buttons import view_of
from bot.core.interaction import Interaction
from bot.core.language import N_
from bot.core.people import name_of
from bot.core.readings import note_shown
from bot.core.slots import CREATURE
from bot.engine import SEED_MAX, Hatched, Picture, Take
from bot.errors import UserError
from bot.store import Creature, NewCreature, Recipe
from bot.store.creatures import GONE
from bot.store.names import plain
from bot.ui.cards import creature_card

ALL_LEVELS: list[Take] = ["shape", "features", "colours"]


async def existing(interaction: Interaction, creature_id: int) -> Creature:
    """Raises `UserError` where the creature was forgotten or released."""
    creature = await interaction.client.store.creatures.get(creature_id)
    if creature is None:
        raise UserError(GONE)
    return creature


async def named(interaction: Interaction, text: str) -> Creature:
    """A creature by its name or code, as this person sees names here. Raises `UserError`."""
    collection = interaction.client.store.collection
    return await collection.find(interaction.user.id, interaction.guild_id, text)


async def own(interaction: Interaction, creature_id: int) -> Creature:
    """A creature that this person owns. Raises `UserError` if it is gone or somebody else's."""
    creature = await existing(interaction, creature_id)
    if creature.owner_id != interaction.user.id:
        owner = plain(await name_of(interaction, creature.owner_id))  # people may call themselves anything
        if owner:
            raise UserError(N_("This one is {owner}'s: hatch your own with /newmon."), owner=owner)
        raise UserError(N_("This one is somebody else's: hatch your own with /newmon."))
    return creature


async def show(
    interaction: Interaction,
    creature: Creature,
    parents: tuple[Creature | None, Creature | None] | None = None,
    *,
    asking: tuple[str, list[Item[Any]]] | None = None,
    remark: str | None = None,
    drawn: tuple[Callable[[Picture], bytes], str] | None = None,
) -> None:
    """Put a creature's card, and what features offer to do with it, where the interaction's answer stands.

    `asking`: a question above the card, and the answers to choose from instead of those offers; `remark`: a
    sentence there. `drawn`: makes what the card shows (PNG) of what the creature looks like, in a thread, and
    what to say of that to those who cannot see it; the next time that it is shown it looks as ever.
    """
    if parents is None:
        parents = await parents_of(interaction, creature)
    engine = interaction.client.engine
    [picture], traits = await asyncio.gather(engine.pictures([creature]), engine.traits(creature))
    owner = await name_of(interaction, creature.owner_id)
    card = await creature_card(creature, picture, traits, owner, parents)
    if drawn is not None:
        draw, words = drawn
        card = replace(card, png=await asyncio.to_thread(draw, picture), alt=f"{card.alt}, {words}")
    above, items = asking or (remark, CREATURE.items(interaction.client.offers, creature))
    await answer(interaction, content=above, card=card, view=view_of(items))
    await note_shown(interaction, creature)


async def parents_of(interaction: Interaction, creature: Creature) -> tuple[Creature | None, Creature | None]:
    """Both parents, as far as there are any and they are still there."""
    ids = (creature.parent_a_id, creature.parent_b_id)
    a, b = [None if i is None else await interaction.client.store.creatures.get(i) for i in ids]
    return a, b


def random_seed() -> int:
    return secrets.randbelow(SEED_MAX + 1)


def new_creature(interaction: Interaction, hatched: Hatched, recipe: Recipe, **more: Any) -> NewCreature:
    """What was drawn after that recipe, as this person's own, here and now."""
    return NewCreature(
        owner_id=interaction.user.id,
        guild_id=interaction.guild_id,
        channel_id=interaction.channel_id or 0,
        w_plus=hatched.w_plus,
        noise_seed=hatched.noise_seed,
        png=hatched.png,
        checkpoint_id=hatched.checkpoint_id,
        reading=hatched.reading,
        recipe=recipe,
        at=interaction.created_at,
        **more,
    )


async def suggest_creatures(interaction: Interaction, current: str) -> list[Choice[str]]:
    """Autocomplete: one's own by name, other people's by code, because their names may be one's own too."""
    collection = interaction.client.store.collection
    found = await collection.suggest(interaction.user.id, interaction.guild_id, current)
    return [
        Choice(name=entry.name, value=entry.name)
        if entry.owner_id == interaction.user.id
        else Choice(name=f"{entry.name} ({entry.owner_name or 'unnamed'})"[:100], value=entry.code)
        for entry in found
    ]
