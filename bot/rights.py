"""Who may retrain and swap checkpoints. Asked anew at each command, button and dialog: rights come and go."""

from __future__ import annotations

import discord

from bot.errors import UserError
from bot.interaction import Interaction

NOT_AN_ADMIN = "Only the bot's admins may do this: please ask one of them."


def is_admin(interaction: Interaction) -> bool:
    """Whether this person is an admin by id, by role, or by the Manage Server permission.

    Roles and the permission are those that came with this very interaction. They count in servers that have
    installed the bot, and nowhere else: whoever installs it for themselves has every permission in a server
    of their own.
    """
    settings, user = interaction.client.settings, interaction.user
    if user.id in settings.admin_ids:
        return True
    if not isinstance(user, discord.Member) or not interaction.is_guild_integration():
        return False
    if any(role.id in settings.admin_roles for role in user.roles):
        return True
    return settings.admin_by_permission and interaction.permissions.manage_guild


def require_admin(interaction: Interaction) -> None:
    """Raises `UserError` for everybody else."""
    if not is_admin(interaction):
        raise UserError(NOT_AN_ADMIN)
