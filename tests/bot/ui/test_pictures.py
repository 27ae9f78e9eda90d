"""Pictures for messages: crisp, whole, and legible whatever the names."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from bot.engine import Picture
from bot.ui.pictures import (
    CARD_SIDE,
    CHILD_SIDE,
    GAP,
    LABEL_HEIGHT,
    PARENT_SIDE,
    STAR,
    Portrait,
    enlarge,
    grid_sheet,
    mean_colour,
    mix_sheet,
    portrait,
)


def sprite(colour: tuple[int, int, int, int], side: int = 64, pixel_art: bool = True) -> Picture:
    """A square of one colour on a transparent ground."""
    pixels = np.zeros((side, side, 4), np.uint8)
    pixels[side // 4 : -side // 4, side // 4 : -side // 4] = colour
    return Picture(pixels, pixel_art)


RED, BLUE = sprite((255, 0, 0, 255)), sprite((0, 0, 255, 255))


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png))


@pytest.mark.parametrize(("side", "factor"), [(64, 8), (16, 32), (100, 5)])
def test_a_sprite_is_enlarged_by_a_whole_factor_without_new_colours(side: int, factor: int) -> None:
    image = opened(enlarge(sprite((10, 200, 30, 255), side)))
    assert image.size == (side * factor, side * factor)
    assert max(image.size) <= max(CARD_SIDE, side)
    colours = image.getcolors()
    assert colours is not None
    assert sorted(colour for _, colour in colours) == [(0, 0, 0, 0), (10, 200, 30, 255)]


@pytest.mark.parametrize("side", [64, 256, 512])
def test_line_art_is_enlarged_smoothly_and_keeps_its_colour_to_the_edge(side: int) -> None:
    pixels = np.asarray(opened(enlarge(sprite((10, 200, 30, 255), side))))
    assert pixels.shape == (CARD_SIDE, CARD_SIDE, 4)
    visible = pixels[pixels[..., 3] > 64][:, :3].astype(int)
    assert np.abs(visible - (10, 200, 30)).max() <= 4  # rounding, and nothing of the transparent black
    small = opened(grid_sheet([Portrait(sprite((10, 200, 30, 255), side, False))], 1, 128))
    assert small.size == (128 + 2 * GAP, 128 + 2 * GAP)
    assert small.getpixel((GAP + 64, GAP + 64)) == (10, 200, 30, 255)


@pytest.mark.parametrize("pixel_art", [True, False])
def test_a_picture_keeps_every_pixel_and_is_encoded_once(pixel_art: bool) -> None:
    noise = np.random.default_rng(0).integers(1, 256, (CARD_SIDE, CARD_SIDE, 4), np.uint8)
    picture = Picture(noise, pixel_art)
    png, colour = portrait(picture)
    assert colour == mean_colour(picture)
    if pixel_art:
        assert np.array_equal(np.asarray(opened(png)), noise)
    assert portrait(picture)[0] is png
    assert portrait(Picture(255 - noise, pixel_art))[0] != png


def test_the_accent_colour_ignores_what_is_transparent() -> None:
    assert mean_colour(RED) == 0xFF0000
    assert mean_colour(sprite((0, 0, 0, 0))) == 0


def test_a_mix_shows_both_parents_and_every_child_in_its_place() -> None:
    children = [Portrait(RED if i % 2 else BLUE, f"child {i}") for i in range(6)]
    sheet = opened(mix_sheet(Portrait(RED, "A"), Portrait(BLUE, "B"), children))
    middle = sheet.height // 2
    assert sheet.getpixel((PARENT_SIDE // 2, middle)) == (255, 0, 0, 255)
    assert sheet.getpixel((sheet.width - PARENT_SIDE // 2, middle)) == (0, 0, 255, 255)
    pixels = np.asarray(sheet)
    blues = (pixels == (0, 0, 255, 255)).all(axis=2).sum()
    assert blues == (PARENT_SIDE // 2) ** 2 + 3 * (CHILD_SIDE // 2) ** 2


@pytest.mark.parametrize("name", ["W" * 32, "ポケット", "Ünïcödé", "a"])
def test_no_name_changes_the_layout(name: str) -> None:
    children = [Portrait(BLUE, "child")] * 6
    plain = opened(mix_sheet(Portrait(RED, ""), Portrait(BLUE, ""), children))
    named = opened(mix_sheet(Portrait(RED, f"A · {name}"), Portrait(BLUE, f"B · {name}"), children))
    assert named.size == plain.size
    assert named.tobytes() != plain.tobytes()


def test_a_grid_holds_every_creature_in_its_place() -> None:
    portraits = [Portrait(BLUE if i == 4 else RED) for i in range(5)]
    sheet = opened(grid_sheet(portraits, columns=2, side=128))
    assert sheet.size == (2 * (128 + GAP) + GAP, 3 * (128 + GAP) + GAP)
    centres = [
        sheet.getpixel((GAP + 64 + column * (128 + GAP), GAP + 64 + row * (128 + GAP)))
        for row in range(3)
        for column in range(2)
    ]
    assert centres[:5] == [(255, 0, 0, 255)] * 4 + [(0, 0, 255, 255)]
    assert centres[5] not in centres[:5]  # nobody is there


def test_a_short_page_is_no_wider_than_it_must_be_and_names_take_a_line() -> None:
    page = opened(grid_sheet([Portrait(RED, "Foo"), Portrait(BLUE, "Bar")], columns=4, side=128))
    assert page.size == (2 * (128 + GAP) + GAP, 128 + LABEL_HEIGHT + 2 * GAP)


def test_favourites_carry_a_star() -> None:
    pages = [grid_sheet([Portrait(BLUE, "Foo", favourite)], 4, 128) for favourite in (False, True)]
    starred = [(np.asarray(opened(png)) == STAR).all(axis=2).sum() for png in pages]
    assert starred[0] == 0 and starred[1] > 100


@pytest.mark.parametrize(
    ("name", "drawn"), [("Pokémon", "Pokemon"), ("Ünïcödé", "Unicode"), ("ポケット", ""), ("Ab ポケ", "Ab")]
)
def test_no_boxes_stand_for_letters_that_the_font_lacks(name: str, drawn: str) -> None:
    assert grid_sheet([Portrait(RED, name)], 1, 128) == grid_sheet([Portrait(RED, drawn or " ")], 1, 128)
