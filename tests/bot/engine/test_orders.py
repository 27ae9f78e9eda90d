"""Orders and answers are plain values, and an engine here can do all that any engine can."""

from __future__ import annotations

import types
from dataclasses import fields, is_dataclass
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np
import pytest

from bot.engine import (
    Engine,
    EvolveOrder,
    Hatched,
    HatchedLine,
    Health,
    MixOrder,
    NearbyOrder,
    Picture,
    ProjectionOrder,
    SeedOrder,
    StylesOrder,
)
from bot.engine.local import LocalEngine

KINDS = [
    SeedOrder,
    StylesOrder,
    MixOrder,
    NearbyOrder,
    EvolveOrder,
    ProjectionOrder,
    Hatched,
    HatchedLine,
    Picture,
    Health,
]


def is_plain(kind: Any) -> bool:
    """Whether a binary format can carry it: numbers, words, bytes, arrays, and what is made of these."""
    if kind in (int, float, bool, str, bytes, type(None), ...) or get_origin(kind) is np.ndarray:
        return True
    if get_origin(kind) is Literal:
        return True
    if get_origin(kind) in (Union, types.UnionType, tuple):
        return all(map(is_plain, get_args(kind)))
    return is_dataclass(kind) and all(map(is_plain, get_type_hints(kind).values()))


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_ordered_and_answered_can_cross_into_another_process(kind: type) -> None:
    assert fields(kind) and is_plain(kind)


@pytest.mark.parametrize("kind", [list[int], Any, object, type(lambda: None)])
def test_anything_else_is_found(kind: Any) -> None:
    assert not is_plain(kind)


def test_the_local_engine_leaves_nothing_to_the_protocol() -> None:
    asked = {name for name in vars(Engine) if not name.startswith("_")}
    assert len(asked) > 10 and asked <= set(vars(LocalEngine))


def test_a_step_from_somewhere_has_the_noise_and_the_checkpoint_of_where_it_began() -> None:
    origin = StylesOrder(np.zeros((2, 3), np.float32), 7, "abc")
    step = NearbyOrder(origin, 1, 0.7, 0.2)
    assert (step.noise_seed, step.checkpoint_id) == (7, "abc")
    assert SeedOrder(5, 0.7).noise_seed == 5
