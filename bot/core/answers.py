"""Puts what is meant for a person where they can see it, also where Discord has no place for it any more.

Discord forgets an interaction's token after 15 minutes, and its messages may be deleted at any moment. What
it then makes of an edit or of another message has changed over the years (discord-api-docs 2739, 3087), so
that nothing here relies on one of them alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any

import aiohttp
import discord
from discord.ui import View

from bot.core.acknowledge import PRIVATE
from bot.core.interaction import Interaction
from bot.core.language import _
from bot.ui.cards import Card
from bot.ui.layout import LaidOut, Layout, container_of, layout_of

log = logging.getLogger(__name__)

UNKNOWN_MESSAGE, UNKNOWN_WEBHOOK, INVALID_TOKEN = 10008, 10015, 50027
EXPIRED = {UNKNOWN_WEBHOOK, INVALID_TOKEN}  # the token died while its answer was made

LAYOUT = "layout"  # among an interaction's extras: its message has become a layout
WAITS = "waits"  # among an interaction's extras: its message says how long the person has to wait
NOTHING = "…"  # what a "thinking …" becomes before it is deleted

_FAILURES = (discord.HTTPException, aiohttp.ClientError, asyncio.TimeoutError, OSError)


async def put(interaction: Interaction, card: Card | LaidOut, view: View) -> None:
    """Put a card where the interaction's answer stands; see `answer`."""
    await answer(interaction, card=card, view=view)


async def answer(
    interaction: Interaction,
    *,
    content: str | None = None,
    card: Card | LaidOut | None = None,
    embed: discord.Embed | None = None,
    view: View | None = None,
) -> None:
    """Put this and nothing else where the interaction's answer stands.

    Where that was deleted meanwhile, the person gets it in a private message; where the token has died, in a
    message in the channel, if the bot may write there. Raises what Discord refuses otherwise.
    """
    laid_out = _is_laid_out(card) or is_layout(interaction)
    try:
        await interaction.edit_original_response(**_edit(content, card, embed, view, laid_out=laid_out))
        interaction.extras[LAYOUT] = laid_out
        return
    except discord.HTTPException as error:
        refusal = error
    if refusal.code == UNKNOWN_MESSAGE:
        log.info("An answer's message was deleted meanwhile: it comes anew.")
        with contextlib.suppress(discord.NotFound):
            await interaction.followup.send(ephemeral=True, **_message(content, card, embed, view))
            return
    elif refusal.code not in EXPIRED:
        raise refusal
    if not may_write(interaction):
        raise refusal
    log.info("An answer came after its interaction had expired, and goes to the channel.")
    mention = _("{person}, this took a while:").format(person=interaction.user.mention)
    await post(interaction, mention if content is None else f"{mention} {content}", card, embed, view)


async def tell_privately(interaction: discord.Interaction[Any], text: str) -> None:
    """A sentence for this person alone, whatever state the interaction is in.

    Where Discord has no private place for it any more, it comes in public: better than not at all. Raises
    what Discord says to that.
    """
    if interaction.type is discord.InteractionType.autocomplete:
        return  # there is no place for it
    response = interaction.response
    if not response.is_done():
        await response.send_message(text, ephemeral=True)
        return
    thinking = response.type is discord.InteractionResponseType.deferred_channel_message
    try:
        if thinking and interaction.extras.get(PRIVATE):
            await interaction.edit_original_response(content=text, embed=None, attachments=[], view=None)
        elif thinking:
            await _instead_of_thinking(interaction, text)
        else:
            if interaction.extras.pop(WAITS, False):  # it was said above what stays there
                with contextlib.suppress(discord.NotFound):
                    await interaction.edit_original_response(content=None)
            await interaction.followup.send(text, ephemeral=True)
    except _FAILURES as error:
        log.info("A sentence for one person found no private place (%s).", error)
        await _tell_anyway(interaction, text, thinking=thinking)


async def _instead_of_thinking(interaction: discord.Interaction[Any], text: str) -> None:
    """A public "thinking …" stands there, and whatever comes first takes its place, and its publicity.

    So it comes to an end first: as an empty answer, or else by its deletion.
    """
    ended = False
    with contextlib.suppress(*_FAILURES):
        await interaction.edit_original_response(content=NOTHING, embed=None, attachments=[], view=None)
        ended = True
    if not ended:
        with contextlib.suppress(*_FAILURES):
            await interaction.delete_original_response()
    await interaction.followup.send(text, ephemeral=True)
    if ended:
        with contextlib.suppress(*_FAILURES):
            await interaction.delete_original_response()


async def _tell_anyway(interaction: discord.Interaction[Any], text: str, *, thinking: bool) -> None:
    if thinking:
        with contextlib.suppress(*_FAILURES):
            await interaction.edit_original_response(content=text, embed=None, attachments=[], view=None)
            return
    if not may_write(interaction):
        raise discord.ClientException("the bot may not write to the channel either")
    await post(interaction, f"{interaction.user.mention}: {text}")


def may_write(interaction: discord.Interaction[Any]) -> bool:
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


async def post(
    interaction: discord.Interaction[Any],
    content: str,
    card: Card | LaidOut | None = None,
    embed: discord.Embed | None = None,
    view: View | None = None,
) -> None:
    """A message of its own in the interaction's channel, which mentions nobody else than this person."""
    channel = interaction.client.get_partial_messageable(
        interaction.channel_id or 0, guild_id=interaction.guild_id
    )
    mentions = discord.AllowedMentions(users=[interaction.user])
    await channel.send(allowed_mentions=mentions, **_message(content, card, embed, view))


def is_layout(interaction: discord.Interaction[Any]) -> bool:
    """Whether what stands where the answer goes is a layout, and can be nothing else any more."""
    if interaction.extras.get(LAYOUT):
        return True
    in_place = interaction.response.type is discord.InteractionResponseType.deferred_message_update
    return in_place and interaction.message is not None and interaction.message.flags.components_v2


def _edit(
    content: str | None,
    card: Card | LaidOut | None,
    embed: discord.Embed | None,
    view: View | None,
    *,
    laid_out: bool,
) -> dict[str, Any]:
    """What replaces all that a message was made of."""
    files = [] if card is None else card.files
    if laid_out:
        layout = _laid_out(content, card, embed, view)
        return {"content": None, "embed": None, "attachments": files, "view": layout}
    embed = card.embed if isinstance(card, Card) else embed
    return {"content": content, "embed": embed, "attachments": files, "view": view}


def _message(
    content: str | None,
    card: Card | LaidOut | None,
    embed: discord.Embed | None,
    view: View | None,
) -> dict[str, Any]:
    """What a new message is made of: discord.py wants nothing said of what is not there."""
    files = None if card is None else card.files
    if _is_laid_out(card):
        return {"files": files, "view": _laid_out(content, card, embed, view)}
    embed = card.embed if isinstance(card, Card) else embed
    parts = {"content": content, "embed": embed, "files": files, "view": view}
    return {name: part for name, part in parts.items() if part is not None}


def _is_laid_out(card: Card | LaidOut | None) -> bool:
    return card is not None and not isinstance(card, Card)


def _laid_out(
    content: str | None,
    card: Card | LaidOut | None,
    embed: discord.Embed | None,
    view: View | None,
) -> Layout:
    if card is not None and not isinstance(card, Card):
        return layout_of(content, card.parts, view)
    embed = embed if card is None else card.embed
    return layout_of(content, [] if embed is None else [container_of(embed)], view)
