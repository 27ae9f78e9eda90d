"""How several creatures are shown to choose from: row by row, each a picture with its buttons below."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import discord
from discord import ui
from discord.ui import Item

from bot.ui.layout import SMALL, attached


@dataclass(frozen=True)
class Row:
    """A picture, what it shows in words, and the buttons below it, five at most."""

    png: bytes
    alt: str
    buttons: Sequence[Item[Any]] = ()


@dataclass(frozen=True)
class SheetCard:
    """A message of rows, which is a layout."""

    rows: Sequence[Row]
    small: str  # what stands below, in small letters

    @property
    def files(self) -> list[discord.File]:
        """Fresh ones: discord.py reads each only once."""
        return [
            discord.File(io.BytesIO(row.png), _filename(i), description=row.alt)
            for i, row in enumerate(self.rows, 1)
        ]

    @property
    def parts(self) -> list[Item[Any]]:
        """The pictures, each with its buttons, and what is said of them."""
        parts: list[Item[Any]] = []
        for i, row in enumerate(self.rows, 1):
            parts.append(attached(_filename(i), row.alt))
            if row.buttons:
                parts.append(ui.ActionRow(*row.buttons))
        return [*parts, ui.TextDisplay(f"{SMALL}{self.small}")]


def _filename(number: int) -> str:
    return f"row-{number}.png"
