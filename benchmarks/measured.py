"""What the comparisons of trainings state of each: the figures of its samples, and the clock of its time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from gan.sprite import Pixels
from train.evaluate import Memorisation, balanced_manifold, memorisation
from train.metrics import KID, Manifold, fid, kid
from train.neighbours import nearest
from train.reference import FeatureExtractor, Reference
from train.samples import in_batches

Clock = Literal["wall", "cpu"]

COLUMNS = ("KID × 1000", "FID", "precision", "recall", "density", "coverage", "memorised")


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
