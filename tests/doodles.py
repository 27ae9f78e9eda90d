"""Pictures as people might upload them, drawn here: a creature on paper, and what is none."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
INK: Colour = (45, 40, 60)
PAPER: Colour = (250, 248, 240)


def doodle(side: int = 400, body: Colour = (90, 170, 230), paper: Colour | None = PAPER) -> Image.Image:
    """A round creature with ears, a belly, feet and a face; on transparent ground where there is no paper."""
    image = Image.new("RGBA", (side, side), (0, 0, 0, 0) if paper is None else (*paper, 255))
    pen, unit = ImageDraw.Draw(image), side / 100
    line = max(1, round(2 * unit))

    def oval(
        x: float, y: float, width: float, height: float, fill: Colour, outline: Colour | None = INK
    ) -> None:
        box = [(x - width) * unit, (y - height) * unit, (x + width) * unit, (y + height) * unit]
        pen.ellipse(box, fill=fill, outline=outline, width=line if outline else 0)

    for x in (35, 65):
        ear = [(x - 8, 30), (x + (5 if x > 50 else -5), 10), (x + 8, 28)]
        pen.polygon([(a * unit, b * unit) for a, b in ear], fill=body, outline=INK, width=line)
        oval(x, 84, 9, 6, body)
    oval(50, 58, 28, 30, body)
    oval(50, 68, 16, 17, (250, 235, 200), None)
    for x in (41, 59):
        oval(x, 46, 4, 5, (255, 255, 255))
        oval(x, 47, 2, 3, INK, None)
    pen.arc([44 * unit, 50 * unit, 56 * unit, 60 * unit], 20, 160, fill=INK, width=line)
    return image


def photograph(seed: int = 0, side: int = 400) -> Image.Image:
    """The doodle under a lamp, taken with a small camera: uneven light, noise, and specks on the paper."""
    random = np.random.default_rng(seed)
    pixels = np.asarray(doodle(side).convert("RGB")).astype(np.float32)
    y, x = np.mgrid[0 : 1 : side * 1j, 0 : 1 : side * 1j]
    pixels *= (0.55 + 0.45 * np.exp(-((x - 0.2) ** 2 + (y - 0.1) ** 2)))[..., None]
    pixels += random.normal(0, 4, pixels.shape)
    image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(image)
    for at in ((0.05, 0.93), (0.95, 0.08)):
        pen.ellipse([at[0] * side, at[1] * side, at[0] * side + 4, at[1] * side + 4], fill=(60, 60, 60))
    return image


def landscape(side: int = 200) -> Image.Image:
    """A photograph of nothing: colours up to every edge."""
    random = np.random.default_rng(1)
    small = Image.fromarray(random.integers(0, 255, (6, 6, 3), dtype=np.uint8))
    return small.resize((side, side), Image.Resampling.BICUBIC)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """The bytes of a file of this kind."""
    buffer = io.BytesIO()
    image = image.convert("RGB") if kind == "JPEG" else image
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def moving(kind: str = "GIF") -> bytes:
    """It changes its colour."""
    frames = [doodle(96, body) for body in ((90, 170, 230), (230, 120, 90))]
    return encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)


def png_of_size(width: int, height: int) -> bytes:
    """A PNG that promises this many pixels and holds none."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
