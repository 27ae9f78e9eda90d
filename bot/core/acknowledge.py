"""When an interaction is acknowledged: after what can be checked in milliseconds, and never too late.

An acknowledgement that everybody sees cannot be made private any more. So what a person did wrong is found
out before it, and told to them alone; where that takes longer than usual, Discord is not kept waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

import aiohttp
import discord

from bot.core.interaction import Interaction
from bot.core.language import locale_of, speaking

log = logging.getLogger(__name__)

CHECKS_S = 1.0  # for checks. Discord waits for three seconds, and a broken connection takes one to mend
NOTE = "note"  # among an interaction's extras: a private message that goes once the answer is there
PRIVATE = "private"  # among an interaction's extras: what was acknowledged is seen by this person alone


class Acknowledge:
    """Call it once everything is checked. Calls after the first do nothing."""

    def __init__(self, interaction: Interaction, *, in_place: bool, private: bool) -> None:
        self._interaction = interaction
        self._in_place = in_place
        self._private = private
        self._one_at_a_time = asyncio.Lock()

    async def __call__(self) -> None:
        async with self._one_at_a_time:
            response = self._interaction.response
            if response.is_done():
                return
            if self._private:
                self._interaction.extras[PRIVATE] = True
            if self._in_place:
                await response.defer()
            else:
                await response.defer(thinking=True, ephemeral=self._private)

    async def without_waiting(self) -> None:
        """For when the time for checks is over: whoever calls next meets the same error."""
        try:
            await self()
        except Exception as error:  # of whatever kind
            log.info("An interaction that takes its time could not be acknowledged: %s", error)


@contextlib.asynccontextmanager
async def answering(
    interaction: Interaction, *, in_place: bool = False, private: bool = False
) -> AsyncIterator[Acknowledge]:
    """Around everything that is done for an interaction. Acknowledges it once `CHECKS_S` are over, if that
    was not done before.

    `in_place`: the answer is a change of the message whose button was pressed. `private`: only this person
    sees it. What is said inside of this is in the language of those who see it.
    """
    acknowledge = Acknowledge(interaction, in_place=in_place, private=private)
    late: list[asyncio.Task[None]] = []

    def acknowledge_late() -> None:
        late.append(asyncio.create_task(acknowledge.without_waiting(), name="acknowledge"))

    timer = asyncio.get_running_loop().call_later(CHECKS_S, acknowledge_late)
    try:
        with speaking(locale_of(interaction, private=private)):
            yield acknowledge
    finally:
        timer.cancel()
        if late:
            await asyncio.wait(late)  # whoever tells of an error must know whether it was acknowledged
        if note := interaction.extras.pop(NOTE, None):
            with contextlib.suppress(discord.HTTPException, aiohttp.ClientError, OSError):
                await note.delete()
