"""The slash commands, one module a family."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord import app_commands

from bot.commands.about import about
from bot.commands.hatching import newmon, save
from bot.commands.mixing import mix

if TYPE_CHECKING:
    from bot.client import NewmonBot


def add_all(tree: app_commands.CommandTree[NewmonBot]) -> None:
    """Register every command."""
    for command in (newmon, save, mix, about):
        tree.add_command(command)
