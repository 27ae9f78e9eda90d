"""What taking shape, features or colours from another creature changes: the promise behind `/mix`."""

import numpy as np
import pytest

from gan.__main__ import SHIPPED
from gan.checkpoint import load
from gan.latents import Take
from gan.levels import Change, compare, level_changes, markdown_table
from gan.sampler import Sampler
from gan.sprite import Pixels

PAIRS = 32


@pytest.fixture(scope="module")
def shipped() -> dict[Take, Change]:
    return level_changes(Sampler(load(SHIPPED), "cpu"), PAIRS)


def test_shape_decides_the_silhouette(shipped: dict[Take, Change]) -> None:
    others = max(shipped["features"].silhouette, shipped["colours"].silhouette)
    assert shipped["shape"].silhouette > 0.2
    assert shipped["shape"].silhouette > 2 * others


def test_colours_change_the_palette_and_leave_the_silhouette(shipped: dict[Take, Change]) -> None:
    colours, shape = shipped["colours"], shipped["shape"]
    assert colours.palette > 1.3 * max(shape.palette, shipped["features"].palette)
    assert colours.palette > 2 * colours.silhouette
    assert colours.palette / colours.silhouette > 3 * shape.palette / shape.silhouette


def test_every_level_changes_something(shipped: dict[Take, Change]) -> None:
    assert list(shipped) == ["shape", "features", "colours"]
    assert all(change.palette > 0.02 for change in shipped.values())


def sprite(*columns: slice, colour: tuple[int, int, int] = (255, 0, 0)) -> Pixels:
    pixels = np.zeros((8, 8, 4), np.uint8)
    for column in columns:
        pixels[:, column] = (*colour, 255)
    return pixels


def test_changes_are_measured_apart() -> None:
    red, half = sprite(slice(0, 4)), sprite(slice(0, 2))
    assert compare(red, red) == (0, 0, 0)
    assert compare(red, half) == (0.5, 0, 0)  # another silhouette, the same palette
    silhouette, palette, mean = compare(red, sprite(slice(0, 4), colour=(0, 0, 0)))
    assert (silhouette, palette) == (0, 1) and mean == pytest.approx(3**-0.5)
    assert compare(red, sprite()) == (1, 1, 0) and compare(sprite(), sprite()) == (0, 0, 0)


def test_the_table_of_the_documentation_has_a_row_for_each_level(shipped: dict[Take, Change]) -> None:
    rows = markdown_table(shipped).splitlines()
    assert len(rows) == 5 and rows[2].startswith(f"| shape | {shipped['shape'].silhouette:.2f} | ")
