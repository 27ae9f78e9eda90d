"""Base stats as the games have them, from what a reader says, which errs towards the mean.

A reader that is right on average gives every creature nearly the same stats. What it says is therefore taken
as a rank: a creature whose total is higher than that of nine creatures in ten gets the total that nine
species in ten are below. A stat that is as far above its mean as the reader's go is as far above it as those
of species go. The order of creatures and of their stats stays what the reader said.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bot.creature.quantiles import rank
from bot.creature.traits import STATS

LOWEST, HIGHEST = 1, 255

# Of 1,025 species: totals that 0, 5, … 100 percent of them reach at most, and the mean and standard deviation
# of the logarithm of each stat's share in the total.
GAME_TOTALS = (
    175, 250, 280, 300, 310, 325, 341, 376, 405, 420, 450, 470, 480, 490, 500, 508, 525, 535, 570, 600, 720,
)  # fmt: skip
GAME_SHARES = (-1.839, -1.755, -1.820, -1.865, -1.842, -1.920)  # in the order of STATS
GAME_SPREADS = (0.280, 0.317, 0.314, 0.318, 0.259, 0.430)


@dataclass(frozen=True, slots=True)
class StatSummary:
    """How a reader's stats are distributed among creatures of one checkpoint."""

    totals: tuple[float, ...]  # that evenly spaced shares of the creatures reach at most, from none to all
    shares: tuple[float, ...]  # [6] mean of the logarithm of each stat's share in the total
    spreads: tuple[float, ...]  # [6] its standard deviation


def summarise(read: np.ndarray) -> StatSummary:
    """The summary of what a reader said of many creatures: `read` is [N, 6], above 0. Raises ValueError."""
    if read.ndim != 2 or read.shape[1] != len(STATS) or len(read) < 2 or not (read > 0).all():
        raise ValueError(f"Stats of two creatures or more, six each and above 0: {read.shape}")
    totals = read.sum(1)
    shares = np.log(read / totals[:, None])
    return StatSummary(
        tuple(np.quantile(totals, np.linspace(0, 1, 101)).tolist()),
        tuple(shares.mean(0).tolist()),
        tuple(shares.std(0).tolist()),
    )


def base_stats(read: Sequence[float], summary: StatSummary) -> tuple[int, int, int, int, int, int]:
    """Six base stats, 1 to 255, of the six numbers that a reader said. Raises ValueError for others."""
    if len(read) != len(STATS) or not all(math.isfinite(value) and value > 0 for value in read):
        raise ValueError(f"Six numbers above 0: {read}")
    total = sum(read)
    below = rank(total, np.array(summary.totals))
    wanted = float(np.interp(below, np.linspace(0, 1, len(GAME_TOTALS)), GAME_TOTALS))
    shares = [
        math.exp(mean + spread * _deviation(math.log(value / total), i, summary))
        for i, (value, mean, spread) in enumerate(zip(read, GAME_SHARES, GAME_SPREADS, strict=True))
    ]
    hp, atk, defence, spa, spd, spe = (
        min(HIGHEST, max(LOWEST, round(wanted * share / sum(shares)))) for share in shares
    )
    return hp, atk, defence, spa, spd, spe


def _deviation(share: float, stat: int, summary: StatSummary) -> float:
    """How many standard deviations a share is from its mean; beyond three nothing is gained."""
    spread = summary.spreads[stat]
    return max(-3.0, min(3.0, (share - summary.shares[stat]) / spread)) if spread > 0 else 0.0
