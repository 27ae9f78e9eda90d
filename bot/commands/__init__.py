"""The slash commands, one module a family."""

from __future__ import annotations

from discord import app_commands

from bot.commands.about import about
from bot.commands.collecting import mon, mons
from bot.commands.hatching import newmon, save
from bot.commands.mixing import mix
from bot.commands.retraining import checkpoint, retrain
from bot.interaction import Bot


def add_all(tree: app_commands.CommandTree[Bot]) -> None:
    """Register every command."""
    for command in (newmon, save, mix, mons, mon, retrain, checkpoint, about):
        tree.add_command(command)
