"""What all actions share: looking a creature up, keeping a new one, putting a card into place."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import aiohttp
import discord

from bot.core.answers import WAITS, put
from bot.core.interaction import Interaction
from bot.core.people import name_of
from bot.engine import SEED_MAX, Hatched, Take
from bot.errors import UserError
from bot.store import Creature, NewCreature
from bot.store.creatures import GONE
from bot.store.names import plain
from bot.ui.buttons import creature_view
from bot.ui.cards import creature_card

ALL_LEVELS: list[Take] = ["shape", "features", "colours"]


async def existing(interaction: Interaction, creature_id: int) -> Creature:
    """Raises `UserError` where the creature was forgotten or released."""
    creature = await interaction.client.store.creatures.get(creature_id)
    if creature is None:
        raise UserError(GONE)
    return creature


async def own(interaction: Interaction, creature_id: int) -> Creature:
    """A creature that this person owns. Raises `UserError` if it is gone or somebody else's."""
    creature = await existing(interaction, creature_id)
    if creature.owner_id != interaction.user.id:
        owner = plain(await name_of(interaction, creature.owner_id))  # people may call themselves anything
        raise UserError(f"This one is {owner or 'somebody else'}'s: hatch your own with /newmon.")
    return creature


async def show(
    interaction: Interaction,
    creature: Creature,
    parents: tuple[Creature | None, Creature | None] | None = None,
) -> None:
    """Put a creature's card and its buttons where the interaction's answer stands."""
    if parents is None:
        parents = await parents_of(interaction, creature)
    [picture] = await interaction.client.engine.pictures([creature])
    owner = await name_of(interaction, creature.owner_id)
    await put(interaction, await creature_card(creature, picture, owner, parents), creature_view(creature))


async def parents_of(interaction: Interaction, creature: Creature) -> tuple[Creature | None, Creature | None]:
    """Both parents, as far as there are any and they are still there."""
    ids = (creature.parent_a_id, creature.parent_b_id)
    a, b = [None if i is None else await interaction.client.store.creatures.get(i) for i in ids]
    return a, b


def random_seed() -> int:
    return secrets.randbelow(SEED_MAX + 1)


@contextlib.contextmanager
def counted(interaction: Interaction, creatures: int) -> Iterator[None]:
    """Around the drawing and keeping of so many: counts them against the person's cool-down, unless it fails.

    Admins have the same cool-down: it keeps the nest fair, whoever hatches. Raises `UserError` that says how
    long to wait.
    """
    cooldown, user_id = interaction.client.cooldown, interaction.user.id
    cooldown.take(user_id, creatures)
    try:
        yield
    except BaseException:
        cooldown.give_back(user_id, creatures)
        raise


def courtesy() -> contextlib.AbstractContextManager[None]:
    """Around words to somebody who waits: if Discord will not have them, the creature comes all the same."""
    return contextlib.suppress(discord.HTTPException, aiohttp.ClientError, OSError)


def queue_note(interaction: Interaction) -> Callable[[int], Awaitable[None]]:
    """Tells a person who has to wait where in the queue they stand."""

    async def note(position: int) -> None:
        with courtesy():
            await interaction.edit_original_response(content=f"You are number {position} in the queue …")
            interaction.extras[WAITS] = True

    return note


def new_creature(interaction: Interaction, hatched: Hatched, **more: Any) -> NewCreature:
    """What was drawn, as this person's own, here and now."""
    return NewCreature(
        owner_id=interaction.user.id,
        guild_id=interaction.guild_id,
        channel_id=interaction.channel_id or 0,
        w_plus=hatched.w_plus,
        noise_seed=hatched.noise_seed,
        png=hatched.png,
        checkpoint_id=hatched.checkpoint_id,
        seed=hatched.seed,
        psi=hatched.psi,
        at=interaction.created_at,
        **more,
    )
