"""What stands under a retrain's message, for admins: end it, go on with it, use what came of it."""

from __future__ import annotations

import asyncio
import contextlib

import discord
from discord import ButtonStyle

from bot.core.acknowledge import answering
from bot.core.answers import answer
from bot.core.buttons import Button
from bot.core.custom_id import Id
from bot.core.interaction import Interaction
from bot.core.language import N_, _
from bot.errors import UserError
from bot.retrain import plan
from bot.retrain.plan import Plan
from bot.store import AlreadyRunning, NewJob

CAN_GO_ON = ("failed", "cancelled")
OVER = N_("There is nothing left of this retrain to go on with: begin another with /retrain start.")


async def begin(interaction: Interaction, chosen: Plan) -> None:
    """Start what was planned; the interaction's answer becomes the message that shows how it goes."""
    resumes = chosen.resumes
    what = _("Going on with the retrain that ended early …") if resumes else _("Starting a retrain …")
    message = await interaction.edit_original_response(content=what)
    new = NewJob(
        started_by=interaction.user.id,
        started_by_name=interaction.user.display_name,
        guild_id=interaction.guild_id,
        channel_id=interaction.channel_id or 0,
        message_id=message.id,
        kimg=chosen.kimg,
        data=chosen.source.name,
        run=chosen.resumes.run if chosen.resumes is not None else "",
        parent_id=chosen.parent_id,
    )
    await interaction.client.retraining.begin(new)


class CancelRetrain(Button):
    """Ends this retrain, and no later one."""

    prefix, label, emoji, style = "unretrain", N_("Cancel"), "🛑", ButtonStyle.danger
    admins_only = True
    job_id: Id

    async def press(self, interaction: Interaction) -> None:
        async with answering(interaction, in_place=True) as acknowledge:
            running = await interaction.client.store.jobs.running()
            if running is None or running.id != self.job_id:
                raise UserError(N_("This retrain has ended already."))
            await interaction.client.retraining.cancel(interaction.user.display_name)
            await acknowledge()


class GoOn(Button):
    """Goes on with a retrain that ended early, in a message of its own."""

    prefix, label, emoji, style = "resume", N_("Go on"), "▶️", ButtonStyle.success
    admins_only = True
    job_id: Id

    async def press(self, interaction: Interaction) -> None:
        bot = interaction.client
        async with answering(interaction) as acknowledge:
            if await bot.store.jobs.running() is not None:
                raise AlreadyRunning
            pressed, latest = await bot.store.jobs.get(self.job_id), await bot.store.jobs.latest()
            if pressed is None or latest is None or latest.run != pressed.run:
                raise UserError(OVER)
            if latest.state not in CAN_GO_ON:
                raise UserError(OVER)
            files = bot.checkpoints.files
            chosen = await asyncio.to_thread(
                plan, bot.settings, files, latest.parent_id, None, None, latest, go_on=True
            )
            await acknowledge()
            await begin(interaction, chosen)
            if interaction.message is not None:
                with contextlib.suppress(discord.HTTPException):  # it may be gone, or a private one
                    await interaction.message.edit(view=None)  # what it offered has been done


class UseResult(Button):
    """Brings a retrain's new checkpoint into use, or the one that it began with, and says so in a message."""

    prefix, label = "result", N_("Use it")
    admins_only = True
    job_id: Id
    new: bool

    async def press(self, interaction: Interaction) -> None:
        bot = interaction.client
        async with answering(interaction) as acknowledge:
            job = await bot.store.jobs.get(self.job_id)
            if job is None or job.result_id is None:
                raise UserError(N_("Nothing came of this retrain that could be used."))
            await acknowledge()
            before = bot.engine.checkpoint_id
            known = await bot.checkpoints.use(job.result_id if self.new else job.parent_id)
            if known.id == before:
                text = _("Creatures go on hatching from checkpoint **{checkpoint}**.")
            else:
                text = _("Creatures hatch from checkpoint **{checkpoint}** now.")
            await answer(interaction, content=text.format(checkpoint=known.id[:8]))
