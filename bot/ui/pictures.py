"""Pictures for messages: enlarged sprites, sheets of several, a mix. Blocking: call in a thread."""

from __future__ import annotations

import io
import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from bot.engine import Picture
from bot.ui.card_scene import lighter
from bot.ui.type_symbols import COLOURS, badge, symbol

CARD_SIDE = 512  # pixels of a single creature's picture
FULL_SIDE = 1024  # of what is given by itself, transparent
PARENT_SIDE = 192
CHILD_SIDE = 128
GAP = 12
# Discord shows a mix at about half its size, and on a phone at a third: words and numbers are made for that.
LABEL_HEIGHT = 36
FONT_SIZES = (24, 20, 17, 15)  # the largest that fits is used
TYPE_BADGE_SIDE, MARK_SIDE = 72, 380  # of types on a card's picture
PALE = 0.72  # how near to white the ground of a card's picture is
BADGE_SIDE = 28
BADGE_FONT_SIZE = 19
CHILD_COLUMNS = 3
GALLERY_COLUMNS = 4

PAPER = (244, 245, 248, 255)  # sprites have dark outlines, which need a light ground in either theme
TILE = (255, 255, 255, 255)
INK = (48, 51, 61, 255)
BADGE = (88, 101, 242, 255)
STAR = (255, 172, 51, 255)

# zlib's strategy of runs, at any level: line art of 512 pixels takes about half the time of the usual
# strategy at level 3 and 8 % fewer bytes; pixel art two thirds of the time, and a third fewer bytes.
RUNS = 3
KEPT = 64  # cards' pictures in memory, a fifth of a megabyte each: a card is shown again by its buttons


@dataclass(frozen=True)
class Portrait:
    """A creature in a composite: its picture and what to write under it."""

    picture: Picture
    label: str = ""
    favourite: bool = False
    shiny: bool = False


