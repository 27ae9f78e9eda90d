"""Sheets of creatures for messages. Blocking: call in a thread.

A message shows a picture as wide as it can and limits its height. So a sheet to choose from comes row by
row, each with its buttons below: three creatures side by side have 100 pixels each on a phone of 390 pixels,
and 180 on a desktop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from bot.engine import Picture
from bot.ui.captions import Caption
from bot.ui.fonts import Style
from bot.ui.pictures import mean_colour, sized, to_bytes
from bot.ui.shapes import Point, disc, rounded, star

MARGIN = 6  # pixels around a creature in its tile
TILE = 256 + 2 * MARGIN  # line art as its enlarger makes it
SMALL_TILE = 192  # of one among many
PARENT = 176
GAP = 6  # between tiles
CORNER = 18
LINE = 32  # height of a caption's line
TINT = 0.16  # how much of a creature's own colour is in the ground behind it

NAME = Style("title", 31, 500)
CAPTION = Style("title", 27, 500)
PARENT_NAME = Style("title", 38, 600)
LONG_PARENT_NAME = Style("title", 30, 600)  # in two lines
SMALLEST = 20  # pixels of a font: 8 on a phone, for who is called as long as that
NUMBER = Style("title", 27, 600)
DISC = 19  # radius of what a number stands on
BADGE = 15  # radius of a star

INK = (42, 44, 54)
WHITE = (255, 255, 255)
VIOLET = (88, 101, 242)
AMBER = (250, 166, 26)

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Tile:
    """A creature of a sheet: its picture, and what stands below it, beside its badges."""

    picture: Picture
    caption: Caption
    number: int | None = None  # on the button that chooses it
    favourite: bool = False
    shiny: bool = False


def sheet(tiles: Sequence[Tile], columns: int, *, lines: int = 1, side: int = TILE) -> bytes:
    """PNG: tiles in rows, with captions of up to so many lines; transparent where nobody is."""
    caption = lines * LINE + 14
    rows = -(-len(tiles) // columns)
    canvas = _canvas(columns * (side + GAP) - GAP, rows * (side + caption + GAP) - GAP)
    for i, tile in enumerate(tiles):
        x, y = i % columns * (side + GAP), i // columns * (side + caption + GAP)
        _ground(canvas, (x, y, x + side, y + side + caption), tile.picture)
        _stand(canvas, tile.picture, (x + MARGIN, y + MARGIN), side - 2 * MARGIN)
        _below(canvas, tile, (x + 10, y + side, x + side - 10, y + side + caption - 6), lines)
    return to_bytes(canvas)


def parents_sheet(a: Tile, b: Tile, columns: int) -> bytes:
    """PNG: both parents side by side, as wide as a sheet of so many columns, each with its name beside it."""
    width = columns * (TILE + GAP) - GAP
    half = (width - GAP) // 2
    canvas = _canvas(width, PARENT)
    for tile, x in ((a, 0), (b, width - half)):
        _ground(canvas, (x, 0, x + half, PARENT), tile.picture)
        _stand(canvas, tile.picture, (x + 12, 0), PARENT)
        _beside(canvas, tile, (x + PARENT + 16, 0, x + half - 14, PARENT))
    middle = (width / 2, PARENT / 2)
    disc(canvas, middle, DISC + 4, WHITE)
    disc(canvas, middle, DISC, VIOLET)
    NUMBER.draw(ImageDraw.Draw(canvas), (middle[0], middle[1] + 9), "×", WHITE, "m")
    return to_bytes(canvas)


def _canvas(width: int, height: int) -> Image.Image:
    return Image.new("RGBA", (width, height), (0, 0, 0, 0))


def _ground(canvas: Image.Image, box: tuple[int, int, int, int], picture: Picture) -> None:
    """A tile, pale in the creature's own colour: dark outlines need a light ground in either theme."""
    colour = mean_colour(picture)
    own = (colour >> 16, colour >> 8 & 255, colour & 255)
    pale = tuple(round(255 + (channel - 255) * TINT) for channel in own)
    left, top, right, bottom = box
    canvas.paste((*pale, 255), (left, top), rounded(right - left, bottom - top, CORNER))


def _stand(canvas: Image.Image, picture: Picture, corner: tuple[int, int], side: int) -> None:
    sprite = sized(picture, side)
    place = (corner[0] + (side - sprite.width) // 2, corner[1] + (side - sprite.height) // 2)
    canvas.alpha_composite(sprite, place)


def _below(canvas: Image.Image, tile: Tile, box: Box, lines: int) -> None:
    """A number, the caption, and badges, side by side."""
    left, top, right, bottom = box
    before, after = (2 * DISC + 8 if tile.number is not None else 0), _badges_width(tile)
    room = right - left - before - after
    style, found = tile.caption.fitted(NAME if lines == 1 else CAPTION, room, lines, SMALLEST)
    wide = max(style.width(line) for line in found)
    y = (top + bottom) / 2
    if tile.number is not None:
        middle = (left + DISC, y)  # where the eye looks for it, in every tile
        disc(canvas, middle, DISC, VIOLET)
        NUMBER.draw(ImageDraw.Draw(canvas), (middle[0], y + 10), str(tile.number), WHITE, "m")
    x = left + before + (room - wide) / 2
    _write(canvas, style, found, (x + wide / 2, y), "m")
    _badges(canvas, tile, (x + wide, y))


def _beside(canvas: Image.Image, tile: Tile, box: Box) -> None:
    """A name in up to two lines, and badges below it."""
    left, top, right, bottom = box
    style, found = tile.caption.fitted(PARENT_NAME, right - left, 1, LONG_PARENT_NAME.size - 3)
    if found != [str(tile.caption)]:
        style, found = tile.caption.fitted(LONG_PARENT_NAME, right - left, 2, SMALLEST)
    y = (top + bottom) / 2
    _write(canvas, style, found, (left, y - (20 if _badges_width(tile) else 0)), "l")
    _badges(canvas, tile, (left - 6, y + len(found) * style.size / 2 + 6))


def _write(canvas: Image.Image, style: Style, lines: list[str], at: Point, anchor: str) -> None:
    """Lines around a middle height."""
    pen = ImageDraw.Draw(canvas)
    step = style.size * 1.14
    baseline = at[1] - (len(lines) - 1) * step / 2 + style.size * 0.35
    for i, line in enumerate(lines):
        style.draw(pen, (at[0], baseline + i * step), line, INK, anchor)


def _badges_width(tile: Tile) -> float:
    return (2 * BADGE + 6) * (tile.favourite + tile.shiny)


def _badges(canvas: Image.Image, tile: Tile, at: Point) -> None:
    """From left to right a favourite's star, and a shiny one's sparkle, which has four points."""
    x = at[0] + 6
    for has, points, inner, colour in ((tile.favourite, 5, 0.45, AMBER), (tile.shiny, 4, 0.32, VIOLET)):
        if has:
            canvas.paste(colour, (round(x), round(at[1] - BADGE)), star(BADGE, points, inner))
            x += 2 * BADGE + 6
