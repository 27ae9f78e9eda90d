"""Puts what was made for a person where they can see it, also when that took longer than Discord waits."""

from __future__ import annotations

import logging

import discord
from discord.ui import View

from bot.interaction import Interaction
from bot.ui.cards import Card
from bot.ui.reports import EXPIRED

log = logging.getLogger(__name__)


async def put(interaction: Interaction, card: Card, view: View) -> None:
    """Put a card where the interaction's answer stands.

    An interaction's token dies after 15 minutes. What comes later goes into the channel as a message of its
    own, where the bot may write. Raises what Discord refuses otherwise.
    """
    try:
        await interaction.edit_original_response(
            content=None, embed=card.embed, attachments=[card.file], view=view
        )
    except discord.HTTPException as error:
        if error.code not in EXPIRED or not may_write(interaction):
            raise
        await _post(interaction, card, view)


def may_write(interaction: Interaction) -> bool:
    """Whether the bot may send messages with pictures to the channel by itself.

    In servers that installed it, as far as its permissions go, and in its own direct messages. A person who
    installed it for themselves brings it to places where it can do nothing but answer.
    """
    if interaction.guild_id is None:
        return interaction.context.dm_channel
    allowed = interaction.app_permissions
    writing = (
        allowed.send_messages_in_threads
        if isinstance(interaction.channel, discord.Thread)
        else allowed.send_messages
    )
    return interaction.is_guild_integration() and writing and allowed.embed_links and allowed.attach_files


async def _post(interaction: Interaction, card: Card, view: View) -> None:
    log.info("An answer came after its interaction had expired, and goes to the channel.")
    channel = interaction.client.get_partial_messageable(
        interaction.channel_id or 0, guild_id=interaction.guild_id
    )
    await channel.send(
        f"{interaction.user.mention}, this took a while:",
        embed=card.embed,
        file=card.file,
        view=view,
        allowed_mentions=discord.AllowedMentions(users=[interaction.user]),
    )
