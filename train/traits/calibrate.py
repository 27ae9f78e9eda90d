"""From outputs of a regression to probabilities that can be believed, and how far they can be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan.traits import Calibration, Confidence

Floats = NDArray[np.floating[Any]]

STEPS = 50  # of Newton's method, at most


def confidence(output: Floats, margin: Floats, right: NDArray[np.bool_], weights: Floats) -> Confidence:
    """Logistic regression of whether guesses [N] are right on their outputs and margins [N]."""
    design = np.stack([output, margin, np.ones_like(output)], axis=1).astype(float)
    spread = np.append(design[:, :2].std(axis=0) + 1e-6, 1)
    x, w = design / spread, weights.astype(float)
    found = np.zeros(3)
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-np.clip(x @ found, -30, 30)))
        gradient = x.T @ (w * (p - right)) + 1e-3 * found
        curvature = (x * (w * p * (1 - p))[:, None]).T @ x + 1e-3 * np.eye(3)
        step = np.linalg.solve(curvature, gradient)
        found = found - np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-8:
            break
    return Confidence(*(float(v) for v in found / spread))


def calibrate(groups: dict[str, tuple[Floats, Floats]], weights: Floats) -> Calibration:
    """From outputs read out of the folds, and the truth, [N, K] each, of types, colour and shape."""
    fitted: dict[str, Confidence] = {}
    for name, (outputs, truth) in groups.items():
        order = np.argsort(-outputs, axis=1)[:, :2]
        best, right = np.take_along_axis(outputs, order, axis=1), np.take_along_axis(truth > 0, order, axis=1)
        margin = best[:, 0] - best[:, 1]
        fitted[name] = confidence(best[:, 0], margin, right[:, 0], weights)
        if name == "types":
            fitted["second_type"] = confidence(best[:, 1], margin, right[:, 1], weights)
    outputs, truth = groups["types"]
    plain = Calibration(**fitted, second_type_from=1.0)
    _, chance = plain.second(outputs)
    return replace(plain, second_type_from=_named_as_often(chance, truth.sum(axis=1) > 1, weights))


def _named_as_often(chance: Floats, two: NDArray[np.bool_], weights: Floats) -> float:
    """The probability from which on a second type is named as often as there is one."""
    order = np.argsort(-chance)
    named = np.cumsum(weights[order]) / weights.sum()
    last = int(np.searchsorted(named, float(weights @ two) / float(weights.sum())))
    return float(chance[order[min(last, len(order) - 1)]])


@dataclass(frozen=True)
class Bin:
    """Guesses of about the same confidence."""

    said: float  # mean probability
    right: float  # share that was right
    share: float  # of all guesses


def reliability(said: Floats, right: NDArray[np.bool_], weights: Floats, bins: int = 6) -> list[Bin]:
    """Guesses [N] sorted by confidence, in bins of equal weight."""
    order = np.argsort(said)
    place = np.cumsum(weights[order]) / weights.sum()
    found: list[Bin] = []
    for b in range(bins):
        chosen = order[(place > b / bins) & (place <= (b + 1) / bins + 1e-9 * (b == bins - 1))]
        if len(chosen):
            w = weights[chosen] / weights[chosen].sum()
            share = float(weights[chosen].sum() / weights.sum())
            found.append(Bin(float(w @ said[chosen]), float(w @ right[chosen]), share))
    return found


def expected_error(bins: list[Bin]) -> float:
    """Mean distance between what was said and what was right (ECE)."""
    return sum(b.share * abs(b.said - b.right) for b in bins)
