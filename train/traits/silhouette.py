"""The outline of a body as numbers: how much it covers, how it is spread, how often a line crosses it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

PROFILE, CROSSINGS = 8, 6  # places at which a profile is sampled
SIZE = 10 + 2 * PROFILE + 2 * CROSSINGS


def silhouette(alpha: NDArray[np.uint8]) -> Floats:
    """Alpha uint8 [S, S] → float32 [38]: extents, compactness, elongation, balance, symmetry, profiles.

    Lengths are shares of the picture's side. Zeros for an empty picture.
    """
    body = alpha >= 128
    rows, columns = np.nonzero(body)
    if not len(rows):
        return np.zeros(SIZE, np.float32)
    side, count = len(alpha), len(rows)
    box = body[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    height, width = box.shape
    perimeter = (body[1:] != body[:-1]).sum() + (body[:, 1:] != body[:, :-1]).sum()
    spread = np.linalg.eigvalsh(np.cov(np.stack([rows, columns]), bias=True) + 1e-6 * np.eye(2))
    numbers = [
        count / side**2,
        height / side,
        width / side,
        np.log(height / width),
        count / box.size,
        perimeter / np.sqrt(count) / 8,
        np.sqrt(spread[0] / spread[1]),
        (rows.mean() - rows.min()) / height,
        _overlap(body, body[:, ::-1]),
        _overlap(box, box[:, ::-1]),
    ]
    profiles = [
        _sampled(box.mean(axis=1), PROFILE),
        _sampled(box.mean(axis=0), PROFILE),
        _sampled(_crossings(box), CROSSINGS) / 3,
        _sampled(_crossings(box.T), CROSSINGS) / 3,
    ]
    return np.concatenate([numbers, *profiles]).astype(np.float32)


def _overlap(a: Mask, b: Mask) -> float:
    """Intersection over union."""
    return float((a & b).sum() / (a | b).sum())


def _crossings(box: Mask) -> NDArray[np.int64]:
    """How many runs of body there are in each row."""
    return (np.diff(box.astype(np.int8), axis=1, prepend=0) == 1).sum(axis=1)


def _sampled(values: NDArray[np.floating] | NDArray[np.int64], count: int) -> NDArray[np.float64]:
    return np.interp(np.linspace(0, len(values) - 1, count), np.arange(len(values)), values)
