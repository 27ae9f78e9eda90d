"""/newmon and /save."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands
from discord.app_commands import Choice

from bot.actions import hatching, keeping
from bot.actions.hatching import SEED_LENGTH_MAX, Count
from bot.core import weirdness
from bot.core.interaction import Interaction


@app_commands.command(description="Hatch a creature that never existed, for example /newmon seed:Ash count:4")
@app_commands.describe(
    seed="A number or any words, for example Ash: the same seed hatches the same creature",
    weirdness_text="tame, normal, wild, or a number from 0 to 1.5, for example 0.8",
    count="How many at once, for example 4: they come on one sheet, and you choose",
)
@app_commands.rename(weirdness_text="weirdness")
async def newmon(
    interaction: Interaction,
    seed: app_commands.Range[str, 1, SEED_LENGTH_MAX] | None = None,
    weirdness_text: str | None = None,
    count: Count = 1,
) -> None:
    await hatching.hatch(interaction, seed, weirdness.parse(weirdness_text), count)


@newmon.autocomplete("weirdness_text")
async def _suggest_weirdness(_interaction: discord.Interaction[Any], current: str) -> list[Choice[str]]:
    steps = [Choice(name=weirdness.describe(psi), value=name) for name, psi in weirdness.STEPS.items()]
    return [step for step in steps if step.value.startswith(current.strip().casefold())]


@app_commands.command(description="Keep the creature that you last hatched here, for example /save name:Foo")
@app_commands.describe(name="What to call it, for example Foo; without a name you are asked for one")
async def save(interaction: Interaction, name: str | None = None) -> None:
    await keeping.save_latest(interaction, name)
