"""/mix."""

from __future__ import annotations

from typing import Literal

from discord import app_commands
from discord.app_commands import Choice

from bot.interaction import Interaction


@app_commands.command()
@app_commands.describe(
    a="The first creature, by name or code: it gives the body",
    b="The second creature, by name or code: it gives its style",
    take="What to take from B; without it, all that makes B",
    amount="How much of B, in percent: 0 to 100",
)
async def mix(
    interaction: Interaction,
    a: str,
    b: str,
    take: Literal["shape", "features", "colours"] | None = None,
    amount: app_commands.Range[int, 0, 100] | None = None,
) -> None:
    """Mix two creatures: six children to choose from."""
    await interaction.client.actions.mix(interaction, a, b, None if take is None else [take], amount)


@mix.autocomplete("a")
@mix.autocomplete("b")
async def _suggest_creatures(interaction: Interaction, current: str) -> list[Choice[str]]:
    """One's own by name, other people's by code, because their names may be one's own too."""
    found = await interaction.client.store.suggest(interaction.user.id, interaction.guild_id, current)
    return [
        Choice(name=entry.name, value=entry.name)
        if entry.owner_id == interaction.user.id
        else Choice(name=f"{entry.name} ({entry.owner_name})"[:100], value=entry.code)
        for entry in found
    ]
