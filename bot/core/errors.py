"""The one error path: people get one sentence, the log gets the rest."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import discord

from bot.core.answers import EXPIRED, UNKNOWN_MESSAGE, tell_privately
from bot.core.interaction import Interaction
from bot.core.language import N_, _, locale_of, speaking, told
from bot.core.people import note_name
from bot.errors import UserError
from bot.system import metrics

log = logging.getLogger(__name__)

UNKNOWN_INTERACTION, ALREADY_ACKNOWLEDGED, TOO_LARGE = 10062, 40060, 40005
# Discord's codes for an interaction that is not ours to answer: it came too late, and Discord has told the
# person so, or another one answers it. And those that are left where `answers` found no way to the person.
OVER = {UNKNOWN_INTERACTION, ALREADY_ACKNOWLEDGED, *EXPIRED}

WRONG = N_("Something went wrong here (error {id}). Nothing is lost: please try again.")
UNREACHED = N_("Discord could not be reached for a moment (error {id}). Nothing is lost: please try again.")
DELETED = N_("The message with your answer was deleted meanwhile. Nothing is lost: please try again.")
HEAVY = N_(
    "Discord finds this picture too large to show here. Nothing is lost: please ask for fewer at a time."
)
OUTDATED = N_("This command has changed meanwhile: please restart your Discord app, then try again.")

KINDS = {
    discord.InteractionType.application_command: "command",
    discord.InteractionType.autocomplete: "autocomplete",
    discord.InteractionType.component: "component",
    discord.InteractionType.modal_submit: "dialog",
}

_NETWORK = (aiohttp.ClientError, asyncio.TimeoutError, ConnectionError, discord.DiscordServerError)


async def serve(interaction: Interaction, work: Callable[[], Awaitable[None]]) -> None:
    """Do what a command, a button, a menu, a dialog or an autocomplete is for. Never raises.

    While the bot starts or stops, the person is told so instead. What is said is in the person's language,
    as long as nothing else is said of it.
    """
    service = interaction.client.service
    with (
        service.serving(),
        metrics.interaction(KINDS.get(interaction.type, "other"), interaction.id),
        speaking(locale_of(interaction, private=True)),
    ):
        try:
            if service.closed is None:
                await note_name(interaction, interaction.user)
                await work()
            else:
                await turn_away(interaction, _(service.closed))
        except Exception as error:  # everything: this is the end of the line
            await report(interaction, error)


async def report(interaction: discord.Interaction[Any], error: BaseException) -> None:
    """Tell the person privately what went wrong. Never raises."""
    if isinstance(error, discord.HTTPException) and error.code in OVER:
        log.info("An interaction was over before it was answered (code %d).", error.code)
        metrics.ERRORS.labels("over").inc()
        return
    with speaking(locale_of(interaction, private=True)):
        kind, text = _sentence(error)
    metrics.ERRORS.labels(kind).inc()
    try:
        await tell_privately(interaction, text)
    except Exception as failure:  # Discord refuses, or the bot is closing: the log is all that is left
        log.warning("A person could not be told of an error: %s", failure)


def note(error: BaseException, what: str = "failed") -> str:
    """Log an error with its traceback, and return the id that it is found by."""
    error_id = secrets.token_hex(4)
    log.error("error %s: %s", error_id, what, exc_info=error, extra={"error_id": error_id})
    metrics.UNEXPECTED.inc()
    return error_id


def _sentence(error: BaseException) -> tuple[str, str]:
    """The kind of an error, for who counts them, and what is said of it."""
    if isinstance(error, UserError):
        return "refused", told(error)
    if isinstance(
        error, discord.app_commands.CommandNotFound | discord.app_commands.CommandSignatureMismatch
    ):
        log.info("A command is not known in this form: %s", error)
        return "outdated", _(OUTDATED)
    if isinstance(error, discord.HTTPException) and error.code == TOO_LARGE:
        note(error, "Discord refused an answer for its size")
        return "heavy", _(HEAVY)
    if isinstance(error, discord.HTTPException) and error.code == UNKNOWN_MESSAGE:
        log.info("An answer's message was deleted before the answer was there.")
        return "deleted", _(DELETED)
    if isinstance(error, _NETWORK):
        return "unreached", _(UNREACHED).format(id=note(error, "Discord could not be reached"))
    return "wrong", _(WRONG).format(id=note(error))


async def turn_away(interaction: discord.Interaction[Any], text: str) -> None:
    """Tell the person privately that nobody is served now; an autocomplete gets an empty list."""
    if interaction.type is discord.InteractionType.autocomplete:
        await interaction.response.autocomplete([])
    else:
        await tell_privately(interaction, text)
