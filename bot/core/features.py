"""What a bot can do: the commands, context menus, buttons, dialogs and offers that it finds in its features.

A feature is a module, or a package of a few. Whatever is defined in it counts, and nothing lists it again.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, TypeVar

import discord
from discord import InteractionType, app_commands

from bot.core.buttons import Button, Menu
from bot.core.custom_id import FOREIGN, Persistent
from bot.core.dialogs import Dialog
from bot.core.language import N_
from bot.core.rights import is_for_admins
from bot.core.slots import Offer
from bot.errors import UserError

OLD_DIALOG = N_("This dialog does nothing any more: start anew with /newmon.")

Command = app_commands.Command[Any, Any, Any] | app_commands.Group
KindT = TypeVar("KindT", bound=type[Persistent])


@dataclass
class Features:
    """All of a bot's."""

    commands: list[Command] = field(default_factory=list)
    context_menus: list[app_commands.ContextMenu] = field(default_factory=list)
    components: dict[str, type[Button] | type[Menu]] = field(default_factory=dict)  # by prefix
    dialogs: dict[str, type[Dialog]] = field(default_factory=dict)
    offers: list[Offer[Any]] = field(default_factory=list)

    def add(self, feature: ModuleType) -> None:
        """Raises ValueError where a button or a dialog has the prefix of another."""
        for thing in _defined_in(feature):
            if isinstance(thing, app_commands.Command | app_commands.Group):
                if thing.parent is None:
                    self.commands.append(thing)
            elif isinstance(thing, app_commands.ContextMenu):
                self.context_menus.append(thing)
            elif isinstance(thing, Offer):
                self.offers.append(thing)
            elif issubclass(thing, Dialog):
                _put(self.dialogs, thing)
            elif issubclass(thing, Button | Menu):
                _put(self.components, thing)

    def add_commands(self, tree: app_commands.CommandTree[Any], *, hide_from_members: bool) -> None:
        """Register every command.

        `hide_from_members`: in servers, Discord offers those for admins to members with Manage Server alone,
        as long as a server's own settings say nothing else. That is for sight only: rights are checked when
        they are used.
        """
        manage_server = discord.Permissions(manage_guild=True)
        for command in self.commands:
            if is_for_admins(command):
                command.default_permissions = manage_server if hide_from_members else None
            tree.add_command(command)
        for menu in self.context_menus:
            tree.add_command(menu)

    async def use(self, interaction: discord.Interaction[Any]) -> None:
        """Do what a button, a menu or a dialog is for. Raises `UserError` for one that is not ours."""
        answers = interaction.type is InteractionType.modal_submit
        data: dict[str, Any] = dict(interaction.data or {})
        custom_id = str(data.get("custom_id"))
        _, _, rest = custom_id.partition(":")
        known = self.dialogs if answers else self.components
        kind = known.get(rest.partition(":")[0])
        used = None if kind is None else kind.from_custom_id(custom_id)
        if used is None:
            raise UserError(OLD_DIALOG if answers else FOREIGN)
        await used.use(interaction)


def _put(known: dict[str, KindT], kind: KindT) -> None:
    other = known.setdefault(kind.prefix, kind)
    if other is not kind:
        raise ValueError(f"{kind.__qualname__} and {other.__qualname__} have the same prefix")


def load(features: Iterable[ModuleType]) -> Features:
    """All that these can do, in their order."""
    loaded = Features()
    for feature in features:
        loaded.add(feature)
    return loaded


def _defined_in(feature: ModuleType) -> Iterator[Any]:
    """Commands, menus, offers and classes of buttons and dialogs, each in the module that defines it."""
    for name, module in list(sys.modules.items()):
        if name == feature.__name__ or name.startswith(f"{feature.__name__}."):
            for thing in list(vars(module).values()):
                if _home(thing) == name:
                    yield thing


def _home(thing: object) -> str | None:
    """The module that defines something of a feature; None for anything else."""
    if isinstance(thing, app_commands.Command | app_commands.Group | app_commands.ContextMenu):
        return thing.module
    if isinstance(thing, Offer):
        return thing.make.__module__
    if isinstance(thing, type) and issubclass(thing, Persistent):
        return thing.__module__
    return None
