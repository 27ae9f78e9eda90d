"""Ridge regression on blocks of features that count more or less, solved through its kernel.

There are far fewer species than features, so everything happens in the space of training pictures; what comes
out is a matrix of weights on features all the same, small enough to store.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.traits.features import BLOCKS, block_slices

Floats = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

MOST = 5.0  # standard deviations: no single feature of a strange picture says more
LEAST_SPREAD = 1e-3  # of a block's largest: features that hardly vary are not blown up
RIDGES = (0.4, 0.8, 1.6, 3.2)
CANDIDATES = 16  # weightings of the blocks that are compared
COLOUR = 4.0  # times as much, on average: one block of many says nearly all of what colours say
BLENDED = 3  # of them, the best, are averaged


@dataclass(frozen=True, eq=False)
class Scaling:
    """How features are made comparable: centred, divided by their spread, each block of size 1 on average."""

    mean: Floats  # [D]
    scale: Floats  # [D]
    limit: Floats  # [D]

    @classmethod
    def of(cls, features: Floats) -> Scaling:
        """As these rows [N, D] need it."""
        mean, spread = features.mean(axis=0), features.std(axis=0)
        scale, limit = np.ones_like(mean), np.full_like(mean, np.inf)
        for block, columns in block_slices():
            if not block.centred_only:
                floor = max(LEAST_SPREAD * float(spread[columns].max()), 1e-6)
                scale[columns] = np.maximum(spread[columns], floor)
                limit[columns] = MOST
            there = (features[:, columns] - mean[columns]) / scale[columns]
            size = np.sqrt(np.mean((np.clip(there, -limit[columns], limit[columns]) ** 2).sum(axis=1)))
            scale[columns] *= max(float(size), 1e-6)
            limit[columns] /= max(float(size), 1e-6)
        return cls(mean, scale, limit)

    def __call__(self, features: Floats) -> Floats:
        """[N, D] → [N, D]."""
        return np.clip((features - self.mean) / self.scale, -self.limit, self.limit).astype(np.float32)


def grams(a: Floats, b: Floats) -> Floats:
    """Scaled features [N, D] and [M, D] → dot products of each block, [blocks, N, M]."""
    return np.stack([a[:, columns] @ b[:, columns].T for _, columns in block_slices()])


def weightings(seed: int = 0, count: int = CANDIDATES) -> Floats:
    """Shares of the blocks, float32 [count, blocks], summing to 1: an even one, and random ones.

    Which is best is for the folds to say.
    """
    random = np.random.default_rng(seed)
    shares = random.exponential(size=(count, len(BLOCKS))) ** 1.5
    shares *= random.random(shares.shape) < 0.6
    shares[:, [block.name == "colour_histogram" for block in BLOCKS]] *= COLOUR
    shares[0] = 1
    shares[shares.sum(axis=1) == 0] = 1
    return (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Solved:
    """A kernel's eigenvectors, with which every strength of ridge costs a product."""

    values: Floats  # [N]
    vectors: Floats  # [N, N]
    mean: Floats  # [T], of the targets
    rotated: Floats  # [N, T], the centred targets
    roots: Floats  # [N], of the rows' weights

    @classmethod
    def of(cls, kernel: Floats, targets: Floats, weights: Floats) -> Solved:
        """For a kernel [N, N], targets [N, T] and what each row counts, [N]."""
        roots = np.sqrt(weights)
        values, vectors = np.linalg.eigh(roots[:, None] * kernel * roots)
        mean = np.average(targets, axis=0, weights=weights).astype(np.float32)
        rotated = vectors.T @ (roots[:, None] * (targets - mean))
        return cls(np.maximum(values, 0), vectors, mean, rotated, roots)

    def duals(self, ridge: float) -> Floats:
        """[N, T]: how much each row says, such that kernel rows @ duals + mean is the prediction."""
        found = self.roots[:, None] * (self.vectors @ (self.rotated / (self.values + ridge)[:, None]))
        return found.astype(np.float32)


@dataclass(frozen=True)
class Choice:
    """One way to predict a group of targets."""

    weighting: int
    ridge: float


def out_of_fold(
    among: Floats,  # [blocks, R, R], rows that are learned from
    across: Floats,  # [blocks, N, R], pictures that are asked about
    targets: Floats,  # [R, T]
    weights: Floats,  # [R]
    row_fold: NDArray[np.int64],  # [R]
    fold: NDArray[np.int64],  # [N]
    shares: Floats,  # [C, blocks]
) -> Floats:
    """Predictions for each picture by what learned from the other folds alone: [C, ridges, N, T]."""
    found = np.empty((len(shares), len(RIDGES), len(fold), targets.shape[1]), np.float32)
    for c, share in enumerate(shares):
        inside, outside = np.tensordot(share, among, axes=1), np.tensordot(share, across, axes=1)
        for number in np.unique(fold):
            known, asked = row_fold != number, fold == number
            solved = Solved.of(inside[np.ix_(known, known)], targets[known], weights[known])
            for r, ridge in enumerate(RIDGES):
                found[c, r, asked] = outside[np.ix_(asked, known)] @ solved.duals(ridge) + solved.mean
    return found


def best(
    predictions: Floats, targets: Floats, weights: Floats, groups: Sequence[slice]
) -> list[list[Choice]]:
    """For each group of targets the `BLENDED` best weightings with their best ridges, by squared error.

    predictions [C, ridges, N, T] as of `out_of_fold`.
    """
    errors = np.einsum("n,crnt->crt", weights / weights.sum(), (predictions - targets) ** 2)
    chosen: list[list[Choice]] = []
    for columns in groups:
        error = errors[:, :, columns].sum(axis=2)
        ridge = error.argmin(axis=1)
        order = np.argsort(error.min(axis=1))[:BLENDED]
        chosen.append([Choice(int(c), RIDGES[ridge[c]]) for c in order])
    return chosen
