"""A becomes B: what has to be drawn for it, and the animation of what was drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from bot.engine.orders import MixOrder, Pixels, WPlus
from gan.latents import Take
from gan.morph import ease
from gan.pictures.animation import encode


def morph_amounts(steps: int) -> list[float]:
    """How much of B there is at each step from A (0) to B (1), both included: slowly at both ends."""
    return [ease(i / steps, "cosine") for i in range(steps + 1)]


def morph_orders(
    a: WPlus, b: WPlus, steps: int, noise_seed: int, checkpoint_id: str | None
) -> list[MixOrder]:
    """One for each step between A and B, without these two, all with the same noise."""
    between = morph_amounts(steps)[1:-1]
    return [MixOrder(a, b, get_args(Take), amount, noise_seed, checkpoint_id) for amount in between]


def gif(frames: Sequence[Pixels], fps: float) -> bytes:
    """A GIF that plays for ever. Frames in a row that are the same become one that stays as long."""
    return encode(frames, "gif", fps)
