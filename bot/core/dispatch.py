"""Where interactions enter: guards around discord.py, which trusts what arrives.

An interaction that is not as documented makes discord.py raise where none of our code is in between: in a
task that nobody waits for, or in the gateway's reader, which ends the bot. The overridden methods are not
public; discord.py is pinned, and tests/bot/core/test_malformed.py sends what they are for.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

import discord
from discord import app_commands
from discord.ui import DynamicItem, Item
from discord.ui.view import BaseView, ViewStore

from bot.core.buttons import FOREIGN
from bot.core.dialogs import answer_dialog
from bot.core.errors import note, report, serve
from bot.core.interaction import Bot
from bot.core.transport import be_patient
from bot.errors import UserError


class Tree(app_commands.CommandTree[Bot]):
    """Runs commands and autocompletes."""

    async def _call(self, interaction: discord.Interaction[Bot]) -> None:
        suggests = interaction.type is discord.InteractionType.autocomplete
        work = self._suggest if suggests else super()._call
        await serve(interaction, lambda: work(interaction))

    async def _suggest(self, interaction: discord.Interaction[Bot]) -> None:
        """As discord.py does it, which logs a traceback for whoever types on before the answer is there."""
        data: Any = interaction.data
        command, options = self._get_app_command_options(data)
        focused = next((option["name"] for option in options if option.get("focused")), None)
        if focused is None:
            raise app_commands.CommandSignatureMismatch(command)
        values = app_commands.Namespace(interaction, data.get("resolved", {}), options)
        await command._invoke_autocomplete(interaction, focused, values)

    async def on_error(
        self, interaction: discord.Interaction[Bot], error: app_commands.AppCommandError, /
    ) -> None:
        await report(interaction, getattr(error, "original", error))


class Views(ViewStore):
    """Finds what a button, a menu or a dialog does, by its custom_id alone."""

    def add_view(self, view: BaseView, message_id: int | None = None) -> None:
        if not isinstance(view, discord.ui.Modal):  # nothing is kept of a dialog: its answer is enough
            super().add_view(view, message_id)

    def dispatch_view(
        self, component_type: int, custom_id: str, interaction: discord.Interaction[Any]
    ) -> None:
        if any(pattern.fullmatch(custom_id) for pattern in self._dynamic_items):
            super().dispatch_view(component_type, custom_id, interaction)
        else:
            self.add_task(asyncio.create_task(serve(interaction, _refuse), name="foreign button"))

    async def schedule_dynamic_item_call(
        self,
        component_type: int,
        factory: type[DynamicItem[Item[Any]]],
        interaction: discord.Interaction[Any],
        custom_id: str,
        match: re.Match[str],
    ) -> None:
        call = super().schedule_dynamic_item_call
        await serve(interaction, lambda: call(component_type, factory, interaction, custom_id, match))

    def dispatch_modal(
        self, custom_id: str, interaction: discord.Interaction[Any], components: Any, resolved: Any
    ) -> None:
        answering = serve(interaction, lambda: answer_dialog(interaction))
        self.add_task(asyncio.create_task(answering, name=f"dialog {custom_id}"))


def guard(bot: Bot) -> None:
    """Put the guards around a client that has no buttons yet, and that the calling task will start."""
    be_patient()
    state = bot._connection
    state._view_store = Views(state)
    parse = state.parsers["INTERACTION_CREATE"]

    def parse_guarded(data: Any) -> None:
        try:
            parse(data)
        except Exception as error:
            note(error, "an interaction was not as documented")

    state.parsers["INTERACTION_CREATE"] = parse_guarded


async def _refuse() -> None:
    raise UserError(FOREIGN)
