"""The collectible card: its size, what it shows and what it must not, in both languages."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from bot.creature.entry import entry, temper
from bot.creature.traits import SHOWABLE, TYPES, Traits
from bot.ui.card_picture import Face, Language, draw_card
from bot.ui.card_scene import FRAME
from bot.ui.fonts import Style
from bot.ui.type_symbols import COLOURS, badge, symbol

PLAIN = Traits(("Water", "Dragon"), "Blue", "fish", 1.2, 30.0, (60, 70, 80, 90, 100, 110), 2)


def art(colour: tuple[int, int, int], side: int = 64) -> bytes:
    picture = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    ImageDraw.Draw(picture).ellipse(
        (side // 4, side // 8, side - side // 4, side - side // 8), fill=(*colour, 255)
    )
    data = io.BytesIO()
    picture.save(data, "PNG")
    return data.getvalue()


def face(traits: Traits = PLAIN, language: Language = "en", **other: object) -> Face:
    plain = Face(
        "Quillow",
        traits,
        art((200, 30, 30)),
        entry(traits, 5, language),
        temper(traits, 5, language),
        "Ash",
        7,
    )
    return replace(plain, **other)  # pyright: ignore[reportArgumentType]


def pixels(drawn: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(drawn)) as picture:
        assert (picture.format, picture.mode, picture.size) == ("PNG", "RGBA", (744, 1039))
        return np.asarray(picture)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_card_has_its_size_transparent_corners_and_its_creature(language: Language) -> None:
    drawn = draw_card(face(language=language, rarity="rare"), language)
    card = pixels(drawn)
    assert len(drawn) < 1_000_000
    assert card[0, 0, 3] == card[-1, -1, 3] == 0 and card[20:-20, 20:-20, 3].min() == 255
    middle = card[330, 372, :3].astype(int)
    assert abs(middle - (200, 30, 30)).max() < 12  # the art, in the middle of the window
    frame = card[520, FRAME // 2, :3].astype(int)
    assert frame[2] > frame[0]  # blue types


def test_cards_differ_by_what_they_show() -> None:
    cards = {
        "plain": draw_card(face(), "en"),
        "shiny": draw_card(face(shiny=True), "en"),
        "legendary": draw_card(face(rarity="legendary"), "en"),
        "chinese": draw_card(face(language="zh"), "zh"),
    }
    assert len(set(cards.values())) == len(cards)
    assert draw_card(face(), "en") == cards["plain"]  # and the same card has the same bytes


def test_what_is_not_shown_is_nowhere_on_it() -> None:
    hidden = replace(PLAIN, shown=SHOWABLE - {"types", "stats", "weight", "stage"})
    other = replace(hidden, types=("Fire",), stats=(9,) * 6, weight_kg=999.0, stage=3)
    assert draw_card(face(hidden), "en") == draw_card(face(other), "en")


def test_text_without_end_or_script_or_art_without_a_creature_gives_a_card() -> None:
    words = "Endless words follow one another. " * 60
    owner = "Ꙫ \u202e 🦊 กขค " * 9
    extreme = face(name="W" * 32, owner=owner, entry=words, art=art((0, 0, 0), 1), number=10**12)
    card = pixels(draw_card(extreme, "en")).astype(int)
    edge = card[:, 744 - FRAME + 4 : 744 - 6]  # nothing is written on the frame
    assert edge[..., :3].min() > 20
    pixels(
        draw_card(
            replace(
                extreme, name="", owner="", entry="", temper=None, traits=replace(PLAIN, shown=frozenset())
            ),
            "zh",
        )
    )


# Text.


@pytest.mark.parametrize(
    "text",
    [
        "Those who meet it draw a small, green creature of 0.7\u00a0m.",
        "远远望去，它就像一点灰色，身高约莫1.5米。说到底，它先动脑再动手。",
        "Owned by 小智 and Ash",
    ],
)
def test_lines_are_no_wider_than_they_may_be_and_lose_nothing(text: str) -> None:
    style = Style("text", 24)
    for width in (120, 300, 2000):
        lines = style.wrapped(text, width)
        assert all(style.width(line) <= width for line in lines)
        assert "".join("".join(lines).split(" ")) == "".join(text.split(" "))
        assert not any(line[0] in "，。、,.:" for line in lines)
        assert all("0.7" not in line or "0.7\u00a0m" in line for line in lines)
    assert len(style.wrapped(text, 120)) > len(style.wrapped(text, 300)) >= 1
    assert style.wrapped("", 100) == []


def test_text_is_made_smaller_then_cut() -> None:
    style = Style("title", 40, 600)
    assert style.fitted("Ash", 500, 20) == (style, "Ash")
    smaller, text = style.fitted("Chamormarosaur", 250, 20)
    assert text == "Chamormarosaur" and 20 <= smaller.size < 40 and smaller.width(text) <= 250
    smallest, cut = style.fitted("Chamormarosaur" * 5, 250, 20)
    assert smallest.size == 20 and cut.endswith("…") and smallest.width(cut) <= 250


def test_each_script_is_drawn_with_a_font_that_has_it() -> None:
    runs = Style("title", 30, 600).runs("Ash 小智 \U0010ffff")
    assert [text for _, text, _ in runs] == ["Ash ", "小智", " ·"]
    families = [font.getname()[0] for font, _, _ in runs]
    assert families[0] != families[1] and families[0] == families[2]
    assert runs[0][2] == 0  # its own bold; the Chinese font's is a stroke at larger sizes
    assert Style("title", 72, 600).runs("小")[0][2] > 0


# Symbols.


def test_every_type_has_a_symbol_of_its_own() -> None:
    assert set(COLOURS) == set(TYPES) and len(set(COLOURS.values())) == len(TYPES)
    drawn = {kind: np.asarray(symbol(kind, 48)).astype(int) for kind in TYPES}
    for kind, mask in drawn.items():
        assert 0.08 < (mask > 128).mean() < 0.75, kind
        assert mask[[0, -1]].max() < 128 and mask[:, [0, -1]].max() < 128, kind  # nothing is cut off
        others = [abs(mask - other).mean() for name, other in drawn.items() if name != kind]
        assert min(others) > 18, kind


def test_white_is_seen_on_each_colour() -> None:
    for kind, (red, green, blue) in COLOURS.items():
        brightness = (0.299 * red + 0.587 * green + 0.114 * blue) / 255
        assert brightness < 0.75, kind
        corner, middle = badge(kind, 40).getpixel((0, 0)), badge(kind, 40).getpixel((20, 3))
        assert isinstance(corner, tuple) and corner[3] == 0
        assert isinstance(middle, tuple) and middle[:3] == COLOURS[kind]
