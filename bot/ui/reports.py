"""The one error path: people get one sentence, the log gets the rest."""

from __future__ import annotations

import logging
import secrets
from typing import Any

import discord

from bot.errors import UserError

log = logging.getLogger(__name__)

# Discord's codes for an interaction or message that is over: nobody is left to tell.
GONE = {
    10008,  # unknown message
    10015,  # unknown webhook
    10062,  # unknown interaction
    40060,  # already acknowledged
    50027,  # invalid webhook token
}


async def report(interaction: discord.Interaction[Any], error: BaseException) -> None:
    """Tell the person privately what went wrong. Never raises because of Discord."""
    if isinstance(error, discord.HTTPException) and error.code in GONE:
        log.info("An interaction was over before it was answered (code %d).", error.code)
        return
    if isinstance(error, UserError):
        text = str(error)
    else:
        error_id = secrets.token_hex(4)
        log.error("error %s", error_id, exc_info=error)
        text = f"Something went wrong here (error {error_id}). Nothing is lost: please try again."
    try:
        await tell_privately(interaction, text)
    except Exception as failure:  # Discord refuses, or the bot is closing: the log is all that is left
        log.warning("A person could not be told of an error: %s", failure)


async def tell_privately(interaction: discord.Interaction[Any], text: str) -> None:
    """A message that only this person sees, whatever state the interaction is in."""
    if not interaction.response.is_done():
        await interaction.response.send_message(text, ephemeral=True)
        return
    if interaction.response.type is discord.InteractionResponseType.deferred_channel_message:
        # A public "thinking …" stands there: whatever comes first takes its place, and its publicity.
        await interaction.delete_original_response()
    await interaction.followup.send(text, ephemeral=True)
