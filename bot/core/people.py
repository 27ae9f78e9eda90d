"""What people are called: as Discord says where it is asked, and as it said last everywhere else.

Without the right to see all members, Discord names only who interacts and whom a command is about; it tells
of no change. So each interaction's word is kept in the store, and what is shown is read there.
"""

from __future__ import annotations

import asyncio
import logging

import discord

from bot.core.interaction import Interaction
from bot.store.people import EVERYWHERE

log = logging.getLogger(__name__)

KEEPING_S = 0.5  # for a name to be kept; the person is served then, and it may still be


async def note_name(interaction: Interaction, person: discord.User | discord.Member) -> None:
    """Keep what Discord says now that somebody is called. Never raises, and takes no longer than a moment."""
    names = {EVERYWHERE: person.global_name or person.name}
    if interaction.guild_id is not None and isinstance(person, discord.Member):
        names[interaction.guild_id] = person.display_name
    try:
        async with asyncio.timeout(KEEPING_S):
            await interaction.client.store.people.note(person.id, names, interaction.created_at)
    except Exception as error:  # of whatever kind: nobody waits for a name, and the next interaction has it
        log.info("What somebody is called could not be noted this time: %s", type(error).__name__)


async def name_of(interaction: Interaction, person_id: int) -> str:
    """What somebody is called where the interaction happens; "" where nobody knows."""
    if person_id == interaction.user.id:
        return interaction.user.display_name
    return await interaction.client.store.people.name(person_id, interaction.guild_id)
