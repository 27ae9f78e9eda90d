"""One message in the channel, edited as a retrain goes on, with the bot's own token: it outlives everything.

Discord forgets an interaction after 15 minutes, and is sparing with edits of messages that are over an hour
old. So edits come often only in the beginning, and never two at a time.
"""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import timedelta
from pathlib import Path

import aiohttp
import discord

from bot.core.language import speaking
from bot.features.retraining.notice import Notice, ended_notice, running_notice
from bot.retrain.progress import Progress
from bot.store import Job

log = logging.getLogger(__name__)

INTERVAL_S = 4.0
LATER = timedelta(minutes=10)
LATER_INTERVAL_S = 30.0
REFUSED_INTERVAL_S = 300.0  # after Discord has asked for fewer edits
TOO_MANY_EDITS = 30046  # of a message over an hour old
GONE = (10003, 10008)  # unknown channel, unknown message


class Announcer:
    """Keeps a retrain's message up to date, as far as Discord lets it."""

    def __init__(self, client: discord.Client) -> None:
        self.client = client
        self._latest: tuple[Job, Progress] | None = None
        self._editing: asyncio.Task[None] | None = None
        self._not_before = 0.0
        self._lost: set[int] = set()  # jobs whose message cannot be reached
        self._shown: tuple[int, Path | None, dict[str, object]] | None = None

    def show(self, job: Job, progress: Progress) -> None:
        """Show how a running job stands, now or with the next edit that is due. Returns at once."""
        self._latest = (job, progress)
        busy = self._editing is not None and not self._editing.done()
        if busy or job.message_id is None or job.id in self._lost or time.monotonic() < self._not_before:
            return
        later = discord.utils.utcnow() - job.created_at > LATER
        self._not_before = time.monotonic() + (LATER_INTERVAL_S if later else INTERVAL_S)
        self._editing = asyncio.create_task(self._show_latest(), name="announce")

    async def conclude(self, job: Job, progress: Progress, folder: Path) -> bool:
        """Show how a job ended. Returns whether that is settled; False if it is worth another try later.

        A message that was deleted meanwhile is posted anew: the news matters to those who waited for it.
        """
        if self._editing is not None:
            await asyncio.gather(self._editing, return_exceptions=True)
        with speaking(self._locale(job)):
            notice = ended_notice(job, progress, folder)
        try:
            if job.message_id is not None and job.id not in self._lost and await self._edit(job, notice):
                return True
            await self._post(job, notice)
        except discord.Forbidden:
            log.warning("The end of retrain %d cannot be told: no access to its channel.", job.id)
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            if isinstance(error, discord.NotFound) and error.code in GONE:
                log.warning("The end of retrain %d cannot be told: its channel is gone.", job.id)
                return True
            log.warning("The end of retrain %d could not be told yet: %s", job.id, error)
            return False
        return True

    async def close(self) -> None:
        """Edit no more."""
        if self._editing is not None:
            self._editing.cancel()
            await asyncio.gather(self._editing, return_exceptions=True)

    async def _show_latest(self) -> None:
        assert self._latest is not None
        job, progress = self._latest
        with speaking(self._locale(job)):
            notice = running_notice(job, progress)
        state = (job.id, notice.picture, dict(notice.embed.to_dict()))
        if state == self._shown:
            return
        new_picture = self._shown is None or self._shown[:2] != state[:2]
        try:
            if not await self._edit(job, notice, with_picture=new_picture):
                self._lost.add(job.id)
                return
            self._shown = state
        except discord.Forbidden:
            log.warning("Retrain %d cannot be shown: the bot has no access to its channel.", job.id)
            self._lost.add(job.id)
        except discord.HTTPException as error:
            if error.code == TOO_MANY_EDITS or error.status == 429:
                self._not_before = time.monotonic() + REFUSED_INTERVAL_S
            log.info("Retrain %d could not be shown this time: %s", job.id, error)
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            log.info("Retrain %d could not be shown this time: %s", job.id, error)

    async def _edit(self, job: Job, notice: Notice, *, with_picture: bool = True) -> bool:
        """Edit the job's message. Returns False where it is gone. Raises what Discord says otherwise."""
        assert job.message_id is not None
        message = self._channel(job).get_partial_message(job.message_id)
        try:
            if with_picture:
                file = await notice.file()
                await message.edit(
                    content=None,
                    embed=notice.embed,
                    view=notice.view,
                    attachments=[] if file is None else [file],
                )
            else:
                await message.edit(content=None, embed=notice.embed, view=notice.view)
        except discord.NotFound as error:
            if error.code in GONE:
                return False
            raise
        return True

    async def _post(self, job: Job, notice: Notice) -> None:
        file = await notice.file()
        channel = self._channel(job)
        if file is None:
            await channel.send(embed=notice.embed, view=notice.view)
        else:
            await channel.send(embed=notice.embed, view=notice.view, file=file)

    def _locale(self, job: Job) -> discord.Locale | None:
        """The server's; None, for English, where there is none."""
        guild = None if job.guild_id is None else self.client.get_guild(job.guild_id)
        return None if guild is None else guild.preferred_locale

    def _channel(self, job: Job) -> discord.PartialMessageable:
        return self.client.get_partial_messageable(job.channel_id, guild_id=job.guild_id)
