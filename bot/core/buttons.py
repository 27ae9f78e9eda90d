"""Buttons and menus that work for as long as their message exists, whatever happens to the process.

As in discord.py's example of dynamic items, one class is a button's look, its memory, who may press it and
what a press does. They are no `DynamicItem`s: those need the message as it was, and end in the library's log
where something goes wrong. `Features` finds the class in `on_interaction` instead, by the custom_id alone.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar

from discord import ButtonStyle, SelectOption
from discord import ui as discord_ui
from discord.ui import Item, Select, View

from bot.core.custom_id import FOREIGN, Persistent
from bot.core.interaction import Interaction
from bot.core.language import _
from bot.errors import UserError


class Button(Persistent, abstract=True):
    """A button. Its label is marked with `N_`, and translated where it is shown."""

    style: ClassVar[ButtonStyle] = ButtonStyle.secondary
    label: ClassVar[str] = ""
    emoji: ClassVar[str | None] = None

    @abstractmethod
    async def press(self, interaction: Interaction) -> None:
        """What a press does. May raise `UserError`."""

    def item(
        self, label: str | None = None, *, row: int | None = None, disabled: bool = False
    ) -> discord_ui.Button[View]:
        """What stands under a message. `label`: instead of its usual one, as it is."""
        text = label or (self.label and _(self.label))
        return discord_ui.Button(
            style=self.style,
            label=text,
            emoji=self.emoji,
            custom_id=self.custom_id,
            row=row,
            disabled=disabled,
        )

    async def _act(self, interaction: Interaction) -> None:
        await self.press(interaction)


class Menu(Persistent, abstract=True):
    """A menu to choose one thing from."""

    placeholder: ClassVar[str]

    @abstractmethod
    async def choose(self, interaction: Interaction, value: str) -> None:
        """What a choice does. May raise `UserError`."""

    def item(self, options: list[SelectOption], *, row: int | None = None) -> Select[View]:
        """What stands under a message."""
        return Select(custom_id=self.custom_id, placeholder=_(self.placeholder), options=options, row=row)

    async def _act(self, interaction: Interaction) -> None:
        data: dict[str, Any] = dict(interaction.data or {})
        values = data.get("values")
        if not isinstance(values, list) or len(values) != 1:
            raise UserError(FOREIGN)
        await self.choose(interaction, str(values[0]))


def view_of(items: Iterable[Item[Any]] = ()) -> View:
    """These under a message. discord.py does not listen for them and keeps nothing of them."""
    view = View(timeout=None)
    for item in items:
        view.add_item(item)
    view.stop()
    return view
