"""A colour and a symbol for each type: our own drawings, of vectors, at any size."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Sequence

from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
Point = tuple[float, float]

FINER = 4  # drawn so many times larger, then reduced

COLOURS: dict[str, Colour] = {
    "Normal": (148, 144, 132), "Fire": (226, 92, 48), "Water": (58, 130, 206), "Grass": (84, 158, 70),
    "Electric": (232, 178, 30), "Ice": (92, 184, 200), "Fighting": (178, 62, 66), "Poison": (146, 76, 168),
    "Ground": (176, 128, 74), "Flying": (120, 150, 214), "Psychic": (226, 90, 134), "Bug": (140, 158, 40),
    "Rock": (150, 128, 88), "Ghost": (98, 84, 156), "Dragon": (82, 82, 190), "Dark": (84, 74, 78),
    "Steel": (104, 134, 152), "Fairy": (222, 128, 190),
}  # fmt: skip


class Pen:
    """Draws white on black in a square from (0, 0) to (1, 1)."""

    def __init__(self, side: int) -> None:
        self.side = side
        self.mask = Image.new("L", (side, side), 0)
        self.draw = ImageDraw.Draw(self.mask)

    def shape(self, points: Sequence[Point], ink: int = 255) -> None:
        """A filled polygon."""
        self.draw.polygon([(x * self.side, y * self.side) for x, y in points], fill=ink)

    def line(self, points: Sequence[Point], width: float, ink: int = 255) -> None:
        """A line with round ends and joints."""
        scaled = [(x * self.side, y * self.side) for x, y in points]
        self.draw.line(scaled, fill=ink, width=max(1, round(width * self.side)), joint="curve")
        for x, y in points:
            self.disc(x, y, width / 2, ink)

    def disc(self, x: float, y: float, radius: float, ink: int = 255) -> None:
        """A filled circle."""
        self.oval(x, y, radius, radius, ink)

    def oval(self, x: float, y: float, wide: float, high: float, ink: int = 255) -> None:
        """A filled ellipse by its half axes."""
        box = (x - wide, y - high, x + wide, y + high)
        self.draw.ellipse([value * self.side for value in box], fill=ink)


def curve(*corners: Point, steps: int = 24) -> list[Point]:
    """Points of the Bézier curve with these control points."""
    found: list[Point] = []
    for i in range(steps + 1):
        points = list(corners)
        while len(points) > 1:  # de Casteljau
            points = [
                (a[0] + (b[0] - a[0]) * i / steps, a[1] + (b[1] - a[1]) * i / steps)
                for a, b in itertools.pairwise(points)
            ]
        found.append(points[0])
    return found


def _star(x: float, y: float, outer: float, inner: float, points: int) -> list[Point]:
    return [
        (x + radius * math.sin(angle), y - radius * math.cos(angle))
        for i in range(2 * points)
        for radius, angle in [((outer, inner)[i % 2], math.pi * i / points)]
    ]


def _normal(pen: Pen) -> None:
    pen.disc(0.5, 0.5, 0.36)
    pen.disc(0.5, 0.5, 0.21, 0)


def _fire(pen: Pen) -> None:
    pen.shape(
        curve((0.52, 0.06), (0.60, 0.30), (0.86, 0.38), (0.80, 0.70))
        + curve((0.80, 0.70), (0.76, 0.98), (0.24, 0.98), (0.20, 0.68))
        + curve((0.20, 0.68), (0.18, 0.52), (0.28, 0.42), (0.30, 0.32))
        + curve((0.30, 0.32), (0.36, 0.42), (0.40, 0.44), (0.42, 0.46))
        + curve((0.42, 0.46), (0.56, 0.32), (0.46, 0.20), (0.52, 0.06))
    )
    pen.shape(
        curve((0.51, 0.50), (0.56, 0.62), (0.68, 0.64), (0.63, 0.78))
        + curve((0.63, 0.78), (0.60, 0.90), (0.40, 0.90), (0.37, 0.76))
        + curve((0.37, 0.76), (0.36, 0.64), (0.50, 0.64), (0.51, 0.50)),
        0,
    )


def _water(pen: Pen) -> None:
    pen.shape(
        curve((0.5, 0.06), (0.58, 0.28), (0.80, 0.44), (0.80, 0.64))
        + curve((0.80, 0.64), (0.80, 1.02), (0.20, 1.02), (0.20, 0.64))
        + curve((0.20, 0.64), (0.20, 0.44), (0.42, 0.28), (0.5, 0.06))
    )
    pen.line(curve((0.33, 0.64), (0.33, 0.74), (0.38, 0.79), (0.45, 0.81)), 0.07, 0)


def _grass(pen: Pen) -> None:
    pen.shape(
        curve((0.84, 0.12), (0.30, 0.10), (0.06, 0.40), (0.22, 0.80))
        + curve((0.22, 0.80), (0.66, 0.94), (0.94, 0.62), (0.84, 0.12))
    )
    pen.line([(0.68, 0.30), (0.24, 0.78)], 0.055, 0)
    pen.line([(0.22, 0.80), (0.12, 0.90)], 0.08)
    pen.line([(0.50, 0.50), (0.49, 0.34)], 0.045, 0)
    pen.line([(0.40, 0.61), (0.58, 0.62)], 0.045, 0)


def _electric(pen: Pen) -> None:
    pen.shape(
        [(0.60, 0.05), (0.20, 0.56), (0.46, 0.56), (0.36, 0.95), (0.80, 0.40), (0.54, 0.40), (0.68, 0.05)]
    )


def _ice(pen: Pen) -> None:
    for i in range(3):
        angle = math.pi * i / 3
        along = (math.sin(angle), -math.cos(angle))
        pen.line([(0.5 + s * 0.40 * along[0], 0.5 + s * 0.40 * along[1]) for s in (-1, 1)], 0.075)
        for side in (-1, 1):
            root = (0.5 + side * 0.22 * along[0], 0.5 + side * 0.22 * along[1])
            for turn in (-0.9, 0.9):
                far = angle + turn + (math.pi if side < 0 else 0)
                pen.line([root, (root[0] + 0.15 * math.sin(far), root[1] - 0.15 * math.cos(far))], 0.06)


def _fighting(pen: Pen) -> None:
    for i in range(4):  # knuckles
        x = 0.155 + 0.175 * i
        pen.shape([(x, 0.28), (x + 0.15, 0.28), (x + 0.15, 0.60), (x, 0.60)])
        pen.oval(x + 0.075, 0.28, 0.075, 0.08)
    pen.shape([(0.155, 0.56), (0.83, 0.56), (0.80, 0.80), (0.70, 0.90), (0.34, 0.90), (0.20, 0.78)])
    pen.line([(0.20, 0.60), (0.54, 0.60)], 0.17, 0)  # the thumb, cut out and laid across
    pen.line([(0.21, 0.62), (0.53, 0.62)], 0.12)


def _poison(pen: Pen) -> None:
    pen.disc(0.42, 0.62, 0.28)
    pen.disc(0.74, 0.34, 0.17)
    pen.disc(0.38, 0.17, 0.10)
    pen.disc(0.34, 0.53, 0.075, 0)
    pen.disc(0.70, 0.29, 0.045, 0)


def _ground(pen: Pen) -> None:
    for top, edge in ((0.18, 0.12), (0.42, 0.08), (0.66, 0.04)):
        pen.shape(
            curve(
                (0.06 + edge, top + 0.14), (0.30, top - 0.14), (0.62, top + 0.16), (0.94 - edge, top - 0.02)
            )
            + curve(
                (0.94 - edge, top + 0.12), (0.62, top + 0.30), (0.30, top + 0.02), (0.06 + edge, top + 0.28)
            )
        )


def _flying(pen: Pen) -> None:
    for i, length in enumerate((0.84, 0.66, 0.46)):
        y = 0.24 + 0.21 * i
        pen.shape(
            curve((0.10, y), (0.34, y - 0.16), (0.10 + length * 0.8, y - 0.14), (0.10 + length, y - 0.06))
            + curve((0.10 + length, y - 0.06), (0.10 + length * 0.7, y + 0.20), (0.30, y + 0.18), (0.10, y))
        )


def _psychic(pen: Pen) -> None:
    pen.shape(
        curve((0.04, 0.50), (0.28, 0.10), (0.72, 0.10), (0.96, 0.50))
        + curve((0.96, 0.50), (0.72, 0.90), (0.28, 0.90), (0.04, 0.50))
    )
    pen.disc(0.5, 0.5, 0.22, 0)
    pen.shape(_star(0.5, 0.5, 0.17, 0.06, 4))


def _bug(pen: Pen) -> None:
    for side in (-1, 1):
        pen.line(curve((0.5, 0.26), (0.5 + 0.06 * side, 0.12), (0.5 + 0.18 * side, 0.08)), 0.05)
        for y, reach in ((0.46, -0.06), (0.60, 0.0), (0.74, 0.08)):
            pen.line([(0.5 + 0.2 * side, y), (0.5 + 0.40 * side, y + reach)], 0.05)
    pen.oval(0.5, 0.28, 0.15, 0.11)
    pen.oval(0.5, 0.63, 0.27, 0.30)
    pen.line([(0.5, 0.42), (0.5, 0.96)], 0.045, 0)
    pen.line([(0.22, 0.395), (0.78, 0.395)], 0.05, 0)


def _rock(pen: Pen) -> None:
    pen.shape([(0.34, 0.14), (0.70, 0.18), (0.93, 0.52), (0.78, 0.86), (0.24, 0.86), (0.06, 0.54)])
    for ends in ([(0.34, 0.14), (0.44, 0.46), (0.70, 0.18)], [(0.06, 0.54), (0.44, 0.46), (0.50, 0.86)],
                 [(0.44, 0.46), (0.93, 0.52)]):  # fmt: skip
        pen.line(ends, 0.045, 0)


def _ghost(pen: Pen) -> None:
    pen.oval(0.5, 0.42, 0.33, 0.34)
    hem = [(0.83 - 0.11 * i, 0.80 if i % 2 else 0.90) for i in range(7)]
    pen.shape([(0.17, 0.42), (0.83, 0.42), *hem])
    for x in (0.38, 0.62):
        pen.oval(x, 0.42, 0.065, 0.095, 0)


def _dragon(pen: Pen) -> None:
    for x, top, foot in ((0.14, 0.20, 0.78), (0.38, 0.10, 0.90), (0.62, 0.16, 0.82)):  # the marks of claws
        pen.shape(
            curve((x + 0.20, top), (x + 0.24, 0.36), (x + 0.12, 0.66), (x, foot))
            + curve((x, foot), (x + 0.26, 0.68), (x + 0.34, 0.36), (x + 0.20, top))
        )


def _dark(pen: Pen) -> None:
    pen.disc(0.47, 0.5, 0.40)
    pen.disc(0.64, 0.40, 0.32, 0)


def _steel(pen: Pen) -> None:
    pen.shape(
        [(0.5 + 0.42 * math.cos(math.pi * i / 3), 0.5 + 0.42 * math.sin(math.pi * i / 3)) for i in range(6)]
    )
    pen.disc(0.5, 0.5, 0.18, 0)


def _fairy(pen: Pen) -> None:
    pen.shape(_star(0.43, 0.56, 0.40, 0.12, 4))
    pen.shape(_star(0.80, 0.22, 0.19, 0.06, 4))


_DRAWINGS: dict[str, Callable[[Pen], None]] = {
    "Normal": _normal, "Fire": _fire, "Water": _water, "Grass": _grass, "Electric": _electric, "Ice": _ice,
    "Fighting": _fighting, "Poison": _poison, "Ground": _ground, "Flying": _flying, "Psychic": _psychic,
    "Bug": _bug, "Rock": _rock, "Ghost": _ghost, "Dragon": _dragon, "Dark": _dark, "Steel": _steel,
    "Fairy": _fairy,
}  # fmt: skip


@functools.cache
def symbol(kind: str, side: int) -> Image.Image:
    """The symbol of a type as coverage, mode L, `side` pixels square. Raises KeyError for another type."""
    pen = Pen(side * FINER)
    _DRAWINGS[kind](pen)
    return pen.mask.resize((side, side), Image.Resampling.LANCZOS)


def badge(kind: str, side: int) -> Image.Image:
    """The symbol in white on a disc of the type's colour, RGBA."""
    disc = Image.new("L", (side * FINER, side * FINER), 0)
    ImageDraw.Draw(disc).ellipse((0, 0, side * FINER - 1, side * FINER - 1), fill=255)
    drawn = Image.new("RGBA", (side, side), (*COLOURS[kind], 0))
    drawn.putalpha(disc.resize((side, side), Image.Resampling.LANCZOS))
    inner = round(side * 0.66)
    edge = (side - inner) // 2
    drawn.paste((255, 255, 255, 255), (edge, edge), symbol(kind, inner))
    return drawn
