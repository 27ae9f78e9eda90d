"""Evolution: walks that grow, hold the colours, stay near, and end where they would not."""

import itertools

import numpy as np
import pytest

from gan.checkpoint import load
from gan.evolution import (
    FARTHEST_KIN,
    FORMS,
    LEAST_OVERLAP,
    LEAST_TALLER,
    Line,
    evolves,
    lines,
    overlap,
    recognisable,
)
from gan.package import SHIPPED
from gan.sampler import Sampler
from tests.gan.test_traits import heads

SEEDS = range(1, 9)


@pytest.fixture(scope="module")
def sampler() -> Sampler:
    return Sampler(load(SHIPPED), "cpu")


def lines_of(sampler: Sampler, seed: int) -> tuple[np.ndarray, list[Line]]:
    assert sampler.heads is not None
    [code] = sampler.w_from_seeds([seed], 0.85)
    return code, list(lines(sampler.heads, sampler.levels, code))


@pytest.fixture(scope="module")
def found(sampler: Sampler) -> list[tuple[np.ndarray, list[Line]]]:
    """The codes of a few creatures, and all lines of each."""
    return [lines_of(sampler, seed) for seed in SEEDS]


def test_most_creatures_have_lines_of_three_in_which_they_stand_as_they_are(
    found: list[tuple[np.ndarray, list[Line]]],
) -> None:
    assert sum(bool(of_one) for _, of_one in found) >= 6
    for code, of_one in found:
        for line in of_one:
            assert len(line.forms) == FORMS
            assert line.forms[line.place].w_plus.tobytes() == code.tobytes()
    assert len({of_one[0].place for _, of_one in found if of_one}) > 1


def test_each_form_is_read_as_later_taller_and_near_the_one_before(
    found: list[tuple[np.ndarray, list[Line]]],
) -> None:
    for line in itertools.chain.from_iterable(of_one for _, of_one in found):
        for before, after in itertools.pairwise(line.forms):
            assert after.stage > before.stage and after.weight_kg > before.weight_kg
            assert after.height_m >= before.height_m * LEAST_TALLER
            assert after.distance(before) <= FARTHEST_KIN


def test_the_colours_are_held_and_the_coarse_levels_move_as_one_and_never_outwards(
    sampler: Sampler, found: list[tuple[np.ndarray, list[Line]]]
) -> None:
    assert sampler.heads is not None
    colours = sampler.levels.colours
    size = np.linalg.norm
    for code, of_one in found:
        for form in itertools.chain.from_iterable(line.forms for line in of_one):
            assert form.w_plus[colours:].tobytes() == code[colours:].tobytes()
            moved = form.w_plus[:colours] - code[:colours]
            np.testing.assert_allclose(moved, np.broadcast_to(moved[0], moved.shape), atol=1e-4)
            before, after = (size(w[:colours] - sampler.heads.centre, axis=1) for w in (code, form.w_plus))
            assert (after <= before * 1.0001).all()


def test_a_walk_is_the_same_whenever_it_is_walked(
    sampler: Sampler, found: list[tuple[np.ndarray, list[Line]]]
) -> None:
    _, again = lines_of(sampler, SEEDS[0])
    assert [[f.w_plus.tobytes() for f in line.forms] for line in again] == [
        [f.w_plus.tobytes() for f in line.forms] for line in found[0][1]
    ]


@pytest.mark.parametrize("missing", ["stage", "log_height_m", "log_weight_kg"])
def test_what_is_not_read_is_not_walked_along(sampler: Sampler, missing: str) -> None:
    code = np.zeros((sampler.num_layers, sampler.w_dim), np.float32)
    of_a_tiny_network = heads(shown=[n for n in ("stage", "log_height_m", "log_weight_kg") if n != missing])
    assert not evolves(of_a_tiny_network)
    assert not list(lines(of_a_tiny_network, sampler.levels, code))


def body(left: int = 16, top: int = 16, side: int = 32) -> np.ndarray:
    """A square body in a picture of 64 pixels."""
    picture = np.zeros((64, 64, 4), np.uint8)
    picture[top : top + side, left : left + side] = 255
    return picture


def test_a_line_is_recognisable_while_its_outlines_overlap() -> None:
    assert recognisable([body(), body(side=35), body(side=38)], 0)
    assert not recognisable([body(), body(left=26), body(left=26)], 0)
    assert overlap(body()[..., 3] > 0, body(left=26)[..., 3] > 0) < LEAST_OVERLAP


def test_forms_that_fall_to_pieces_leave_the_picture_or_are_not_there_are_refused() -> None:
    broken = body()
    broken[30:34, 16:48] = 0
    assert not recognisable([body(), body(), broken], 0)
    assert recognisable([broken, broken, broken], 1)  # it is no worse than the creature itself
    assert not recognisable([body(top=0, left=0), body(top=1, left=1), body(top=1, left=1)], 1)
    assert not recognisable([np.zeros((64, 64, 4), np.uint8)] * 3, 0)
