"""/mons and /mon."""

from __future__ import annotations

import discord
from discord import app_commands

from bot.actions import collecting
from bot.commands.suggesting import suggest_creatures
from bot.core.interaction import Interaction
from bot.store import Sort


@app_commands.command(description="Your collection, or somebody's, for example /mons sort:favourites")
@app_commands.describe(
    user="Whose creatures to look at, for example @Misty; without it, your own",
    sort="The order, for example name; without it, the newest first",
)
async def mons(interaction: Interaction, user: discord.User | None = None, sort: Sort = "newest") -> None:
    await collecting.show_collection(interaction, user, sort)


@app_commands.command(description="One creature with everything about it, for example /mon name:Foo")
@app_commands.describe(name="Its name or its code, for example Foo or k3f9x0ab")
@app_commands.autocomplete(name=suggest_creatures)
async def mon(interaction: Interaction, name: str) -> None:
    await collecting.show_named(interaction, name)
