"""A line of evolution is drawn to scale, on one ground, whatever its forms look like and are called."""

import io

import numpy as np
import pytest
from PIL import Image

from bot.engine import Picture
from bot.ui.line_picture import ARROW, GAP, PADDING, SIDE, SMALLEST, LineForm, draw_line

RED = (200, 40, 40)


def form(width: int, height: int, height_m: float, name: str = "Foo", side: int = 64) -> LineForm:
    """A form with a red body of so many pixels."""
    pixels = np.zeros((side, side, 4), np.uint8)
    pixels[2 : 2 + height, 5 : 5 + width] = (*RED, 255)
    return LineForm(Picture(pixels, pixel_art=True), name, height_m, f"{height_m} m")


def bodies(forms: list[LineForm]) -> list[tuple[int, int, int, int]]:
    """Left, top, right and bottom of each body in its square."""
    sheet = np.asarray(Image.open(io.BytesIO(draw_line(forms))))
    found = []
    for i in range(len(forms)):
        left = GAP + i * (SIDE + ARROW)
        red = (sheet[GAP : GAP + SIDE, left : left + SIDE] == RED).all(axis=2)
        rows, columns = np.flatnonzero(red.any(axis=1)), np.flatnonzero(red.any(axis=0))
        found.append((int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1))
    return found


@pytest.mark.parametrize("shapes", [[(20, 20), (20, 40), (30, 50)], [(50, 20), (60, 12), (20, 60)]])
def test_bodies_are_as_high_as_was_read_and_stand_on_one_ground(shapes: list[tuple[int, int]]) -> None:
    heights = [1.0, 1.5, 2.0]
    found = bodies([form(w, h, metres) for (w, h), metres in zip(shapes, heights, strict=True)])
    units = [(bottom - top) / m for (_, top, _, bottom), m in zip(found, heights, strict=True)]
    assert units == pytest.approx([units[0]] * 3, abs=1)
    assert {bottom for *_, bottom in found} == {SIDE - PADDING}
    assert all(left >= PADDING and right <= SIDE - PADDING for left, _, right, _ in found)
    largest = max(max(right - left, bottom - top) for left, top, right, bottom in found)
    assert largest == pytest.approx(SIDE - 2 * PADDING, abs=1)


def test_a_tiny_form_can_still_be_seen() -> None:
    small, _, tall = bodies([form(30, 30, 0.01), form(30, 30, 1.0), form(30, 30, 9.0)])
    assert small[3] - small[1] == pytest.approx(SMALLEST * (tall[3] - tall[1]), abs=1)


def test_any_name_and_an_empty_picture_can_be_drawn() -> None:
    odd = [form(5, 60, 1, "W" * 32), form(60, 5, 1, "恰莫尔马尔 🙂"), form(0, 0, 1, "", side=16)]
    assert Image.open(io.BytesIO(draw_line(odd))).width == 2 * GAP + 3 * SIDE + 2 * ARROW
