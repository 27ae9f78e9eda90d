"""The type of an interaction with this bot, for annotations that discord.py reads at run time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord

if TYPE_CHECKING:
    from bot.client import NewmonBot

    Interaction = discord.Interaction[NewmonBot]
else:
    Interaction = discord.Interaction
