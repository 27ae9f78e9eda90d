"""What creatures are called, also those that nobody has named yet."""

from __future__ import annotations

import asyncio

from bot.core.creatures import parents_of
from bot.core.interaction import Interaction
from bot.core.naming import OWN, candidates, own_names
from bot.store import Creature, Evolved


async def proposed_names(interaction: Interaction, creature: Creature, count: int = OWN) -> list[str]:
    """Names for a creature, the best first: made of its parents' if they are named, or its own."""
    if not isinstance(creature.recipe, Evolved):  # which is another creature than what it evolved from
        a, b = await parents_of(interaction, creature)
        if names := candidates(a and a.name, b and b.name):
            return names[:count]
    traits = await interaction.client.engine.traits(creature)
    return await asyncio.to_thread(own_names, creature, traits, count)


async def called(interaction: Interaction, creature: Creature) -> str:
    """A creature's name, or the first of those that are proposed for it."""
    return creature.name or (await proposed_names(interaction, creature, 1))[0]
