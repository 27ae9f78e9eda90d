"""The collectible card of a creature as a picture. Blocking: call in a thread."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import Literal

from PIL import Image, ImageDraw, ImageFilter

from bot.creature.entry import LANGUAGES
from bot.creature.facts import height_text, weight_text
from bot.creature.traits import STATS, Traits
from bot.ui.card_scene import (
    FINER,
    FRAME,
    Box,
    box_of,
    darker,
    gradient,
    lighter,
    mix,
    pattern,
    point,
    rainbow,
    rounded,
    scaled,
    scene,
    sparkled,
    stand,
)
from bot.ui.fonts import Style
from bot.ui.type_symbols import COLOURS, Colour, badge, symbol

SIZE = (744, 1039)  # pixels: 63 × 88 mm at 300 a inch
CORNER = 36
INNER = 22  # corner of what lies within the frame

INK = (40, 40, 52)
SOFT = (104, 104, 120)
PAPER = (253, 252, 249)
GOLD = (255, 205, 84)

Language = Literal["en", "zh"]
_LABELS = {
    "en": dict(zip(STATS, ("HP", "Attack", "Defence", "Sp. Atk", "Sp. Def", "Speed"), strict=True)),
    "zh": dict(zip(STATS, ("生命", "攻击", "防御", "特攻", "特防", "速度"), strict=True)),
}
_TIERS = {
    "en": {
        "common": "Common",
        "uncommon": "Uncommon",
        "rare": "Rare",
        "epic": "Epic",
        "legendary": "Legendary",
    },
    "zh": {"common": "常见", "uncommon": "少见", "rare": "稀有", "epic": "罕见", "legendary": "传说"},
}
_GEMS = {"common": 1, "uncommon": 2, "rare": 3, "epic": 4, "legendary": 5}
_NOTICE = {"en": "newmon · unofficial fan work · generated", "zh": "newmon · 非官方同人作品 · 由网络生成"}
_OWNER = {"en": "Owned by {}", "zh": "主人：{}"}
BEST_STAT = 150  # a bar that is full; few stats are above


@dataclass(frozen=True, slots=True)
class Face:
    """All that a card shows."""

    name: str
    traits: Traits
    art: bytes  # PNG with transparency
    entry: str
    temper: str | None
    owner: str
    number: int | None  # in the owner's collection; None for one that nobody saved
    rarity: str | None = None  # a tier's name
    shiny: bool = False


def draw_card(face: Face, language: Language) -> bytes:
    """The card as a PNG of SIZE with transparent corners."""
    card = _Card(face, language)
    return card.png()


class _Card:
    """A card being drawn, FINER times as large. Lengths are in pixels of the card that is handed out."""

    def __init__(self, face: Face, language: Language) -> None:
        self.face = face
        self.language: Language = language
        kinds = face.traits.types if face.traits.shows("types") else ("Normal",)
        self.main, self.second = COLOURS[kinds[0]], COLOURS[kinds[-1]]
        self.kinds = kinds if face.traits.shows("types") else ()
        self.floor = 574 if face.traits.shows("stats") else 710  # the lower edge of the window
        self.picture = Image.new("RGBA", point(*SIZE), (0, 0, 0, 0))

    def png(self) -> bytes:
        """Draw all of it."""
        self._frame()
        self._panel()
        self._head()
        self._window()
        self._measures()
        self._text()
        self._stats()
        self._foot()
        small = self.picture.reduce(FINER)
        small.putalpha(rounded(SIZE, (0, 0, *SIZE), CORNER))
        data = io.BytesIO()
        small.save(data, "PNG", compress_level=4)
        return data.getvalue()

    # The ground.

    def _frame(self) -> None:
        size = self.picture.size
        ground = gradient(size, lighter(self.main, 0.18), darker(self.second, 0.18))
        if self.face.shiny:
            ground = Image.blend(ground, rainbow(size), 0.55)
        if self.kinds:
            ground.paste(Image.new("RGB", size, (255, 255, 255)), (0, 0), pattern(size, self.kinds))
        self.picture.paste(ground, (0, 0))

    def _panel(self) -> None:
        box = (FRAME, FRAME, SIZE[0] - FRAME, SIZE[1] - FRAME)
        self._drop_shadow(box, INNER, 7, 90)
        self._fill(box, INNER, mix(PAPER, self.main, 0.05))
        self._edge(box, INNER, 3, GOLD if self.face.rarity == "legendary" else (255, 255, 255))

    # What stands on it.

    def _head(self) -> None:
        right = SIZE[0] - FRAME - 22
        for kind in reversed(self.kinds):
            drawn = badge(kind, scaled(54))
            self.picture.alpha_composite(drawn, point(right - 54, FRAME + 18))
            right -= 60
        if self.face.shiny:
            self._star(right - 22, FRAME + 45, 20)
            right -= 50
        left = FRAME + 26
        style, name = Style("title", scaled(54), 600).fitted(
            self.face.name, scaled(right - left - 6), scaled(26)
        )
        style.draw(self._pen(), point(left, FRAME + 63), name, INK)

    def _window(self) -> None:
        box = (FRAME + 20, FRAME + 88, SIZE[0] - FRAME - 20, self.floor)
        self._drop_shadow(box, 18, 5, 60)
        size = point(box[2] - box[0], box[3] - box[1])
        view = scene(size, self.main, self.second)
        if self.kinds:
            mark = symbol(self.kinds[0], scaled(330))
            place = ((size[0] - mark.width) // 2, (size[1] - mark.height) // 2 - scaled(20))
            view.paste((255, 255, 255), place, mark.point([value * 34 // 255 for value in range(256)]))
        if self.face.shiny:
            view = sparkled(view)
        stand(view, self.face.art)
        self.picture.paste(view, point(*box[:2]), rounded(size, (0, 0, *size), scaled(18)))
        self._edge(box, 18, 4, darker(self.main, 0.12))

    def _measures(self) -> None:
        """What was read in a few words, on a strip over the lower edge of the window."""
        traits, words = self.face.traits, LANGUAGES[self.language]
        known = [
            *([" / ".join(words.types[kind] for kind in self.kinds)] if self.kinds else []),
            *([words.metres.format(height_text(traits.height_m))] if traits.shows("height") else []),
            *([words.kilograms.format(weight_text(traits.weight_kg))] if traits.shows("weight") else []),
        ]
        if not known:
            return
        style = Style("title", scaled(22), 500)
        gap = scaled(44)
        wide = sum(style.width(text) for text in known) + gap * (len(known) - 1)
        middle = self.picture.width / 2
        half = wide / 2 / FINER + 26
        box = (SIZE[0] / 2 - half, self.floor - 19, SIZE[0] / 2 + half, self.floor + 19)
        self._drop_shadow(box, 19, 3, 60)
        self._fill(box, 19, darker(self.main, 0.12))
        x = middle - wide / 2
        for i, text in enumerate(known):
            style.draw(self._pen(), (x, scaled(self.floor + 7.5)), text, (255, 255, 255))
            x += style.width(text)
            if i < len(known) - 1:
                dot = (x + gap / 2, scaled(self.floor))
                self._pen().ellipse(
                    (dot[0] - scaled(3), dot[1] - scaled(3), dot[0] + scaled(3), dot[1] + scaled(3)),
                    fill=(255, 255, 255),
                )
            x += gap

    def _text(self) -> None:
        left, right = FRAME + 34, SIZE[0] - FRAME - 34
        y = self.floor + 56.0
        if self.face.temper:
            style, text = Style("title", scaled(25), 500).fitted(
                self.face.temper, scaled(right - left), scaled(17)
            )
            style.draw(self._pen(), (self.picture.width / 2, scaled(y)), text, darker(self.main, 0.22), "m")
            y += 14
        room = (780 if self.face.traits.shows("stats") else 925) - y
        size = 27
        while True:
            style = Style("text", scaled(size), 500)
            lines = style.wrapped(self.face.entry, scaled(right - left))
            if len(lines) * size * 1.34 <= room or size <= 14:
                break
            size -= 1
        for line in lines[: max(1, math.floor(room / (size * 1.34)))]:
            y += size * 1.34
            style.draw(self._pen(), point(left, y), line, INK)

    def _stats(self) -> None:
        traits = self.face.traits
        if not traits.shows("stats"):
            return
        left, right, top = FRAME + 34, SIZE[0] - FRAME - 34, 805
        wide = (right - left - 36) / 2
        label, number = Style("title", scaled(20), 500), Style("title", scaled(21), 600)
        for i, (stat, value) in enumerate(zip(STATS, traits.stats, strict=True)):
            x = left + (i // 3) * (wide + 36)
            y = top + (i % 3) * 41
            label.draw(self._pen(), point(x, y + 22), _LABELS[self.language][stat], SOFT)
            number.draw(self._pen(), point(x + 132, y + 22), str(value), INK, "r")
            track = (x + 144, y + 8, x + wide, y + 23)
            self._fill(track, 7.5, mix(PAPER, self.main, 0.18))
            full = max(15.0, (track[2] - track[0]) * min(1.0, value / BEST_STAT))
            size = point(track[2] - track[0], 15)
            bar = gradient(size, lighter(self.main, 0.10), self.second, 0.0)
            mask = rounded(size, (0, 0, scaled(full), size[1]), scaled(7.5))
            self.picture.paste(bar, point(*track[:2]), mask)

    def _foot(self) -> None:
        left, right, y = FRAME + 34, SIZE[0] - FRAME - 34, 966
        pen = self._pen()
        pen.line([point(left, 938), point(right, 938)], fill=mix(PAPER, self.main, 0.30), width=scaled(2))
        number = "" if self.face.number is None else f"No. {self.face.number:03d}"
        style = Style("title", scaled(22), 600)
        style.draw(pen, point(right, y), number, INK, "r")
        room = right - left - style.width(number) / FINER - 20
        if self.face.rarity:
            self._gems(left, y - 8, _GEMS[self.face.rarity])
            text = _TIERS[self.language][self.face.rarity]
            Style("title", scaled(19), 500).draw(pen, point(left + 130, y - 1), text, SOFT)
            room -= 130 + Style("title", scaled(19), 500).width(text) / FINER + 24
        fitted, owner = Style("title", scaled(20), 500).fitted(
            _OWNER[self.language].format(self.face.owner), scaled(room), scaled(14)
        )
        fitted.draw(pen, point(right - style.width(number) / FINER - 20, y), owner, SOFT, "r")
        Style("text", scaled(14), 500).draw(
            pen, (self.picture.width / 2, scaled(996)), _NOTICE[self.language], SOFT, "m"
        )

    # Tools.

    def _pen(self) -> ImageDraw.ImageDraw:
        return ImageDraw.Draw(self.picture)

    def _fill(self, box: Box, corner: float, colour: Colour) -> None:
        self._pen().rounded_rectangle(box_of(box), scaled(corner), fill=colour)

    def _edge(self, box: Box, corner: float, width: float, colour: Colour) -> None:
        self._pen().rounded_rectangle(box_of(box), scaled(corner), outline=colour, width=scaled(width))

    def _drop_shadow(self, box: Box, corner: float, blur: float, alpha: int) -> None:
        """Drawn at the card's own size: nobody sees how coarse a soft shadow is."""
        margin = math.ceil(blur * 3)
        left, top = math.floor(box[0]) - margin, math.floor(box[1]) - margin
        size = (math.ceil(box[2]) + margin - left, math.ceil(box[3]) + margin - top)
        inside = (margin, margin + blur / 2, size[0] - margin, size[1] - margin + blur / 2)
        mask = Image.new("L", size, 0)
        ImageDraw.Draw(mask).rounded_rectangle(inside, corner, fill=alpha)
        mask = mask.filter(ImageFilter.GaussianBlur(blur)).resize(point(*size), Image.Resampling.BILINEAR)
        self.picture.paste((20, 20, 34), point(left, top), mask)

    def _star(self, x: float, y: float, radius: float) -> None:
        points = [
            (x + r * math.sin(math.pi * i / 5), y - r * math.cos(math.pi * i / 5))
            for i in range(10)
            for r in [(radius, radius * 0.45)[i % 2]]
        ]
        self._pen().polygon(
            [point(*corner) for corner in points], fill=GOLD, outline=darker(GOLD, 0.25), width=scaled(2)
        )

    def _gems(self, x: float, y: float, count: int) -> None:
        for i in range(5):
            middle = x + 12 + i * 24
            shape = [(middle, y - 11), (middle + 9, y), (middle, y + 11), (middle - 9, y)]
            lit = GOLD if count == 5 else darker(self.main, 0.05)
            self._pen().polygon(
                [point(*corner) for corner in shape], fill=lit if i < count else mix(PAPER, SOFT, 0.22)
            )
