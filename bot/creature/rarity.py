"""How rare a creature is: how unusual its style and its traits are among many creatures of its checkpoint.

Its score adds up how surprising each thing about it is, as the logarithm of how few creatures are like it
there: its style's distance from the mean style, its types, colour and shape, and how far out its height,
weight and total of stats lie. The tier follows from how many creatures have a lower score, so that the tiers
are as frequent as their names say. Nothing here is drawn by lot: the same creature is as rare wherever it is
looked at.

All are to be measured equally far from the mean style: else whoever asks for wilder creatures gets rare ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.creature.traits import Rarity

# From which share of creatures with a lower score on a tier begins.
TIERS = (("common", 0.0), ("uncommon", 0.60), ("rare", 0.85), ("epic", 0.96), ("legendary", 0.995))
LEAST = 0.0005  # a thing that fewer creatures have counts as if these did: no single reading decides alone
QUANTILES = 2001

Floats = NDArray[np.floating[Any]]
Names = NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Measured:
    """What counts of N creatures. What may not be shown of them is left out."""

    kinds: Mapping[str, Names]  # such as "type", "type2" ("" for none), "colour", "shape": [N] each
    numbers: Mapping[str, Floats]  # such as "height", "weight", "total": [N] each, unusual at both ends
    distance: Floats  # [N] of their styles from the mean style: unusual where it is large


@dataclass(frozen=True, slots=True)
class RaritySummary:
    """How these are distributed among creatures of one checkpoint. Quantiles [Q] are evenly spaced."""

    shares: Mapping[str, Mapping[str, float]]
    quantiles: Mapping[str, Floats]
    distance: Floats
    scores: Floats


def summarise(measured: Measured) -> RaritySummary:
    """The summary of many creatures: 20,000 make tiers as frequent as they should be.

    Raises ValueError for fewer than two.
    """
    count = len(measured.distance)
    if count < 2:
        raise ValueError(f"Two creatures or more: {count}")
    shares = {}
    for group, names in measured.kinds.items():
        values, counts = np.unique(names, return_counts=True)
        shares[group] = {str(value): int(n) / count for value, n in zip(values, counts, strict=True)}
    quantiles = {group: _quantiles(values) for group, values in measured.numbers.items()}
    summary = RaritySummary(shares, quantiles, _quantiles(measured.distance), np.zeros(2))
    return replace(summary, scores=_quantiles(scores(measured, summary)))


def rarities(measured: Measured, summary: RaritySummary) -> list[Rarity]:
    """How rare each of these is among those of the summary."""
    below = _ranks(scores(measured, summary), summary.scores)
    # Rounded: machines differ in the last digits of what was read.
    return [Rarity(tier_of(share), share) for share in np.round(below, 4).tolist()]


def tier_of(percentile: float) -> str:
    """The tier of a creature than which that share of the others, 0 to 1, is less rare."""
    return [name for name, start in TIERS if percentile >= start][-1]


def scores(measured: Measured, summary: RaritySummary) -> Floats:
    """How surprising each creature is, in nats, [N]."""
    found = _surprise(1 - _ranks(measured.distance, summary.distance))
    for group, names in measured.kinds.items():
        shares = summary.shares[group]
        found = found + _surprise(np.array([shares.get(str(name), 0.0) for name in names]))
    for group, values in measured.numbers.items():
        below = _ranks(values, summary.quantiles[group])
        found = found + _surprise(2 * np.minimum(below, 1 - below))
    return found


def _surprise(shares: Floats) -> Floats:
    return -np.log(np.maximum(LEAST, shares))


def _quantiles(values: Floats) -> Floats:
    return np.quantile(values, np.linspace(0, 1, QUANTILES))


def _ranks(values: Floats, quantiles: Floats) -> Floats:
    """Which share lies below each value, 0 to 1; the middle where many are equal to it."""
    left = np.searchsorted(quantiles, values, side="left")
    right = np.searchsorted(quantiles, values, side="right")
    last = len(quantiles) - 1
    between = np.interp(values, quantiles, np.linspace(0, 1, last + 1))
    return np.where(right > left, (left + right - 1) / 2 / last, between)
