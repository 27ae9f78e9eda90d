"""Creatures to measure: drawn from fixed latents, as a user gets to see them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gan.generator import Generator
from gan.pictures.sprite import Pixels, to_rgba
from train.eval.reference import Progress

BATCH = 50  # fixed: a batch's latents and noise come from (seed, number of the batch)
SEED_STRIDE = 1_000_003  # odd, so that it maps different seeds to different numbers below 2³²


@dataclass(frozen=True)
class Samples:
    """Straight-alpha pictures, uint8 [N, R, R, 4], and whether the network's own output was finite."""

    pixels: Pixels
    finite: bool


@torch.no_grad()
def draw(
    generator: Generator,
    count: int,
    seed: int = 0,
    psi: float = 1.0,
    resolution: int | None = None,
    alpha: float = 1.0,
    progress: Progress = lambda *_: None,
) -> Samples:
    """The first `count` creatures of a seed. Every generator with latents of that size gets the same ones.

    Rounded to bytes and without the network's faint haze, as in `gan.pictures.sprite.to_rgba`: measured
    is what the bot would post. Pixels that are not finite count as transparent. The global random state is
    not used.
    """
    synthesis, device = generator.synthesis, generator.mapping.w_avg.device
    sides = synthesis.noise_shapes(resolution)
    parts: list[Pixels] = []
    finite = True
    for number, start in enumerate(range(0, count, BATCH)):
        # torch's generator of the CPU only looks at the lowest 32 bits of its seed.
        random = torch.Generator().manual_seed((seed * SEED_STRIDE + number) % 2**32)
        z = torch.randn(BATCH, generator.config.z_dim, generator=random).to(device)
        noise = [torch.randn(BATCH, 1, s, s, generator=random).to(device) for s in sides]
        w = generator.mapping.truncate(generator.mapping(z), psi)
        images = synthesis(generator.broadcast(w), noise, resolution, alpha)
        finite = finite and bool(images.isfinite().all())
        parts.append(to_rgba(images.nan_to_num(-1, -1, -1)))
        progress("Drawing samples", min(start + BATCH, count), count)
    return Samples(np.concatenate(parts)[:count], finite)


def network_input(pixels: Pixels) -> Tensor:
    """Straight-alpha uint8 [N, R, R, 4] → premultiplied RGBA float32 [N, 4, R, R] in [−1, 1]."""
    x = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    x[:, :3] *= x[:, 3:]
    return x * 2 - 1


def in_batches(pixels: Pixels, size: int = BATCH) -> Iterator[Tensor]:
    """`network_input` of a few pictures at a time."""
    return (network_input(pixels[start : start + size]) for start in range(0, len(pixels), size))
