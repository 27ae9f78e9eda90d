"""A creature becomes another and itself again, as an animation. Blocking: call in a thread."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from bot.engine import Picture, gif, morph_amounts
from bot.ui.fonts import Style
from bot.ui.pictures import mean_colour, sized
from bot.ui.shapes import disc

SIDE = 256  # pixels of the creature: line art as its enlarger makes it
MARGIN = 20
FOOT = 52  # height of what stands below: how far it has come, and who they are
FPS = 16
HOLD = 11  # frames that each of the two is looked at
TINT = 0.2  # how much of the creatures' own colours is in the ground
NAME = Style("title", 20, 500)
SMALLEST = 14

INK = (42, 44, 54)
TRACK = (255, 255, 255)
DOT = (88, 101, 242)


def morph_gif(pictures: Sequence[Picture], a: str, b: str) -> bytes:
    """From the first picture to the last and back, over and over, with the names of these two."""
    ground = _ground(pictures[0], pictures[-1], a, b)
    there = [
        _frame(ground, picture, amount)
        for picture, amount in zip(pictures, morph_amounts(len(pictures) - 1), strict=True)
    ]
    first, *between, last = there
    return gif([*[first] * HOLD, *between, *[last] * HOLD, *between[::-1]], FPS)


def _ground(first: Picture, last: Picture, a: str, b: str) -> Image.Image:
    """What no frame changes: pale, since outlines are dark, and opaque, since a GIF has no soft edges."""
    colours = [mean_colour(picture) for picture in (first, last)]
    own = [sum(colour >> shift & 255 for colour in colours) / 2 for shift in (16, 8, 0)]
    pale = tuple(round(255 + (channel - 255) * TINT) for channel in own)
    ground = Image.new("RGBA", (SIDE + 2 * MARGIN, SIDE + FOOT), (*pale, 255))
    pen = ImageDraw.Draw(ground)
    pen.rounded_rectangle((MARGIN, SIDE + 8, SIDE + MARGIN, SIDE + 14), 3, fill=TRACK)
    room = SIDE / 2 - 6
    for name, x, anchor in ((a, MARGIN, "l"), (b, SIDE + MARGIN, "r")):
        style, text = NAME.fitted(name, room, SMALLEST)
        style.draw(pen, (x, SIDE + 38), text, INK, anchor)
    return ground


def _frame(ground: Image.Image, picture: Picture, amount: float) -> np.ndarray:
    frame = ground.copy()
    sprite = sized(picture, SIDE)
    frame.alpha_composite(sprite, (MARGIN + (SIDE - sprite.width) // 2, (SIDE - sprite.height) // 2))
    disc(frame, (MARGIN + amount * SIDE, SIDE + 11), 8, DOT)
    return np.asarray(frame)
