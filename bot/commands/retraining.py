"""/retrain and /checkpoint. Admins alone may use them. Discord can hide them by its own permissions, but not
by the ids and roles that the bot is configured with: where there are such, everybody sees them.
"""

from __future__ import annotations

from discord import app_commands
from discord.app_commands import Choice

from bot.actions import checkpoints, retraining
from bot.checkpoints.switching import describe
from bot.core.interaction import Interaction
from bot.core.rights import is_admin
from bot.retrain.plan import data_sources

retrain = app_commands.Group(name="retrain", description="Train the network further (admins)")
checkpoint = app_commands.Group(name="checkpoint", description="Choose what creatures hatch from (admins)")

CHOICES_MAX = 25


@retrain.command(
    name="start", description="Train the checkpoint in use further, for example /retrain start kimg:100"
)
@app_commands.describe(
    kimg="How many thousand images to show, for example 100",
    data="The data set, by name, for example sprites; without it, the usual one",
    fresh="Whether to begin anew, for example True, instead of going on with a retrain that ended early",
)
async def start(
    interaction: Interaction, kimg: float | None = None, data: str | None = None, fresh: bool = False
) -> None:
    await retraining.start(interaction, kimg, data, fresh)


@start.autocomplete("data")
async def _suggest_data(interaction: Interaction, current: str) -> list[Choice[str]]:
    names = data_sources(interaction.client.settings) if is_admin(interaction) else ()
    found = [name for name in names if current.strip().casefold() in name]
    return [Choice(name=name, value=name) for name in found[:CHOICES_MAX]]


@retrain.command(name="status", description="How the retrain is going: just /retrain status")
async def status(interaction: Interaction) -> None:
    await retraining.status(interaction)


@retrain.command(
    name="cancel", description="Save what was learned, and end the retrain: just /retrain cancel"
)
async def cancel(interaction: Interaction) -> None:
    await retraining.cancel(interaction)


@checkpoint.command(name="list", description="All checkpoints with their figures: just /checkpoint list")
async def show_list(interaction: Interaction) -> None:
    await checkpoints.show_list(interaction)


@checkpoint.command(
    name="use", description="Hatch from another checkpoint, for example /checkpoint use id:1a2b3c4d"
)
@app_commands.describe(checkpoint_id="Its id, or the start of it, for example 1a2b3c4d")
@app_commands.rename(checkpoint_id="id")
async def use(interaction: Interaction, checkpoint_id: str) -> None:
    await checkpoints.use(interaction, checkpoint_id)


@use.autocomplete("checkpoint_id")
async def _suggest_checkpoints(interaction: Interaction, current: str) -> list[Choice[str]]:
    if not is_admin(interaction):
        return []
    typed = current.strip().casefold()
    known = [
        one for one in await interaction.client.checkpoints.listed() if typed in describe(one).casefold()
    ]
    return [Choice(name=describe(one)[:100], value=one.id) for one in known[:CHOICES_MAX]]
