"""Pictures of single creatures for messages. Blocking: call in a thread."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from PIL import Image

from bot.engine import Picture
from bot.ui.card_scene import lighter
from bot.ui.type_symbols import COLOURS, badge, symbol

CARD_SIDE = 512  # pixels of a single creature's picture
FULL_SIDE = 1024  # of what is given by itself, transparent
TYPE_BADGE_SIDE, MARK_SIDE = 72, 380  # of types on a card's picture
PALE = 0.72  # how near to white the ground of a card's picture is

# zlib's strategy of runs, at any level: line art of 512 pixels takes about half the time of the usual
# strategy at level 3 and 8 % fewer bytes; pixel art two thirds of the time, and a third fewer bytes.
RUNS = 3
KEPT = 64  # cards' pictures in memory, a fifth of a megabyte each: a card is shown again by its buttons


@lru_cache(KEPT)
def portrait(picture: Picture, types: tuple[str, ...] = ()) -> tuple[bytes, int]:
    """A card's picture as PNG, and its accent, as `mean_colour` gives it; encoded only once.

    It stands on a ground in the colours of its types, with their symbols: line art has dark outlines, which
    are lost on a dark page. Without types it is transparent, as `enlarge` makes it.
    """
    if not types:
        return enlarge(picture), mean_colour(picture)
    ground, sprite = _ground(types).copy(), sized(picture)
    ground.paste(sprite, ((CARD_SIDE - sprite.width) // 2, (CARD_SIDE - sprite.height) // 2), sprite)
    for i, kind in enumerate(types):
        drawn = badge(kind, TYPE_BADGE_SIDE)
        ground.paste(drawn, (14 + i * (TYPE_BADGE_SIDE + 8), 14), drawn)
    return to_bytes(ground), mean_colour(picture)


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
    return to_bytes(sized(picture, side))


def mean_colour(picture: Picture) -> int:
    """The mean colour of the opaque pixels, as 0xRRGGBB: a card's accent."""
    sprite = Image.fromarray(picture.pixels)
    pixel = sprite.convert("RGBa").resize((1, 1), Image.Resampling.BOX).convert("RGBA").getpixel((0, 0))
    assert isinstance(pixel, tuple)
    red, green, blue = (int(channel) for channel in pixel[:3])
    return red << 16 | green << 8 | blue


def sized(picture: Picture, side: int = CARD_SIDE) -> Image.Image:
    """Line art with `side` pixels; pixel art enlarged by the largest whole factor, and never made smaller."""
    image = Image.fromarray(picture.pixels)
    if not picture.pixel_art:
        return image.resize((side, side), Image.Resampling.LANCZOS)
    factor = max(side // image.width, 1)
    return image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)


def to_bytes(image: Image.Image) -> bytes:
    """PNG, quickly."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=3, compress_type=RUNS)
    return buffer.getvalue()
