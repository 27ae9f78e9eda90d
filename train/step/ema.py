"""Exponential moving averages of the generator, one a half-life."""

from __future__ import annotations

import copy

import torch

from gan.generator import Generator

RAMP_UP = 0.05  # early on the half-life is this share of the images seen, so that the average can follow


class EMA:
    """One averaged copy of a generator. A longer half-life is smoother and later."""

    def __init__(self, generator: Generator, half_life_kimg: float) -> None:
        self.half_life_kimg = half_life_kimg
        self.generator = copy.deepcopy(generator).eval().requires_grad_(False)

    @torch.no_grad()
    def update(self, generator: Generator, images_seen: int, batch_size: int) -> None:
        """Move towards the generator by one step of `batch_size` images."""
        half_life = min(self.half_life_kimg * 1000, max(images_seen * RAMP_UP, 1e-8))
        decay = 0.5 ** (batch_size / half_life)
        torch._foreach_lerp_(  # pyright: ignore[reportPrivateImportUsage]
            list(self.generator.parameters()), [p.detach() for p in generator.parameters()], 1 - decay
        )
        for mine, theirs in zip(self.generator.buffers(), generator.buffers(), strict=True):
            mine.copy_(theirs)
