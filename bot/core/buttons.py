"""Buttons and menus that outlive the process: all that they need is in their custom_id.

A subclass says what a button looks like; an action says with `on_press` what a press does. discord.py does
not send errors in dynamic items to any handler, so the base class does (see `reports`).
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, Generic, Self, TypeVar

import discord
from discord.ui import Button, DynamicItem, Item, Select, View

from bot.core.errors import report
from bot.core.interaction import Interaction
from bot.errors import UserError

Handler = Callable[..., Awaitable[None]]
HandlerT = TypeVar("HandlerT", bound=Handler)
ItemT = TypeVar("ItemT", bound=Item[Any])

_handlers: dict[type[Remembering[Any]], Handler] = {}

FOREIGN = "This button does nothing any more: start anew with /newmon."
_NUMBER_MAX = 2**63 - 1  # ids are no larger, and columns hold no more


def on_press(*kinds: type[Remembering[Any]]) -> Callable[[HandlerT], HandlerT]:
    """Makes a function what these kinds of buttons do.

    It is called with the interaction and the numbers of the button; for a menu also with what was chosen. It
    may raise `UserError`.
    """

    def register(handler: HandlerT) -> HandlerT:
        _handlers.update(dict.fromkeys(kinds, handler))
        return handler

    return register


def handled(kind: type[Remembering[Any]]) -> bool:
    """Whether any action answers this kind of button."""
    return kind in _handlers


class Remembering(DynamicItem[ItemT], Generic[ItemT], template=r"newmon:unused"):
    """A button or menu whose numbers are its memory."""

    prefix: ClassVar[str]
    numbers: tuple[int, ...]

    @classmethod
    def make_id(cls, numbers: tuple[int, ...]) -> str:
        return ":".join(["newmon", cls.prefix, *map(str, numbers)])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        try:
            if any(number > _NUMBER_MAX for number in self.numbers):
                raise UserError(FOREIGN)
            await _handlers[type(self)](interaction, *self.numbers, *self.chosen(interaction))
        except Exception as error:  # everything: this is the end of the line
            await report(interaction, error)

    def chosen(self, interaction: Interaction) -> tuple[str, ...]:
        """What was chosen in a menu; nothing for a button."""
        return ()


class Press(Remembering[Button[View]], template=r"newmon:unused"):
    """A button."""

    style: ClassVar[discord.ButtonStyle] = discord.ButtonStyle.secondary
    label: ClassVar[str]
    emoji: ClassVar[str | None] = None

    def __init__(
        self, *numbers: int, label: str | None = None, row: int | None = None, disabled: bool = False
    ) -> None:
        self.numbers = numbers
        super().__init__(
            Button(
                style=self.style,
                label=label or self.label,
                emoji=self.emoji,
                custom_id=self.make_id(numbers),
                row=row,
                disabled=disabled,
            )
        )

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls(*map(int, match.groups()))


class Menu(Remembering[Select[View]], template=r"newmon:unused"):
    """A menu to choose one thing from."""

    placeholder: ClassVar[str]

    def __init__(
        self, *numbers: int, options: list[discord.SelectOption] | None = None, row: int | None = None
    ) -> None:
        self.numbers = numbers
        super().__init__(
            Select(
                custom_id=self.make_id(numbers), placeholder=self.placeholder, options=options or [], row=row
            )
        )

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls(*map(int, match.groups()))

    def chosen(self, interaction: Interaction) -> tuple[str, ...]:
        data: dict[str, Any] = dict(interaction.data or {})
        return tuple(map(str, data.get("values", ())))
