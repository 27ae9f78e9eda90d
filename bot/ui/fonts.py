"""Text of both scripts on pictures: fonts that come as packages, and what is drawn with which of them.

Fredoka for titles and Nunito for text draw Latin letters; Noto Sans SC draws Chinese and what else those do
not have. All three are under the SIL Open Font License.
"""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass
from importlib import resources
from typing import Literal

from PIL import Image, ImageDraw, ImageFont

Face = Literal["title", "text"]
Ink = tuple[int, int, int] | tuple[int, int, int, int]

# Package, file, and for variable fonts the axes by weight.
_FILES = {
    "title": ("fontpkg_fredoka", "files/Fredoka[wdth,wght].ttf"),
    "text": ("fontpkg_nunito", "files/Nunito[wght].ttf"),
    "chinese": ("pylopdf_fonts_zh_cn", "NotoSansSC-Regular.otf"),
}
NO_BREAK = "\u00a0"
MISSING = "\U0010fffd"  # what no font has
UNKNOWN = "·"  # in place of what no font has


@functools.cache
def _font(name: str, size: int, weight: int) -> ImageFont.FreeTypeFont:
    package, file = _FILES[name]
    with resources.as_file(resources.files(package) / file) as path:
        font = ImageFont.truetype(str(path), size)
    if name == "title":
        font.set_variation_by_axes([weight, 100])  # and the width
    elif name == "text":
        font.set_variation_by_axes([weight])
    return font


@functools.lru_cache(maxsize=20_000)
def _has(name: str, character: str) -> bool:
    """Whether a font has a character: whether it draws it other than one that no font has."""
    font = _font(name, 24, 400)
    return character.isspace() or _drawn(font, character) != _drawn(font, MISSING)


def _drawn(font: ImageFont.FreeTypeFont, character: str) -> bytes:
    image = Image.new("L", (48, 48))
    ImageDraw.Draw(image).text((8, 8), character, font=font, fill=255)
    return image.tobytes()


@dataclass(frozen=True, slots=True)
class Style:
    """How text looks."""

    face: Face
    size: int  # pixels
    weight: int = 400  # 300 to 700

    def runs(self, text: str) -> list[tuple[ImageFont.FreeTypeFont, str, int]]:
        """(font, text, width of the stroke that makes it bold) of each stretch that one font can draw."""
        known = [(self._name(c), c) for c in text]
        known = [(name or self.face, c if name else UNKNOWN) for name, c in known]
        found: list[tuple[ImageFont.FreeTypeFont, str, int]] = []
        for name, group in itertools.groupby(known, key=lambda pair: pair[0]):
            stretch = "".join(c for _, c in group)
            # The Chinese font has one weight.
            stroke = self.size // 36 if name == "chinese" and self.weight >= 600 else 0
            size = round(self.size * 0.94) if name == "chinese" else self.size
            found.append((_font(name, size, self.weight), stretch, stroke))
        return found

    def width(self, text: str) -> float:
        """How wide a line is, in pixels."""
        return sum(font.getlength(stretch) + stroke for font, stretch, stroke in self.runs(text))

    def draw(
        self, canvas: ImageDraw.ImageDraw, at: tuple[float, float], text: str, ink: Ink, anchor: str = "l"
    ) -> None:
        """Draw a line with its baseline at `at`; `anchor` is l, m or r: what of it stands there."""
        x, y = at
        x -= {"l": 0.0, "m": 0.5, "r": 1.0}[anchor] * self.width(text)
        for font, stretch, stroke in self.runs(text):
            canvas.text(
                (x, y), stretch, font=font, fill=ink, anchor="ls", stroke_width=stroke, stroke_fill=ink
            )
            x += font.getlength(stretch) + stroke

    def fitted(self, text: str, width: float, smallest: int) -> tuple[Style, str]:
        """This style, smaller if the text needs it, and the text, cut if it is too wide at `smallest`."""
        style = self
        while style.width(text) > width and style.size > smallest:
            style = Style(self.face, style.size - 1, self.weight)
        if style.width(text) <= width:
            return style, text
        while text and style.width(text + "…") > width:
            text = text[:-1]
        return style, text.rstrip() + "…"

    def wrapped(self, text: str, width: float) -> list[str]:
        """Lines no wider than `width`: broken at spaces, and in Chinese anywhere but before closing marks."""
        lines, line = [], ""
        for piece in _pieces(text):
            if line and self.width((line + piece).rstrip()) > width:
                lines.append(line.rstrip())
                line = ""
            line += piece if line else piece.lstrip()
        return [*lines, line.rstrip()] if line.strip() else lines

    def _name(self, character: str) -> str | None:
        return next((name for name in (self.face, "chinese") if _has(name, character)), None)


def _pieces(text: str) -> list[str]:
    """What may not be broken: words with the space, and Chinese characters with the mark, behind them."""
    pieces: list[str] = []
    for c in text:
        glued = pieces and (
            c in "，。：；、！？）》”,.;:!?) " or (_is_narrow(c) and _is_narrow(pieces[-1][-1]))
        )
        if glued:
            pieces[-1] += c
        else:
            pieces.append(c)
    return pieces


def _is_narrow(character: str) -> bool:
    return ord(character) < 0x2E80 and (character == NO_BREAK or not character.isspace())