@lru_cache(KEPT)
def portrait(picture: Picture, types: tuple[str, ...] = ()) -> tuple[bytes, int]:
    """A card's picture as PNG, and its accent, as `mean_colour` gives it; encoded only once.

    It stands on a ground in the colours of its types, with their symbols: line art has dark outlines, which
    are lost on a dark page. Without types it is transparent, as `enlarge` makes it.
    """
    if not types:
        return enlarge(picture), mean_colour(picture)
    ground, sprite = _ground(types).copy(), _sized(picture)
    ground.paste(sprite, ((CARD_SIDE - sprite.width) // 2, (CARD_SIDE - sprite.height) // 2), sprite)
    for i, kind in enumerate(types):
        drawn = badge(kind, TYPE_BADGE_SIDE)
        ground.paste(drawn, (14 + i * (TYPE_BADGE_SIDE + 8), 14), drawn)
    return _to_bytes(ground), mean_colour(picture)


@lru_cache(KEPT)
def _ground(types: tuple[str, ...]) -> Image.Image:
    """Pale, from the main type's colour above to the second one's below, with the main one's symbol."""
    above, below = (np.array(lighter(COLOURS[kind], PALE)) for kind in (types[0], types[-1]))
    share = np.linspace(0, 1, CARD_SIDE)[:, None, None]
    rows = (above + (below - above) * share).round().astype(np.uint8)  # [H, 1, 3]
    ground = Image.fromarray(np.broadcast_to(rows, (CARD_SIDE, CARD_SIDE, 3)))
    mark = symbol(types[0], MARK_SIDE)
    corner = (CARD_SIDE - MARK_SIDE) // 2
    ground.paste((255, 255, 255), (corner, corner), mark.point([value // 3 for value in range(256)]))
    return ground


def enlarge(picture: Picture, side: int = CARD_SIDE) -> bytes:
    """A picture → PNG of `side` pixels: line art smoothly, pixel art by the largest whole factor."""
    return _to_bytes(_sized(picture, side))


def mean_colour(picture: Picture) -> int:
    """The mean colour of the opaque pixels, as 0xRRGGBB: a card's accent."""
    sprite = Image.fromarray(picture.pixels)
    pixel = sprite.convert("RGBa").resize((1, 1), Image.Resampling.BOX).convert("RGBA").getpixel((0, 0))
    assert isinstance(pixel, tuple)
    red, green, blue = (int(channel) for channel in pixel[:3])
    return red << 16 | green << 8 | blue


def mix_sheet(a: Portrait, b: Portrait, children: Sequence[Portrait]) -> bytes:
    """One PNG: parent A left, parent B right, the numbered children in rows between them."""
    rows = -(-len(children) // CHILD_COLUMNS)
    cell = CHILD_SIDE + LABEL_HEIGHT + GAP
    middle = CHILD_COLUMNS * (CHILD_SIDE + GAP)
    width = 2 * (PARENT_SIDE + 2 * GAP) + middle + GAP
    height = rows * cell + GAP
    sheet = Image.new("RGBA", (width, height), PAPER)
    top = (height - PARENT_SIDE - LABEL_HEIGHT) // 2
    _place(sheet, a, (GAP, top), PARENT_SIDE)
    _place(sheet, b, (width - GAP - PARENT_SIDE, top), PARENT_SIDE)
    for i, child in enumerate(children):
        row, column = divmod(i, CHILD_COLUMNS)
        corner = (PARENT_SIDE + 3 * GAP + column * (CHILD_SIDE + GAP), GAP + row * cell)
        _place(sheet, child, corner, CHILD_SIDE)
        _badge(sheet, corner, str(i + 1))
    return _to_bytes(sheet)


def grid_sheet(portraits: Sequence[Portrait], columns: int, side: int) -> bytes:
    """One PNG: creatures numbered from 1 in rows, each in a square of `side` pixels, labelled if any is."""
    label_height = LABEL_HEIGHT if any(portrait.label for portrait in portraits) else 0
    rows = -(-len(portraits) // columns)
    columns = min(columns, len(portraits))
    width, height = columns * (side + GAP) + GAP, rows * (side + label_height + GAP) + GAP
    sheet = Image.new("RGBA", (width, height), PAPER)
    for i, portrait in enumerate(portraits):
        row, column = divmod(i, columns)
        corner = (GAP + column * (side + GAP), GAP + row * (side + label_height + GAP))
        _place(sheet, portrait, corner, side)
        _badge(sheet, corner, str(i + 1))
        if portrait.favourite:
            _star(sheet, (corner[0] + side - 20, corner[1] + 20), radius=16)
        if portrait.shiny:
            _sparkles(sheet, (corner[0] + side - 20, corner[1] + side - 20), radius=15)
    return _to_bytes(sheet)


def _place(sheet: Image.Image, portrait: Portrait, corner: tuple[int, int], side: int) -> None:
    draw = ImageDraw.Draw(sheet)
    x, y = corner
    draw.rounded_rectangle((x, y, x + side - 1, y + side - 1), radius=10, fill=TILE)
    sprite = _sized(portrait.picture, side)
    sheet.alpha_composite(sprite, (x + (side - sprite.width) // 2, y + (side - sprite.height) // 2))
    if not portrait.label:
        return
    text, font = _fitting(portrait.label, side)
    draw.text((x + side // 2, y + side + LABEL_HEIGHT // 2), text, INK, font, anchor="mm")


def _badge(sheet: Image.Image, corner: tuple[int, int], text: str) -> None:
    draw = ImageDraw.Draw(sheet)
    x, y = corner[0] + 3, corner[1] + 3
    draw.ellipse((x, y, x + BADGE_SIDE, y + BADGE_SIDE), fill=BADGE)
    draw.text((x + BADGE_SIDE / 2, y + BADGE_SIDE / 2), text, "white", _font(BADGE_FONT_SIZE), anchor="mm")


def _star(
    sheet: Image.Image, centre: tuple[float, float], radius: float, rays: int = 5, waist: float = 0.42
) -> None:
    """Upright, with so many rays; between them it is as narrow as `waist`, a share of its radius."""
    angles = [math.pi * (i / rays - 0.5) for i in range(2 * rays)]
    points = [
        (centre[0] + length * math.cos(angle), centre[1] + length * math.sin(angle))
        for angle, length in zip(angles, [radius, radius * waist] * rays, strict=True)
    ]
    ImageDraw.Draw(sheet).polygon(points, fill=STAR)


def _sparkles(sheet: Image.Image, centre: tuple[int, int], radius: float) -> None:
    """A large one with two small ones beside it, as in the emoji ✨."""
    x, y = centre
    _star(sheet, (x - 0.15 * radius, y + 0.1 * radius), 0.9 * radius, rays=4, waist=0.3)
    _star(sheet, (x + 0.7 * radius, y - 0.65 * radius), 0.45 * radius, rays=4, waist=0.3)
    _star(sheet, (x + 0.75 * radius, y + 0.8 * radius), 0.35 * radius, rays=4, waist=0.3)


def _fitting(text: str, width: int) -> tuple[str, ImageFont.FreeTypeFont]:
    """The text and the largest font in which it fits; in the smallest it is shortened if need be."""
    text = _drawable(text)
    font = _font(FONT_SIZES[0])
    for size in FONT_SIZES:
        font = _font(size)
        if font.getlength(text) <= width:
            return text, font
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text + "…", font


def _drawable(text: str) -> str:
    """The text as far as the font has it: é becomes e, other scripts are left to the message's words."""
    kept: list[str] = []
    for character in text:
        plain = unicodedata.normalize("NFD", character)[0]
        kept.append(next((c for c in (character, plain) if _has_glyph(c)), ""))
    return "".join(kept).strip(" ·")


@lru_cache(maxsize=4096)
def _has_glyph(character: str) -> bool:
    """Whether the font draws anything else than the box that stands for what it lacks."""
    return character.isspace() or _drawn(character) != _drawn("\uffff")


def _drawn(character: str) -> bytes:
    image = Image.new("L", (40, 40))
    ImageDraw.Draw(image).text((8, 8), character, 255, _font(FONT_SIZES[0]))
    return image.tobytes()


@lru_cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font


def _sized(picture: Picture, side: int = CARD_SIDE) -> Image.Image:
    """Line art with `side` pixels; pixel art enlarged by the largest whole factor, and never made smaller."""
    image = Image.fromarray(picture.pixels)
    if not picture.pixel_art:
        return image.resize((side, side), Image.Resampling.LANCZOS)
    factor = max(side // image.width, 1)
    return image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)


def _to_bytes(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=3, compress_type=RUNS)
    return buffer.getvalue()
