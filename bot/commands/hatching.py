"""/newmon and /save."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands
from discord.app_commands import Choice

from bot import weirdness
from bot.interaction import Interaction


@app_commands.command()
@app_commands.describe(
    seed="A number or any words, for example Ash: the same seed hatches the same creature",
    weirdness_text="tame, normal, wild, or a number from 0 to 1.5",
)
@app_commands.rename(weirdness_text="weirdness")
async def newmon(
    interaction: Interaction,
    seed: app_commands.Range[str, 1, 100] | None = None,
    weirdness_text: str | None = None,
) -> None:
    """Hatch a creature that never existed."""
    await interaction.client.actions.hatch(interaction, seed, weirdness.parse(weirdness_text))


@newmon.autocomplete("weirdness_text")
async def _suggest_weirdness(_interaction: discord.Interaction[Any], current: str) -> list[Choice[str]]:
    steps = [Choice(name=weirdness.describe(psi), value=name) for name, psi in weirdness.STEPS.items()]
    return [step for step in steps if step.value.startswith(current.strip().casefold())]


@app_commands.command()
@app_commands.describe(name="What to call it, for example Foo; without a name you are asked for one")
async def save(interaction: Interaction, name: str | None = None) -> None:
    """Keep the creature that you last hatched here, under a name."""
    await interaction.client.actions.save_latest(interaction, name)
