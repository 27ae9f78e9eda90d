"""/mix."""

from __future__ import annotations

from typing import Literal

from discord import app_commands

from bot.actions import mixing
from bot.commands.suggesting import suggest_creatures
from bot.core.interaction import Interaction


@app_commands.command(
    description="Mix two creatures, for example /mix a:Foo b:Bar: six children to choose from"
)
@app_commands.describe(
    a="The first creature, by name or code, for example Foo: it gives the body",
    b="The second creature, by name or code, for example Bar: it gives its style",
    take="What to take from B, for one child, for example colours; without it, all that makes B",
    amount="How much of B, in percent, for one child: for example 40",
)
@app_commands.autocomplete(a=suggest_creatures, b=suggest_creatures)
async def mix(
    interaction: Interaction,
    a: str,
    b: str,
    take: Literal["shape", "features", "colours"] | None = None,
    amount: app_commands.Range[int, 0, 100] | None = None,
) -> None:
    await mixing.mix(interaction, a, b, None if take is None else [take], amount)
