"""Creatures that are squares of one colour, for tests of pictures."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from bot.engine import Picture


def sprite(colour: tuple[int, int, int, int], side: int = 64, pixel_art: bool = True) -> Picture:
    """A square of one colour on a transparent ground."""
    pixels = np.zeros((side, side, 4), np.uint8)
    pixels[side // 4 : -side // 4, side // 4 : -side // 4] = colour
    return Picture(pixels, pixel_art)


RED, BLUE = sprite((255, 0, 0, 255)), sprite((0, 0, 255, 255))


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))
