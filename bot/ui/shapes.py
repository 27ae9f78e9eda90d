"""Round things and stars with smooth edges, for pictures."""

from __future__ import annotations

import math
from functools import lru_cache

from PIL import Image, ImageDraw

Point = tuple[float, float]

FINER = 4  # times as large as it is handed out, a shape is drawn


@lru_cache
def rounded(width: int, height: int, corner: int) -> Image.Image:
    """Coverage of a box with round corners."""
    mask = Image.new("L", (width * FINER, height * FINER), 0)
    box = (0, 0, mask.width - 1, mask.height - 1)
    ImageDraw.Draw(mask).rounded_rectangle(box, corner * FINER, fill=255)
    return mask.reduce(FINER)


@lru_cache
def star(radius: int, points: int, inner: float) -> Image.Image:
    """Coverage of a star; between two points it has `inner` of its radius."""
    middle = radius * FINER
    mask = Image.new("L", (2 * middle, 2 * middle), 0)
    turns = [(math.pi * i / points, middle if i % 2 == 0 else middle * inner) for i in range(2 * points)]
    corners = [(middle + far * math.sin(angle), middle - far * math.cos(angle)) for angle, far in turns]
    ImageDraw.Draw(mask).polygon(corners, fill=255)
    return mask.reduce(FINER)


def disc(canvas: Image.Image, at: Point, radius: int, colour: tuple[int, int, int]) -> None:
    """Draw a disc around a point."""
    corner = (round(at[0] - radius), round(at[1] - radius))
    canvas.paste(colour, corner, rounded(2 * radius, 2 * radius, radius))
