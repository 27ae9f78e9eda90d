"""What a person who waits for a drawing is told, and what it counts for."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator

import aiohttp
import discord

from bot.core.acknowledge import NOTE
from bot.core.answers import WAITS, is_layout
from bot.core.interaction import Interaction
from bot.core.language import _
from bot.engine import OnProgress

PROGRESS_INTERVAL_S = 3.0


@contextlib.contextmanager
def counted(interaction: Interaction, creatures: int) -> Iterator[None]:
    """Around the drawing and keeping of so many: counts them against the person's cool-down, unless it fails.

    Admins have the same cool-down: it keeps the queue fair, whoever hatches. Raises `UserError` that says how
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
        text = _("You are number {position} in the queue …").format(position=position)
        with courtesy():
            if is_layout(interaction):  # which takes no such words
                interaction.extras[NOTE] = await interaction.followup.send(text, ephemeral=True)
            else:
                await interaction.edit_original_response(content=text)
                interaction.extras[WAITS] = True

    return note


def progress_note(interaction: Interaction, say: Callable[[float], str]) -> OnProgress:
    """Tells a person how far it is (0 to 1), and not too often."""
    told_at = float("-inf")

    async def note(share: float) -> None:
        nonlocal told_at
        if time.monotonic() - told_at < PROGRESS_INTERVAL_S:
            return
        told_at = time.monotonic()
        with courtesy():
            await interaction.edit_original_response(content=say(share))

    return note
