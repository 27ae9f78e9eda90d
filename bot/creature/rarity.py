"""How rare a creature is: how unusual its style and its traits are among many creatures of its checkpoint.

Its score adds up how surprising each thing about it is, as the logarithm of how few creatures are like it
there: its style's distance from the mean style, its types, colour and shape, and how far out its height,
weight and total of stats lie. The tier follows from how many creatures have a lower score, so that the tiers
are as frequent as their names say. Nothing here is drawn by lot: the same creature is as rare wherever it is
looked at.

Styles are to be taken before truncation, or all at one ψ: else whoever asks for wilder creatures gets rare
ones.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bot.creature.quantiles import rank
from bot.creature.traits import Traits

# From which share of creatures with a lower score on a tier begins.
TIERS = (("common", 0.0), ("uncommon", 0.60), ("rare", 0.85), ("epic", 0.96), ("legendary", 0.995))
LEAST = 0.0005  # a thing that fewer creatures have counts as if these did: no single reading decides alone
QUANTILES = 201
KINDS = {"type": "types", "type2": "types", "colour": "colour", "shape": "shape"}  # → groups of traits


@dataclass(frozen=True, slots=True)
class RaritySummary:
    """How style and traits are distributed among creatures of one checkpoint. Quantiles are evenly spaced."""

    style_mean: np.ndarray  # [512] of w
    style_spread: np.ndarray  # [512] standard deviations
    quantiles: Mapping[str, np.ndarray]  # [Q] of "style", "height", "weight", "total"
    shares: Mapping[str, Mapping[str, float]]  # of "type", "type2" ("" for none), "colour", "shape"
    scores: np.ndarray  # [Q] of the score


@dataclass(frozen=True, slots=True)
class Rarity:
    """How rare a creature is."""

    tier: str  # a name of TIERS
    percentile: float  # share of creatures with a lower score, 0 to 1


def summarise(styles: np.ndarray, traits: Sequence[Traits]) -> RaritySummary:
    """The summary of creatures: `styles` is w, [N, 512], or W+, [N, L, 512]; of each its traits.

    20,000 make tiers as frequent as they should be. Raises ValueError for fewer than two.
    """
    if len(styles) != len(traits) or len(traits) < 2:
        raise ValueError(f"Styles and traits of two creatures or more: {len(styles)} and {len(traits)}")
    w = styles if styles.ndim == 2 else styles.mean(1)
    mean, spread = w.mean(0), np.maximum(w.std(0), 1e-6)
    distances = np.sqrt((((w - mean) / spread) ** 2).mean(1))
    measured = np.array([_numbers(one) for one in traits])  # [N, 3]
    steps = np.linspace(0, 1, QUANTILES)
    quantiles = {"style": np.quantile(distances, steps)} | {
        name: np.quantile(measured[:, i], steps) for i, name in enumerate(("height", "weight", "total"))
    }
    kinds = [_kinds(one) for one in traits]
    shares = {
        name: {kind: n / len(kinds) for kind, n in Counter(own[name] for own in kinds).items()}
        for name in KINDS
    }
    summary = RaritySummary(mean, spread, quantiles, shares, np.zeros(QUANTILES))
    scores = [score(one, style, summary) for one, style in zip(traits, w, strict=True)]
    return RaritySummary(mean, spread, quantiles, shares, np.quantile(scores, steps))


def rarity(traits: Traits, style: np.ndarray, summary: RaritySummary) -> Rarity:
    """How rare a creature with this w, [512], or W+, [L, 512], is among those of the summary."""
    own = score(traits, style, summary)
    percentile = rank(own, summary.scores)
    return Rarity([name for name, start in TIERS if percentile >= start][-1], percentile)


def score(traits: Traits, style: np.ndarray, summary: RaritySummary) -> float:
    """How surprising a creature is, in nats. Only what is shown counts."""
    w = style if style.ndim == 1 else style.mean(0)
    distance = math.sqrt(float((((w - summary.style_mean) / summary.style_spread) ** 2).mean()))
    found = -math.log(max(LEAST, 1 - rank(distance, summary.quantiles["style"])))
    for name, kind in _kinds(traits).items():
        if traits.shows(KINDS[name]):
            found -= math.log(max(LEAST, summary.shares[name].get(kind, 0.0)))
    for name, group, value in zip(
        ("height", "weight", "total"), ("height", "weight", "stats"), _numbers(traits), strict=True
    ):
        if traits.shows(group):
            below = rank(value, summary.quantiles[name])
            found -= math.log(max(LEAST, 2 * min(below, 1 - below)))
    return found


def _numbers(traits: Traits) -> tuple[float, float, float]:
    return math.log(traits.height_m), math.log(traits.weight_kg), float(sum(traits.stats))


def _kinds(traits: Traits) -> dict[str, str]:
    main, second = (*traits.types, "")[:2]
    return {"type": main, "type2": second, "colour": traits.colour, "shape": traits.shape}
