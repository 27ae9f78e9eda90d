"""The animation of one creature that becomes another: it comes back, it loops, and it is small enough."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import ImageSequence

from bot.engine import Picture, morph_amounts
from bot.ui.morphing import FPS, HOLD, MARGIN, SIDE, morph_gif
from tests.bot.ui.squares import BLUE, RED, opened, sprite

STEPS = 6
MOST_BYTES = 2_000_000


def moving(side: int = 64, pixel_art: bool = True) -> list[Picture]:
    shades = [round(255 * amount) for amount in morph_amounts(STEPS)]
    return [sprite((255 - shade, 0, shade, 255), side, pixel_art) for shade in shades]


@pytest.mark.parametrize(("side", "pixel_art"), [(64, True), (16, True), (256, False)])
def test_it_goes_there_and_back_for_ever(side: int, pixel_art: bool) -> None:
    image = opened(morph_gif(moving(side, pixel_art), "Fizz", "Moltigo"))
    assert image.info["loop"] == 0
    frames = [np.asarray(frame.convert("RGB")).astype(int) for frame in ImageSequence.Iterator(image)]
    assert len(frames) == 2 * STEPS
    middle = [tuple(frame[SIDE // 2, MARGIN + SIDE // 2]) for frame in frames]
    assert np.abs(np.subtract(middle[0], (255, 0, 0))).max() <= 4
    assert np.abs(np.subtract(middle[STEPS], (0, 0, 255))).max() <= 4
    assert middle[1:STEPS] == middle[:STEPS:-1]  # the way back is the way there
    blues = [blue for _red, _green, blue in middle]
    assert blues[: STEPS + 1] == sorted(blues[: STEPS + 1])


def test_both_are_looked_at_for_longer_than_what_is_between() -> None:
    image = opened(morph_gif(moving(), "Fizz", "Moltigo"))
    shown_ms = []
    for frame in ImageSequence.Iterator(image):
        shown_ms.append(frame.info["duration"])
    between = 1000 / FPS
    assert shown_ms[0] == pytest.approx(HOLD * between, abs=12) == shown_ms[STEPS]
    assert all(one == pytest.approx(between, abs=12) for one in shown_ms[1:STEPS])


def test_the_most_restless_art_stays_under_two_megabytes() -> None:
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (19, 64, 64, 4), np.uint8)
    pixels[..., 3] = 255
    assert len(morph_gif([Picture(one, pixel_art=True) for one in pixels], "A", "B")) < MOST_BYTES


@pytest.mark.parametrize("name", ["W" * 32, "小火龙" * 10, "علي", "a"])
def test_names_stay_apart_and_change_nothing_else(name: str) -> None:
    images = [opened(morph_gif([RED, BLUE], *names)) for names in ((" ", " "), (name, " "), (" ", name))]
    empty, left, right = (np.asarray(image.convert("RGB")).astype(int) for image in images)
    middle = left.shape[1] // 2
    for one, half, other in (
        (left, slice(None, middle), slice(middle, None)),
        (right, slice(middle, None), slice(None, middle)),
    ):
        assert np.abs(one - empty)[SIDE:, half].max() > 60
        assert np.abs(one - empty)[:, other].max() < 30  # the palette may differ a little
