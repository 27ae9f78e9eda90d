"""Colours as people see them, against the values that papers print."""

from __future__ import annotations

import numpy as np
import pytest

from gan.pictures.lab import chroma, difference, to_lab

# Pairs of CIELAB colours and their CIEDE2000, from table 1 of Sharma, Wu & Dalal 2005: where hues turn over
# 0° and 180°, near grey, far apart, and close together.
PAIRS = [
    ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
    ((50, 3.1571, -77.2803), (50, 0, -82.7485), 2.8615),
    ((50, 2.8361, -74.0200), (50, 0, -82.7485), 3.4412),
    ((50, -1.3802, -84.2814), (50, 0, -82.7485), 1.0000),
    ((50, 0, 0), (50, -1, 2), 2.3669),
    ((50, 2.4900, -0.0010), (50, -2.4900, 0.0009), 7.1792),
    ((50, 2.4900, -0.0010), (50, -2.4900, 0.0011), 7.2195),
    ((50, 2.5, 0), (50, 0, -2.5), 4.3065),
    ((50, 2.5, 0), (73, 25, -18), 27.1492),
    ((50, 2.5, 0), (61, -5, 29), 22.8977),
    ((50, 2.5, 0), (56, -27, -3), 31.9030),
    ((50, 2.5, 0), (58, 24, 15), 19.4535),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
]


@pytest.mark.parametrize(("one", "other", "expected"), PAIRS)
def test_differences_are_those_of_the_paper(
    one: tuple[float, ...], other: tuple[float, ...], expected: float
) -> None:
    for pair in ((one, other), (other, one)):
        assert float(difference(*map(np.array, pair))) == pytest.approx(expected, abs=1e-4)


def test_many_colours_are_compared_at_once() -> None:
    one, other = (np.array([pair[side] for pair in PAIRS]).reshape(7, 2, 3) for side in (0, 1))
    expected = np.array([pair[2] for pair in PAIRS]).reshape(7, 2)
    np.testing.assert_allclose(difference(one, other), expected, atol=1e-4)


def test_a_colour_does_not_differ_from_itself_and_greys_have_no_chroma() -> None:
    rgb = np.random.default_rng(0).random((100, 3))
    assert difference(to_lab(rgb), to_lab(rgb)).max() == 0
    assert chroma(to_lab(np.full((1, 3), 0.4)))[0] < 0.05 < 90 < chroma(to_lab(np.array([1.0, 0, 0])))
    assert difference(to_lab(np.zeros(3)), to_lab(np.ones(3))) == pytest.approx(100, abs=0.1)
