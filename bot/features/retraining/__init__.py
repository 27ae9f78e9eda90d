"""/retrain: admins begin one, look at it, end it, and decide about what came of it."""

from __future__ import annotations

import asyncio

from discord import app_commands
from discord.app_commands import Choice

from bot.core.acknowledge import answering
from bot.core.interaction import Interaction
from bot.core.language import N_, _
from bot.core.limits import CHOICES_MAX
from bot.core.rights import ADMINS, is_admin, require_admin
from bot.errors import UserError
from bot.features.retraining.buttons import begin
from bot.features.retraining.notice import notice_of
from bot.retrain import plan
from bot.retrain.jobs import NOT_RUNNING
from bot.retrain.plan import data_sources
from bot.retrain.progress import read_progress
from bot.store import AlreadyRunning

retrain = app_commands.Group(
    name="retrain", description=N_("Train the network further (admins)"), extras={ADMINS: True}
)


@retrain.command(
    name="start", description=N_("Train the checkpoint in use further, for example /retrain start kimg:100")
)
@app_commands.describe(
    kimg=N_("How many thousand images to show, for example 100"),
    data=N_("The data set, by name, for example sprites; without it, the usual one"),
    fresh=N_("Whether to begin anew, for example True, instead of going on with a retrain that ended early"),
)
async def start(
    interaction: Interaction, kimg: float | None = None, data: str | None = None, fresh: bool = False
) -> None:
    """Begin a retrain, or go on with the last one; the answer is the message that shows how it goes."""
    require_admin(interaction)
    bot = interaction.client
    async with answering(interaction) as acknowledge:
        if await bot.store.jobs.running() is not None:
            raise AlreadyRunning
        parent_id = bot.engine.checkpoint_id
        unfinished = None if fresh else await bot.store.jobs.unfinished(parent_id)
        files = bot.checkpoints.files
        chosen = await asyncio.to_thread(plan, bot.settings, files, parent_id, kimg, data, unfinished)
        await acknowledge()
        await begin(interaction, chosen)


@start.autocomplete("data")
async def _suggest_data(interaction: Interaction, current: str) -> list[Choice[str]]:
    names = data_sources(interaction.client.settings) if is_admin(interaction) else ()
    found = [name for name in names if current.strip().casefold() in name]
    return [Choice(name=name, value=name) for name in found[:CHOICES_MAX]]


@retrain.command(name="status", description=N_("How the retrain is going: just /retrain status"))
async def status(interaction: Interaction) -> None:
    """How the latest retrain stands or ended, for the person who asks alone."""
    require_admin(interaction)
    async with answering(interaction, private=True) as acknowledge:
        job = await interaction.client.store.jobs.latest()
        if job is None:
            raise UserError(NOT_RUNNING)
        await acknowledge()
        folder = interaction.client.retraining.folder(job)
        notice = notice_of(job, await asyncio.to_thread(read_progress, folder), folder)
        file = await notice.file()
        await interaction.edit_original_response(
            embed=notice.embed, view=notice.view, attachments=[] if file is None else [file]
        )


@retrain.command(
    name="cancel", description=N_("Save what was learned, and end the retrain: just /retrain cancel")
)
async def cancel(interaction: Interaction) -> None:
    """Ask the running retrain to save and stop."""
    require_admin(interaction)
    async with answering(interaction, private=True) as acknowledge:
        job = await interaction.client.retraining.cancel(interaction.user.display_name)
        await acknowledge()
        text = _("Retrain {number} is saving what it learned, and ends.").format(number=job.number)
        await interaction.edit_original_response(content=text)
