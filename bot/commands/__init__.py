"""The slash commands, one module a family."""

from __future__ import annotations

import discord
from discord import app_commands

from bot.commands.about import about
from bot.commands.collecting import mon, mons
from bot.commands.hatching import newmon, save
from bot.commands.mixing import mix
from bot.commands.retraining import checkpoint, retrain
from bot.core.interaction import Bot

EVERYBODYS = (newmon, save, mix, mons, mon, about)  # in the order in which people need them
ADMINS = (retrain, checkpoint)


def add_all(tree: app_commands.CommandTree[Bot], *, hide_from_members: bool) -> None:
    """Register every command.

    `hide_from_members`: in servers, Discord offers those for admins to members with Manage Server alone, as
    long as a server's own settings say nothing else. That is for sight only: rights are checked when they
    are used.
    """
    manage_server = discord.Permissions(manage_guild=True)
    for command in EVERYBODYS:
        tree.add_command(command)
    for group in ADMINS:
        group.default_permissions = manage_server if hide_from_members else None
        tree.add_command(group)
