"""A picture that somebody brought, small, and the creature that it became. Blocking: call in a thread."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw

from bot.engine import Picture
from bot.ui.fonts import Style
from bot.ui.pictures import enlarge

WIDTH, HEIGHT = 640, 400
GAP = 20
SMALL, LARGE = 170, 360  # pixels of the two tiles
PAPER, TILE, INK, ARROW = (244, 245, 248), (255, 255, 255), (48, 51, 61), (140, 146, 160)
LABEL = Style("text", 22, 600)


def before_and_after(original: bytes, picture: Picture, label: str) -> bytes:
    """One PNG: the original (PNG, RGBA) small, an arrow, the creature. `label` stands under the former."""
    sheet = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    pen = ImageDraw.Draw(sheet)
    middle = HEIGHT // 2
    _tile(sheet, Image.open(io.BytesIO(original)), (GAP, middle - SMALL // 2), SMALL)
    after = Image.open(io.BytesIO(enlarge(picture, LARGE)))
    _tile(sheet, after, (WIDTH - GAP - LARGE, middle - LARGE // 2), LARGE)
    left, right = 2 * GAP + SMALL - 8, WIDTH - 2 * GAP - LARGE + 8
    pen.line([(left, middle), (right - 8, middle)], ARROW, 6)
    pen.polygon([(right - 14, middle - 14), (right - 14, middle + 14), (right + 2, middle)], ARROW)
    style, text = LABEL.fitted(label, SMALL, 14)
    style.draw(pen, (GAP + SMALL / 2, middle + SMALL // 2 + 30), text, INK, "m")
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


def _tile(sheet: Image.Image, picture: Image.Image, corner: tuple[int, int], side: int) -> None:
    x, y = corner
    ImageDraw.Draw(sheet).rounded_rectangle((x, y, x + side - 1, y + side - 1), radius=14, fill=TILE)
    fitted = picture.convert("RGBa").resize((side, side), Image.Resampling.LANCZOS).convert("RGBA")
    sheet.paste(fitted, corner, fitted)
