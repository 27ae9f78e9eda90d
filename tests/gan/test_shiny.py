"""Shinies: the same creature in visibly other colours, the same ones every time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gan.checkpoint import load
from gan.latents import Levels
from gan.package import SHIPPED
from gan.sampler import Sampler
from gan.shiny import COLOURFUL, DIFFERENT, Palette, compare, shiny
from tests.gan.tiny import tiny_checkpoint

SEEDS = range(8)


@pytest.fixture
def sampler(tmp_path: Path) -> Sampler:
    return Sampler(tiny_checkpoint(tmp_path / "a.safetensors"), "cpu")


def one_colour(*rgb: int, alpha: int = 255) -> np.ndarray:
    picture = np.zeros((16, 16, 4), np.uint8)
    picture[4:12, 4:12] = (*rgb, alpha)
    return picture


def test_a_shiny_differs_at_the_levels_of_colours_alone_and_follows_from_its_seed(sampler: Sampler) -> None:
    plain = sampler.w_from_seeds(SEEDS, 0.7)
    pictures = sampler.render(plain, SEEDS, raw=True)
    found = 0
    for seed, w_plus, picture in zip(SEEDS, plain, pictures, strict=True):
        made = shiny(sampler, picture, w_plus, seed, seed)
        if made is None:
            continue
        found += 1
        code, drawn = made
        colours = sampler.levels.layers("colours")
        differ = (code != w_plus).any(axis=1)
        assert differ[list(colours)].all() and not differ[: colours.start].any()
        assert compare(picture, drawn).is_shiny
        assert np.array_equal(sampler.render(code[None], [seed], raw=True)[0], drawn)  # alone, from its W+
        again = shiny(sampler, picture, w_plus, seed, seed)
        assert again is not None and np.array_equal(again[0], code)
    assert found > len(SEEDS) // 2


def test_another_seed_has_other_colours(sampler: Sampler) -> None:
    w_plus = sampler.w_from_seeds([1], 0.7)
    [picture] = sampler.render(w_plus, [1], raw=True)
    codes = [made[0] for seed in range(4) if (made := shiny(sampler, picture, w_plus[0], seed, 1))]
    assert len({code.tobytes() for code in codes}) == len(codes) > 1


def test_a_network_without_levels_of_colours_has_no_shinies(sampler: Sampler) -> None:
    sampler.levels = Levels(3, sampler.num_layers, sampler.num_layers)
    w_plus = sampler.w_from_seeds([1], 0.7)
    [picture] = sampler.render(w_plus, [1], raw=True)
    assert shiny(sampler, picture, w_plus[0], 1, 1) is None


def test_an_empty_picture_has_no_shiny(sampler: Sampler) -> None:
    w_plus = sampler.w_from_seeds([1], 0.7)[0]
    assert shiny(sampler, np.zeros((16, 16, 4), np.uint8), w_plus, 1, 1) is None


@pytest.mark.parametrize(
    ("other", "is_shiny"),
    [
        (one_colour(30, 60, 220), True),
        (one_colour(220, 40, 30), False),  # as it is
        (one_colour(224, 60, 44), False),  # hardly another colour
        (one_colour(120, 120, 120), False),  # grey
        (one_colour(10, 10, 12), False),  # all outline
        (one_colour(30, 60, 220, alpha=40), False),  # hardly there
    ],
)
def test_a_palette_is_shiny_where_it_is_another_one_and_not_grey(other: np.ndarray, is_shiny: bool) -> None:
    palette = compare(one_colour(220, 40, 30), other)
    assert palette.is_shiny == is_shiny
    assert compare(other, other) == Palette(0, palette.chroma)


def test_the_bounds_count_themselves() -> None:
    assert Palette(DIFFERENT, COLOURFUL).is_shiny
    assert not Palette(np.nextafter(DIFFERENT, 0), COLOURFUL).is_shiny
    assert not Palette(DIFFERENT, np.nextafter(COLOURFUL, 0)).is_shiny


def test_creatures_of_the_shipped_checkpoint_keep_their_shape_when_they_are_shiny() -> None:
    sampler = Sampler(load(SHIPPED), "cpu")
    codes = sampler.w_from_seeds(SEEDS, 0.85)
    raw = sampler.render(codes, SEEDS, raw=True)
    for seed, w_plus, plain in zip(SEEDS, codes, raw, strict=True):
        made = shiny(sampler, plain, w_plus, seed, seed)
        assert made is not None
        before, after = sampler.finished(plain), sampler.finished(made[1])
        assert compare(before, after).is_shiny  # as it is shown, too
        visible = before[..., 3] > 127, after[..., 3] > 127
        assert (visible[0] & visible[1]).sum() > 0.95 * (visible[0] | visible[1]).sum()
