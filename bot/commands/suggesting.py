"""Autocomplete over creatures, for every command that takes one."""

from __future__ import annotations

from discord.app_commands import Choice

from bot.core.interaction import Interaction


async def suggest_creatures(interaction: Interaction, current: str) -> list[Choice[str]]:
    """One's own by name, other people's by code, because their names may be one's own too."""
    found = await interaction.client.store.collection.suggest(
        interaction.user.id, interaction.guild_id, current
    )
    return [
        Choice(name=entry.name, value=entry.name)
        if entry.owner_id == interaction.user.id
        else Choice(name=f"{entry.name} ({entry.owner_name or 'unnamed'})"[:100], value=entry.code)
        for entry in found
    ]
