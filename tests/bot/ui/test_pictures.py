"""Pictures for messages: crisp, whole, and legible whatever the names."""

from __future__ import annotations

import numpy as np
import pytest

from bot.engine import Picture
from bot.ui.pictures import CARD_SIDE, enlarge, mean_colour, portrait
from tests.bot.ui.squares import RED, opened, sprite


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
