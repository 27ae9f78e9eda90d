"""A line of evolution as one picture: forms drawn to the scale that was read, with arrows between them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from bot.engine import Picture
from bot.ui.fonts import Style

SIDE, GAP, ARROW = 256, 16, 56  # pixels: of a form's square, around everything, and from a form to the next
PADDING = 14  # in a square
NAME, SIZE = Style("title", 34, 600), Style("text", 25, 600)
NAME_LEAST, SIZE_LEAST = 20, 18  # pixels: smaller letters than these cannot be read on a phone
NAME_LINE, SIZE_LINE = 46, 34
SMALLEST = 0.4  # of the tallest: a form is never drawn smaller

PAPER, TILE = (244, 245, 248), (255, 255, 255)
INK, PALE, ACCENT = (48, 51, 61), (116, 121, 135), (88, 101, 242)


@dataclass(frozen=True)
class LineForm:
    """One form: what it looks like and is called, how large it is, and whether it is the one in question."""

    picture: Picture
    name: str
    height_m: float
    size: str  # what stands below the name
    asked: bool = False


def draw_line(forms: Sequence[LineForm]) -> bytes:
    """PNG of the forms, the earliest on the left. Blocking: call in a thread."""
    step = SIDE + ARROW
    width = 2 * GAP + len(forms) * step - ARROW
    height = 2 * GAP + SIDE + GAP + NAME_LINE + SIZE_LINE
    sheet = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(sheet)
    for i, (form, body) in enumerate(zip(forms, _to_scale(forms), strict=True)):
        left = GAP + i * step
        _place(sheet, draw, form, body, left)
        if i:
            _arrow(draw, left - ARROW / 2, GAP + SIDE / 2)
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG", compress_level=6)
    return buffer.getvalue()


def _to_scale(forms: Sequence[LineForm]) -> list[Image.Image]:
    """The bodies without the space around them, each as high as was read of it, as large as all fit."""
    bodies = [Image.fromarray(form.picture.pixels) for form in forms]
    bodies = [body.crop(body.getbbox()) for body in bodies]
    tallest = max(form.height_m for form in forms)
    heights = [max(form.height_m / tallest, SMALLEST) for form in forms]
    room = SIDE - 2 * PADDING
    unit = min(room / h / max(1.0, b.width / b.height) for h, b in zip(heights, bodies, strict=True))
    return [_resized(form, b, unit * h) for form, h, b in zip(forms, heights, bodies, strict=True)]


def _resized(form: LineForm, body: Image.Image, height: float) -> Image.Image:
    width = max(round(body.width * height / body.height), 1)
    smooth = Image.Resampling.NEAREST if form.picture.pixel_art else Image.Resampling.LANCZOS
    return body.resize((width, max(round(height), 1)), smooth)


def _place(
    sheet: Image.Image, draw: ImageDraw.ImageDraw, form: LineForm, body: Image.Image, left: int
) -> None:
    """One form in its square, standing on the ground that all share, with its name and size below."""
    frame = (left, GAP, left + SIDE - 1, GAP + SIDE - 1)
    outline = ACCENT if form.asked else None
    draw.rounded_rectangle(frame, radius=16, fill=TILE, outline=outline, width=4 if form.asked else 0)
    corner = (left + (SIDE - body.width) // 2, GAP + SIDE - PADDING - body.height)
    sheet.paste(body, corner, body)
    middle, below = left + SIDE / 2, GAP + SIDE + GAP
    style, name = NAME.fitted(form.name, SIDE, NAME_LEAST)
    style.draw(draw, (middle, below + 0.7 * NAME_LINE), name, ACCENT if form.asked else INK, "m")
    style, size = SIZE.fitted(form.size, SIDE, SIZE_LEAST)
    style.draw(draw, (middle, below + NAME_LINE + 0.7 * SIZE_LINE), size, PALE, "m")


def _arrow(draw: ImageDraw.ImageDraw, x: float, y: float) -> None:
    """To the right, its middle at (x, y)."""
    tip, tail, thick, head = x + 18, x - 18, 3.5, 11
    draw.rectangle((tail, y - thick, x + 6, y + thick), fill=PALE)
    draw.polygon([(x + 2, y - head), (tip, y), (x + 2, y + head)], fill=PALE)
