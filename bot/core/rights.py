"""Who may retrain and swap checkpoints. Asked anew at each command, button and dialog: rights come and go."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands

from bot.core.interaction import Interaction
from bot.core.language import N_
from bot.errors import UserError

NOT_AN_ADMIN = N_("Only the bot's admins may do this: please ask one of them.")
# Among a command's extras: it is for them alone. Discord can hide such commands by its own permissions, but
# not by the ids and roles that the bot is configured with: where there are such, everybody sees them.
ADMINS = "admins"


def owners_of(application: discord.AppInfo) -> frozenset[int]:
    """Ids of whom the bot belongs to: its owner, or its team without those who were only invited or may only
    look on.
    """
    if application.team is None:
        return frozenset({application.owner.id})
    return frozenset(
        member.id
        for member in application.team.members
        if member.id == application.team.owner_id
        or (
            member.membership_state is discord.TeamMembershipState.accepted
            and member.role is not discord.TeamMemberRole.read_only
        )
    )


def is_admin(interaction: Interaction) -> bool:
    """Whether this person is an admin: as an owner of the bot, by id, by role, or by the Manage Server
    permission in a server where that counts.

    Roles and the permission are those that came with this very interaction. They count in servers that have
    installed the bot, and nowhere else: whoever installs it for themselves has every permission in a server
    of their own. The permission counts in the servers of ADMIN_SERVERS alone, because anybody may install a
    public bot in a server that they manage.
    """
    bot, user = interaction.client, interaction.user
    settings = bot.settings
    if user.id in settings.admin_ids or user.id in bot.owners:
        return True
    if not isinstance(user, discord.Member) or not interaction.is_guild_integration():
        return False
    if any(role.id in settings.admin_roles for role in user.roles):
        return True
    return interaction.guild_id in settings.admin_servers and interaction.permissions.manage_guild


def require_admin(interaction: Interaction) -> None:
    """Raises `UserError` for everybody else."""
    if not is_admin(interaction):
        raise UserError(NOT_AN_ADMIN)


def is_for_admins(command: app_commands.Command[Any, Any, Any] | app_commands.Group) -> bool:
    """Whether a command is marked as one for admins alone, so that Discord may hide it from others."""
    return bool(command.extras.get(ADMINS))
