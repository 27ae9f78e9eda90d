"""Ways through W+: a creature turns into the next, and that into the one after."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from gan.latents import Array, blend

Easing = Literal["cosine", "linear"]


def ease(t: float, easing: Easing) -> float:
    """How far a transition has come at its time t, both from 0 to 1."""
    return 0.5 - 0.5 * math.cos(math.pi * t) if easing == "cosine" else t


def way_through(
    codes: Sequence[Array] | Array,  # stops, each [L, w_dim], two or more
    frames: int,  # of each transition
    easing: Easing = "cosine",
    loop: bool = True,
) -> Array:
    """W+ codes [N, L, w_dim], each stop exactly met once.

    A loop goes from the last stop back to the first and has `frames` codes for each stop; the code after the
    last one would be the first. Without it the way ends at the last stop.
    """
    ends = [*codes[1:], codes[0]] if loop else codes[1:]
    way = [
        blend(a, b, ease(i / frames, easing))
        for a, b in zip(codes, ends, strict=False)
        for i in range(frames)
    ]
    return np.stack(way if loop else [*way, codes[-1]])
