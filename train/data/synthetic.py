"""Draws creatures that exist nowhere: pictures for tests and benchmarks, without anybody's artwork."""

import colorsys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

CANVAS = 96  # pixels a side
OUTLINE = (24, 20, 32, 255)
CLEAR = (255, 0, 255, 0)  # a loud colour under transparency shows up wherever it leaks


@dataclass(frozen=True, slots=True)
class Creature:
    """What one seed decides; lengths in pixels of the canvas."""

    body: tuple[int, int]  # half width, half height
    head: int  # radius
    ears: int  # height
    legs: int  # count
    tail: int  # length
    belly: bool
    colours: tuple[tuple[int, int, int, int], ...]  # skin, belly, ears and feet


def creature(seed: int) -> Creature:
    """The creature of a seed, always the same."""
    rng = np.random.default_rng(seed)
    hue = rng.random()
    hues = (hue, hue + 0.06, hue + rng.choice([0.33, 0.5, 0.66]))
    saturation = rng.uniform(0.4, 0.9)
    colours = tuple(
        _rgba(h, saturation * s, v) for h, s, v in zip(hues, (1.0, 0.45, 1.0), (0.85, 0.98, 0.7), strict=True)
    )
    return Creature(
        body=(int(rng.integers(14, 24)), int(rng.integers(12, 20))),
        head=int(rng.integers(9, 15)),
        ears=int(rng.integers(0, 14)),
        legs=int(rng.choice([2, 4])),
        tail=int(rng.integers(0, 20)),
        belly=bool(rng.random() < 0.6),
        colours=colours,
    )


def draw(seed: int, phase: float = 0.0) -> Image.Image:
    """A frame of the creature of `seed`, straight-alpha RGBA; `phase` in [0, 1) is its idle loop."""
    shape = creature(seed)
    image = Image.new("RGBA", (CANVAS, CANVAS), CLEAR)
    pen = ImageDraw.Draw(image)
    skin, belly, accent = shape.colours
    bob = round(3 * np.sin(2 * np.pi * phase))
    half_w, half_h = shape.body
    x, ground = CANVAS // 2, CANVAS - 8
    y = ground - half_h - 6 + bob
    if shape.tail:
        tip = (x + half_w + shape.tail // 2, y - shape.tail)
        pen.line([(x + half_w - 6, y), tip], fill=OUTLINE, width=8)
        pen.line([(x + half_w - 6, y), tip], fill=skin, width=5)
    for i in range(shape.legs):
        at = x + round((i / (shape.legs - 1) * 2 - 1) * (half_w - 5))
        pen.rounded_rectangle((at - 4, y + half_h - 6, at + 4, ground), 3, fill=accent, outline=OUTLINE)
    _disc(pen, x, y, half_w, half_h, skin)
    if shape.belly:
        pen.ellipse((x - half_w // 2, y - half_h // 3, x + half_w // 2, y + half_h - 3), fill=belly)
    head_x, head_y = x - half_w // 2, y - half_h - shape.head // 3 + bob // 2
    if shape.ears:
        for side in (-1, 1):
            base = head_x + side * shape.head // 2
            top = (base + side * 3, head_y - shape.head - shape.ears)
            pen.polygon([(base - 4, head_y - 3), top, (base + 4, head_y - 3)], fill=accent, outline=OUTLINE)
    _disc(pen, head_x, head_y, shape.head, shape.head, skin)
    for side in (-1, 1):
        eye = head_x + side * shape.head // 2
        pen.ellipse((eye - 3, head_y - 4, eye + 2, head_y + 2), fill=(255, 255, 255, 255), outline=OUTLINE)
        pen.rectangle((eye - 1, head_y - 2, eye, head_y), fill=OUTLINE)
    return image


def write_gif(path: Path, seed: int, frames: int = 4) -> None:
    """The creature of `seed` as a looping GIF with a transparent background."""
    path.parent.mkdir(parents=True, exist_ok=True)
    first, *rest = (draw(seed, i / frames) for i in range(frames))
    first.save(path, save_all=True, append_images=rest, duration=80, loop=0, disposal=2)


def write_png(path: Path, seed: int) -> None:
    """The creature of `seed` as a still PNG with a transparent background."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draw(seed).save(path)


def write_folder(folder: Path, count: int, animated: bool = False, frames: int = 4) -> None:
    """`count` creatures (seeds 0, 1, …) named by number from 1: stills as PNG, or GIFs of `frames` frames."""
    for seed in range(count):
        if animated:
            write_gif(folder / f"{seed + 1}.gif", seed, frames)
        else:
            write_png(folder / f"{seed + 1}.png", seed)


def _disc(
    pen: ImageDraw.ImageDraw, x: int, y: int, half_w: int, half_h: int, colour: tuple[int, ...]
) -> None:
    """A filled, outlined ellipse around (x, y)."""
    pen.ellipse((x - half_w, y - half_h, x + half_w, y + half_h), fill=colour, outline=OUTLINE, width=2)


def _rgba(hue: float, saturation: float, value: float) -> tuple[int, int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255), 255
