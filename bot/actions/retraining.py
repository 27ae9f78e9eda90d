"""What admins do with retrains: begin one, look at it, end it, and decide about what came of it."""

from __future__ import annotations

import asyncio
import contextlib

import discord

from bot.core.acknowledge import answering
from bot.core.answers import answer
from bot.core.buttons import on_press
from bot.core.interaction import Interaction
from bot.core.rights import require_admin
from bot.errors import UserError
from bot.retrain import plan
from bot.retrain.jobs import NOT_RUNNING
from bot.retrain.plan import Plan
from bot.retrain.progress import read_progress
from bot.store import AlreadyRunning, Job, NewJob
from bot.ui.retraining import CancelRetrain, GoOn, Notice, UseResult, ended_notice, running_notice

CAN_GO_ON = ("failed", "cancelled")
OVER = "There is nothing left of this retrain to go on with: begin another with /retrain start."


async def start(interaction: Interaction, kimg: float | None, data: str | None, fresh: bool) -> None:
    """Begin a retrain, or go on with the last one; the answer is the message that shows how it goes."""
    require_admin(interaction)
    bot = interaction.client
    async with answering(interaction) as acknowledge:
        if await bot.store.jobs.running() is not None:
            raise AlreadyRunning
        parent_id = bot.engine.checkpoint_id
        unfinished = None if fresh else await bot.store.jobs.unfinished(parent_id)
        shelf = bot.checkpoints.shelf
        chosen = await asyncio.to_thread(plan, bot.settings, shelf, parent_id, kimg, data, unfinished)
        await acknowledge()
        await _begin(interaction, chosen)


@on_press(GoOn)
async def go_on(interaction: Interaction, job_id: int) -> None:
    """Go on with a retrain that ended early, in a message of its own."""
    require_admin(interaction)
    bot = interaction.client
    async with answering(interaction) as acknowledge:
        if await bot.store.jobs.running() is not None:
            raise AlreadyRunning
        pressed, latest = await bot.store.jobs.get(job_id), await bot.store.jobs.latest()
        if pressed is None or latest is None or latest.run != pressed.run or latest.state not in CAN_GO_ON:
            raise UserError(OVER)
        shelf = bot.checkpoints.shelf
        chosen = await asyncio.to_thread(
            plan, bot.settings, shelf, latest.parent_id, None, None, latest, go_on=True
        )
        await acknowledge()
        await _begin(interaction, chosen)
        if interaction.message is not None:
            with contextlib.suppress(discord.HTTPException):  # it may be gone, or a private one
                await interaction.message.edit(view=None)  # what it offered has been done


async def _begin(interaction: Interaction, chosen: Plan) -> None:
    what = "Going on with the retrain that ended early …" if chosen.resumes else "Starting a retrain …"
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


async def status(interaction: Interaction) -> None:
    """How the latest retrain stands or ended, for the person who asks alone."""
    require_admin(interaction)
    async with answering(interaction, private=True) as acknowledge:
        job = await interaction.client.store.jobs.latest()
        if job is None:
            raise UserError(NOT_RUNNING)
        await acknowledge()
        notice = await _notice(interaction, job)
        file = await notice.file()
        await interaction.edit_original_response(
            embed=notice.embed, view=notice.view, attachments=[] if file is None else [file]
        )


async def cancel(interaction: Interaction) -> None:
    """Ask the running retrain to save and stop."""
    require_admin(interaction)
    async with answering(interaction, private=True) as acknowledge:
        job = await interaction.client.retraining.cancel(interaction.user.display_name)
        await acknowledge()
        await interaction.edit_original_response(
            content=f"Retrain {job.number} is saving what it learned, and ends."
        )


@on_press(CancelRetrain)
async def cancel_this(interaction: Interaction, job_id: int) -> None:
    """The same by its button, for that retrain and no later one."""
    require_admin(interaction)
    async with answering(interaction, in_place=True) as acknowledge:
        running = await interaction.client.store.jobs.running()
        if running is None or running.id != job_id:
            raise UserError("This retrain has ended already.")
        await interaction.client.retraining.cancel(interaction.user.display_name)
        await acknowledge()


@on_press(UseResult)
async def use_result(interaction: Interaction, job_id: int, new: int) -> None:
    """Bring a retrain's new checkpoint into use, or the one that it began with, and say so in a message."""
    require_admin(interaction)
    async with answering(interaction) as acknowledge:
        job = await interaction.client.store.jobs.get(job_id)
        if job is None or job.result_id is None:
            raise UserError("Nothing came of this retrain that could be used.")
        await acknowledge()
        before = interaction.client.engine.checkpoint_id
        known = await interaction.client.checkpoints.use(job.result_id if new else job.parent_id)
        name, kept = f"checkpoint **{known.id[:8]}**", known.id == before
        await answer(
            interaction,
            content=f"Creatures go on hatching from {name}." if kept else f"Creatures hatch from {name} now.",
        )


async def _notice(interaction: Interaction, job: Job) -> Notice:
    folder = interaction.client.retraining.folder(job)
    progress = await asyncio.to_thread(read_progress, folder)
    return running_notice(job, progress) if job.state == "running" else ended_notice(job, progress, folder)
