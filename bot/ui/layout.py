"""Messages as layouts of components (Discord's "components V2"), which place pictures and words freely.

A message that is a layout stays one for as long as it exists: Discord takes no embed and no content in it any
more. So everything that may be put in its place can be laid out, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import discord
from discord import MediaGalleryItem, ui
from discord.ui import Item, View

ROW_WIDTH = 5  # of buttons; a menu fills a row
HEADING, SMALL = "## ", "-# "


class Layout(ui.LayoutView):
    """A layout that discord.py does not listen to and keeps nothing of."""

    def __init__(self, parts: list[Item[Any]]) -> None:
        super().__init__(timeout=None)
        for part in parts:
            self.add_item(part)
        self.stop()


class LaidOut(Protocol):
    """What a message shows as a layout."""

    @property
    def files(self) -> list[discord.File]:
        """Fresh ones: discord.py reads each only once."""
        ...

    @property
    def parts(self) -> list[Item[Any]]:
        """Fresh ones, which name those files."""
        ...


def layout_of(content: str | None, parts: Sequence[Item[Any]], view: View | None) -> Layout:
    """Words, then the parts of a layout, then the buttons and menus of an ordinary message."""
    above: list[Item[Any]] = [ui.TextDisplay(content)] if content else []
    return Layout([*above, *parts, *_rows(view)])


def attached(picture: str, alt: str) -> ui.MediaGallery[Any]:
    """An attached picture, as wide as the message allows. `alt` is for those who cannot see it."""
    return ui.MediaGallery(MediaGalleryItem(f"attachment://{picture}", description=alt))


def picture_first(colour: int, picture: str, alt: str, *texts: str) -> ui.Container[Any]:
    """A frame with an attached picture, large, and words below. `alt` is for those who cannot see it."""
    words = [ui.TextDisplay(text) for text in texts]
    return ui.Container(attached(picture, alt), *words, accent_colour=colour)


def container_of(embed: discord.Embed) -> ui.Container[Any]:
    """An embed as the frame of a layout: the same words and the same picture in the same order."""
    fields = (f"**{field.name}**\n{field.value}" for field in embed.fields)
    above = [f"{HEADING}{embed.title}" if embed.title else "", embed.description or "", *fields]
    container: ui.Container[Any] = ui.Container(accent_colour=embed.colour)
    if words := "\n".join(line for line in above if line):
        container.add_item(ui.TextDisplay(words))
    if embed.image.url:
        container.add_item(ui.MediaGallery(MediaGalleryItem(embed.image.url)))
    if embed.footer.text:
        container.add_item(ui.TextDisplay(f"{SMALL}{embed.footer.text}"))
    return container


def _rows(view: View | None) -> list[ui.ActionRow[Any]]:
    """The rows of an ordinary message. What asks for no row goes where there is room."""
    rows: dict[int, list[Item[Any]]] = {}
    taken: dict[int, int] = {}
    for item in [] if view is None else view.children:
        row = item.row
        if row is None:
            row = next(i for i in range(ROW_WIDTH) if taken.get(i, 0) + item.width <= ROW_WIDTH)
        rows.setdefault(row, []).append(item)
        taken[row] = taken.get(row, 0) + item.width
    return [ui.ActionRow(*rows[row]) for row in sorted(rows)]
