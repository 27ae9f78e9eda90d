"""Sheets of creatures: everybody in their place, with words that fit, whatever they are called."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from bot.engine import Picture
from bot.ui.captions import Caption, child_caption, name_caption
from bot.ui.fonts import Style
from bot.ui.sheets import AMBER, GAP, INK, LINE, SMALL_TILE, TILE, VIOLET, Tile, parents_sheet, sheet
from tests.bot.ui.squares import BLUE, RED, opened, sprite

NAMES = ["Fizz", "W" * 32, "小火龙王子殿下" * 4, "ポケット", "Ünïcödé-Fürst von Ulm", "علي", "a"]
PHONE = 326  # pixels of a picture in a message of the sandbox's page on a phone of 390


def count(image: Image.Image, colour: tuple[int, int, int]) -> int:
    """Pixels of exactly this colour."""
    return int((np.asarray(image.convert("RGBA")) == (*colour, 255)).all(axis=2).sum())


def has_ink(image: Image.Image, box: tuple[int, int, int, int]) -> bool:
    return count(image.crop(box), INK) > 0


def test_everybody_is_in_their_place_and_nobody_elsewhere() -> None:
    tiles = [Tile(BLUE if i == 4 else RED, name_caption(str(i))) for i in range(5)]
    shown = opened(sheet(tiles, 3))
    height = TILE + LINE + 14
    assert shown.size == (3 * TILE + 2 * GAP, 2 * height + GAP)
    middles = [
        shown.getpixel((TILE // 2 + column * (TILE + GAP), TILE // 2 + row * (height + GAP)))
        for row in range(2)
        for column in range(3)
    ]
    assert middles[:5] == [(255, 0, 0, 255)] * 4 + [(0, 0, 255, 255)]
    assert middles[5] == (0, 0, 0, 0)


def test_a_child_has_100_pixels_on_a_phone_and_its_words_are_legible() -> None:
    width = opened(sheet([Tile(RED, name_caption("Fizz"))] * 3, 3)).width
    assert TILE * PHONE / width >= 100
    caption = child_caption(["features"], 100, "Fizz", "Moltigo")
    style, lines = caption.fitted(Style("title", 27, 500), TILE - 66, 2, 20)
    assert lines == ["Fizz with", "Moltigo's features"]
    assert style.size * PHONE / width >= 9.5


@pytest.mark.parametrize("side", [TILE, SMALL_TILE])
@pytest.mark.parametrize("lines", [1, 2])
@pytest.mark.parametrize("name", NAMES)
def test_no_name_leaves_its_tile(name: str, lines: int, side: int) -> None:
    nobody = Picture(np.zeros((64, 64, 4), np.uint8))
    caption = Caption("{a} with {b}'s features", {"a": name, "b": name}) if lines == 2 else name_caption(name)
    tile = Tile(nobody, caption, 3, favourite=True, shiny=True)
    shown = opened(sheet([tile, Tile(nobody, name_caption(" "))], 2, lines=lines, side=side))
    assert shown.size == (2 * side + GAP, side + lines * LINE + 14)
    assert has_ink(shown, (0, side, side, shown.height))
    assert not has_ink(shown, (0, 0, shown.width, side))
    assert not has_ink(shown, (side - 4, 0, shown.width, shown.height))
    assert not has_ink(shown, (0, shown.height - 5, shown.width, shown.height))


@pytest.mark.parametrize("name", NAMES)
def test_parents_stand_side_by_side_and_keep_to_their_halves(name: str) -> None:
    a, b = Tile(RED, name_caption(name)), Tile(BLUE, name_caption(name), favourite=True, shiny=True)
    shown = opened(parents_sheet(a, b, 3))
    left = shown.crop((0, 0, shown.width // 2, shown.height))
    right = shown.crop((shown.width // 2, 0, shown.width, shown.height))
    assert count(left, (255, 0, 0)) and not count(right, (255, 0, 0))
    assert count(right, (0, 0, 255)) and not count(left, (0, 0, 255))
    for half in (left, right):
        assert has_ink(half, (0, 0, *half.size))
        assert not has_ink(half, (half.width - 4, 0, *half.size))
    assert not count(left, AMBER) and count(right, AMBER) > 100


def test_badges_stand_beside_the_name_and_not_on_the_art() -> None:
    def badged(favourite: bool, shiny: bool) -> Image.Image:
        return opened(sheet([Tile(BLUE, name_caption("Foo"), None, favourite, shiny)], 1))

    below = (0, TILE, TILE, TILE + LINE + 14)
    plain, starred, shiny = badged(False, False), badged(True, False), badged(False, True)
    assert count(plain, AMBER) == count(plain, VIOLET) == 0
    assert count(starred.crop(below), AMBER) == count(starred, AMBER) > 100
    assert count(shiny.crop(below), VIOLET) == count(shiny, VIOLET) > 60
    assert count(badged(True, True), AMBER) == count(starred, AMBER)
    for one in (starred, shiny):
        assert one.crop((0, 0, TILE, TILE)).tobytes() == plain.crop((0, 0, TILE, TILE)).tobytes()


def test_line_art_is_shown_as_it_is_and_pixel_art_by_a_whole_factor() -> None:
    green = sprite((10, 200, 30, 255), 256, pixel_art=False)
    assert count(opened(sheet([Tile(green, name_caption(" "))], 1)), (10, 200, 30)) == 128 * 128
    assert count(opened(sheet([Tile(BLUE, name_caption(" "))], 1)), (0, 0, 255)) == (32 * 4) ** 2
