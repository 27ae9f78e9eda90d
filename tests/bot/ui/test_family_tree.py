"""The picture of a family: everybody has a place of their own, below their parents, whatever the family."""

from __future__ import annotations

import io
from itertools import combinations, pairwise

import numpy as np
import pytest
from PIL import Image

from bot.engine import Picture
from bot.store import Family, Relative
from bot.store.family import FARTHEST, SHOWN
from bot.ui.family_tree import COLUMNS, SIDE, draw, plan

WIDEST = (COLUMNS + 1) * (SIDE + 22) + 56  # pixels
TALLEST = 3200  # pixels: what three generations each way can come to
NAMES = ("Bo", "Moltigo", "雷霆大王", "皮卡丘的好朋友们都来了", "An Extraordinarily Long Name Xx", "K9")


def family(sizes: dict[int, int], more: dict[int, int] | None = None) -> Family:
    """So many relatives in each generation; each child has two parents of the one before, where there are."""
    relatives = [
        Relative(100 * (generation + 5) + i, NAMES[i % len(NAMES)], "creature", generation)
        for generation, count in sorted(sizes.items())
        for i in range(count)
    ]
    rows = [[r.key for r in relatives if r.generation == generation] for generation in sorted(sizes)]
    bonds = {
        (parents[j % len(parents)], child)
        for parents, children in pairwise(rows)
        for i, child in enumerate(children)
        for j in (2 * i, 2 * i + 1)
    }
    [key, *_] = [r.key for r in relatives if r.generation == 0]
    return Family(key, tuple(relatives), tuple(sorted(bonds)), more or {})


FAMILIES = {
    "one": family({0: 1}),
    "three": family({-1: 2, 0: 1}),
    "nine": family({-2: 4, -1: 2, 0: 1, 1: 2}),
    "forty": family({-3: 8, -2: 4, -1: 2, 0: 1, 1: 12, 2: 11, 3: 2}),
    "as many as there may be": family(
        {-3: 8, -2: 4, -1: 2, 0: 1, 1: SHOWN, 2: SHOWN, 3: SHOWN}, {1: 480, 2: 5, 3: 7}
    ),
    "a line of those who are two things at once": family({i: 1 for i in range(-FARTHEST, FARTHEST + 1)}),
}


@pytest.mark.parametrize("what", FAMILIES)
def test_nobody_stands_on_anybody_nor_beyond_the_edge(what: str) -> None:
    made = plan(FAMILIES[what])
    assert {place.relative for place in made.places} == set(FAMILIES[what].relatives)
    assert not any(one.overlaps(other) for one, other in combinations(made.places, 2))
    for place in made.places:
        assert place.left >= 0 and place.left + SIDE <= made.width
        assert place.top >= 0 and place.bottom <= made.height
    assert made.width <= WIDEST and made.height <= TALLEST
    tops = {place.relative.key: place.top for place in made.places}
    assert all(tops[parent] < tops[child] for parent, child in FAMILIES[what].bonds)
    for _more, top in made.notes:
        assert not any(place.top <= top < place.bottom - 1 for place in made.places)


def test_parents_stand_in_their_order_and_near_their_children() -> None:
    generations = {1: -2, 2: -2, 3: -2, 4: -2, 5: -1, 6: -1, 7: 0}
    relatives = tuple(Relative(k, str(k), "creature", g) for k, g in generations.items())
    cousins = Family(7, relatives, ((5, 7), (6, 7), (1, 5), (2, 5), (3, 6), (4, 6)), {})
    left = {place.relative.key: place.left for place in plan(cousins).places}
    assert left[1] < left[2] < left[3] < left[4] and left[5] < left[6]
    swapped = Family(7, cousins.relatives, ((6, 7), (5, 7), *cousins.bonds[2:]), {})
    left = {place.relative.key: place.left for place in plan(swapped).places}
    assert left[6] < left[5] and left[3] < left[4] < left[1] < left[2]


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


def test_creatures_released_ones_and_hidden_ones_look_unlike() -> None:
    green = Picture(np.full((64, 64, 4), (0, 200, 0, 255), np.uint8))
    relatives = (
        Relative(-1, "Ma", "released", -1),
        Relative(-2, "", "hidden", -1),
        Relative(1, "Kid", "creature", 0),
    )
    whole = Family(1, relatives, ((-1, 1), (-2, 1)), {1: 480})
    made = plan(whole)
    drawn = pixels(draw(whole, {1: green}))
    assert drawn.shape == (made.height, made.width, 3)
    squares = [drawn[p.top + 8 : p.top + SIDE - 8, p.left + 8 : p.left + SIDE - 8] for p in made.places]
    is_green = [(np.abs(square - (0, 200, 0)).max(axis=2) < 30).mean() for square in squares]
    assert is_green[:2] == [0, 0] and is_green[2] > 0.8
    assert not np.array_equal(squares[0], squares[1])
    [(more, top)] = made.notes
    assert more == 480 and (drawn[top : top + 44] < 160).any(), "it says how many more there are"


def test_a_line_leads_from_a_parent_to_a_child() -> None:
    both = family({-1: 2, 0: 1})
    alone = Family(both.key, both.relatives, both.bonds[:1], {})
    with_two, with_one = pixels(draw(both, {})), pixels(draw(alone, {}))
    places = {place.relative.key: place for place in plan(both).places}
    parent = places[both.bonds[1][0]]
    between = slice(parent.bottom + 2, parent.bottom + 30), slice(parent.left, parent.left + SIDE)
    assert (with_two[between] != with_one[between]).any()
