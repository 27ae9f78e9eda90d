"""Pictures for messages: crisp, whole, and legible whatever the names."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from bot.ui.pictures import CARD_SIDE, CHILD_SIDE, PARENT_SIDE, Portrait, enlarge, mean_colour, mix_sheet


def sprite(colour: tuple[int, int, int, int], side: int = 64) -> bytes:
    """A square of one colour on a transparent ground, as PNG."""
    pixels = np.zeros((side, side, 4), np.uint8)
    pixels[side // 4 : -side // 4, side // 4 : -side // 4] = colour
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


RED, BLUE = sprite((255, 0, 0, 255)), sprite((0, 0, 255, 255))


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png))


@pytest.mark.parametrize(("side", "factor"), [(64, 6), (16, 24), (100, 3), (500, 1)])
def test_a_sprite_is_enlarged_by_a_whole_factor_without_new_colours(side: int, factor: int) -> None:
    image = opened(enlarge(sprite((10, 200, 30, 255), side)))
    assert image.size == (side * factor, side * factor)
    assert max(image.size) <= max(CARD_SIDE, side)
    colours = image.getcolors()
    assert colours is not None
    assert sorted(colour for _, colour in colours) == [(0, 0, 0, 0), (10, 200, 30, 255)]


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
