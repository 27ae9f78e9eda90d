"""Buttons that outlive the process: all they need is in their custom_id.

discord.py does not send errors in dynamic items to any handler, so the base class does (see `reports`).
"""

from __future__ import annotations

import re
from typing import Any, ClassVar, Self

import discord
from discord.ui import Button, DynamicItem, View

from bot import weirdness
from bot.interaction import Interaction
from bot.store import Creature
from bot.ui.reports import report

CHILDREN_A_ROW = 3


class Press(DynamicItem[Button[View]], template=r"newmon:unused"):
    """A button whose numbers are its memory. Subclasses say what a press does."""

    style: ClassVar[discord.ButtonStyle] = discord.ButtonStyle.secondary
    label: ClassVar[str]
    emoji: ClassVar[str | None] = None
    prefix: ClassVar[str]

    def __init__(self, *numbers: int, label: str | None = None, row: int | None = None) -> None:
        self.numbers = numbers
        custom_id = ":".join(["newmon", self.prefix, *map(str, numbers)])
        super().__init__(
            Button(
                style=self.style, label=label or self.label, emoji=self.emoji, custom_id=custom_id, row=row
            )
        )

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls(*map(int, match.groups()))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        try:
            await self.press(interaction)
        except Exception as error:  # everything: this is the end of the line
            await report(interaction, error)

    async def press(self, interaction: Interaction) -> None:
        """What the button does. May raise `UserError`."""
        raise NotImplementedError


class Save(Press, template=r"newmon:save:(\d{1,19})"):
    """Opens the dialog for a name."""

    prefix, label, emoji, style = "save", "Save", "💾", discord.ButtonStyle.primary

    async def press(self, interaction: Interaction) -> None:
        await interaction.client.actions.ask_name(interaction, self.numbers[0])


class Another(Press, template=r"newmon:another:(\d{1,3})"):
    """Hatches another creature, as weird as the last, for whoever presses it."""

    prefix, label, emoji = "another", "Hatch another", "🥚"

    async def press(self, interaction: Interaction) -> None:
        await interaction.client.actions.hatch(interaction, None, weirdness.parse(str(self.numbers[0] / 100)))


class Choose(Press, template=r"newmon:choose:(\d{1,19}):(\d)"):
    """Shows one child of a mix by itself."""

    prefix, label = "choose", "Choose"

    def __init__(self, creature_id: int, number: int, row: int | None = None) -> None:
        super().__init__(creature_id, number, label=str(number), row=row)

    async def press(self, interaction: Interaction) -> None:
        await interaction.client.actions.show(interaction, self.numbers[0])


class Swap(Press, template=r"newmon:swap:(\d{1,19}):(\d{1,19}):(\d{1,20})"):
    """Exchanges the parents of a mix, for the person who asked for it."""

    prefix, label, emoji = "swap", "Swap parents", "🔁"

    async def press(self, interaction: Interaction) -> None:
        a_id, b_id, user_id = self.numbers
        await interaction.client.actions.swap(interaction, a_id, b_id, user_id)


BUTTONS = (Save, Another, Choose, Swap)


def creature_view(creature: Creature) -> View:
    """The buttons under one creature."""
    psi = weirdness.parse(None) if creature.psi is None else creature.psi
    view = View(timeout=None)
    if creature.name is None:
        view.add_item(Save(creature.id))
    view.add_item(Another(round(psi * 100)))
    return view


def mix_view(child_ids: list[int], a_id: int, b_id: int, user_id: int) -> View:
    """The buttons under a mix: one for each child, and what else can be done."""
    view = View(timeout=None)
    for i, child_id in enumerate(child_ids):
        view.add_item(Choose(child_id, i + 1, row=i // CHILDREN_A_ROW))
    view.add_item(Swap(a_id, b_id, user_id, row=-(-len(child_ids) // CHILDREN_A_ROW)))
    return view
