"""What the comparisons of trainings state of each: the figures of its samples, and the clock of its time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from gan.generator import Generator
from gan.pictures.sprite import Pixels
from train.data.dataset import SpriteDataset
from train.eval.evaluate import Memorisation, balanced_manifold, memorisation
from train.eval.metrics import KID, Manifold, fid, kid
from train.eval.neighbours import nearest
from train.eval.reference import FeatureExtractor, Reference
from train.eval.samples import in_batches

Clock = Literal["wall", "cpu"]

COLUMNS = ("KID × 1000", "FID", "precision", "recall", "density", "coverage", "memorised")
VARIETY_COLUMNS = ("silhouettes", "colours")
VARIETY_SAMPLES = 512


@dataclass(frozen=True)
class Measured:
    """Samples against the whole data set, with features that nobody trains on."""

    kid: KID
    fid: float
    overlap: Manifold
    copies: Memorisation

    @property
    def cells(self) -> tuple[str, ...]:
        """What stands in the table, under `COLUMNS`."""
        return (
            f"{self.kid.mean:.1f} ({self.kid.low:.1f} to {self.kid.high:.1f})",
            f"{self.fid:.1f}",
            f"{self.overlap.precision:.2f}",
            f"{self.overlap.recall:.2f}",
            f"{self.overlap.density:.2f}",
            f"{self.overlap.coverage:.2f}",
            f"{self.copies.share:.1%}",
        )


def measure(pixels: Pixels, reference: Reference, extractor: FeatureExtractor) -> Measured:
    """The figures of samples, uint8 [N, R, R, 4] with straight alpha."""
    features = extractor.of_batches(in_batches(pixels), len(pixels), "", lambda *_: None)
    distances = nearest(features, reference.features).distances[:, 0]
    return Measured(
        kid(features, reference.features, reference.kernel_mean),
        fid(features, reference.features),
        balanced_manifold(features, reference),
        memorisation(distances, reference),
    )


def variety(generator: Generator, dataset: SpriteDataset, side: int) -> tuple[float, float]:
    """Mean differences between samples as shares of those between real sprites: silhouettes, and colours.

    1 means that two samples differ as much as two sprites do. All samples have the same noise, so only what
    comes from the style counts: it is what `/mix` can carry over.
    """
    chosen = np.random.default_rng(0).choice(len(dataset), VARIETY_SAMPLES, replace=False)
    real, fake = dataset.batch(chosen, side), _samples(generator, side)
    silhouettes, colours = (
        _difference(fake[:, c]) / _difference(real[:, c]) for c in (slice(3, 4), slice(0, 3))
    )
    return silhouettes, colours


@torch.no_grad()
def _samples(generator: Generator, side: int) -> Tensor:
    """Premultiplied RGBA [VARIETY_SAMPLES, 4, side, side], all with the same noise."""
    random = torch.Generator().manual_seed(0)
    z = torch.randn(VARIETY_SAMPLES, generator.config.z_dim, generator=random)
    noise = [torch.randn(1, 1, s, s, generator=random) for s in generator.synthesis.noise_shapes(side)]
    w_plus = generator.broadcast(generator.mapping(z))
    return generator.synthesis(w_plus, [n.expand(VARIETY_SAMPLES, -1, -1, -1) for n in noise], side).float()


def _difference(values: Tensor) -> float:
    """The mean absolute difference between pairs of pictures [N, C, H, W], clamped as they are shown."""
    first, second = values.clamp(-1, 1).chunk(2)
    return (first - second).abs().mean().item()


def row(*cells: str) -> str:
    """One row of a table in Markdown."""
    return f"| {' | '.join(cells)} |"


def header(*columns: str) -> str:
    """The rows above the first."""
    return f"{row(*columns)}\n{row(*('---' for _ in columns))}"


def stopwatch(clock: Clock, threads: int) -> Callable[[], float]:
    """Seconds since now, by either clock; computing time is shared out over the threads."""
    now = time.monotonic if clock == "wall" else lambda: time.process_time() / threads
    started = now()
    return lambda: now() - started
