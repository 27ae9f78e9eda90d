"""Nearest neighbours in feature space, in blocks: memory does not grow with the square of the data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

BLOCK = 1024  # rows of a distance matrix that are in memory at once


@dataclass(frozen=True)
class Nearest:
    """The k nearest of each query, nearest first."""

    distances: Tensor  # [N, k], Euclidean
    indices: Tensor  # int64 [N, k], into what was searched


def nearest(queries: Tensor, points: Tensor, k: int = 1) -> Nearest:
    """queries [N, D], points [M, D] → the k nearest points of each query. Exact."""
    return _search(queries, points, k, None, None)


def nearest_others(points: Tensor, k: int = 1) -> Nearest:
    """Of each point [N, D] the k nearest among all the others."""
    own = np.arange(len(points))
    return _search(points, points, k, own, own)


def nearest_of_other_species(features: Tensor, species: np.ndarray, k: int = 1) -> Nearest:
    """Of each image [N, D] the k nearest of other species, int [N]; infinitely far where there is none."""
    return _search(features, features, k, species, species)


def _search(
    queries: Tensor, points: Tensor, k: int, skip_a: np.ndarray | None, skip_b: np.ndarray | None
) -> Nearest:
    """Pairs with equal entries in `skip_a` and `skip_b` are not looked at."""
    squares = points.square().sum(dim=1)
    labels = None if skip_b is None else torch.from_numpy(np.ascontiguousarray(skip_b))
    distances, indices = [], []
    for start in range(0, len(queries), BLOCK):
        block = queries[start : start + BLOCK]
        # ‖a − b‖² up to ‖a‖², which is the same for all of a row
        ranks = torch.addmm(squares, block, points.T, alpha=-2)
        if skip_a is not None and labels is not None:
            own = torch.from_numpy(np.ascontiguousarray(skip_a[start : start + BLOCK]))
            ranks.masked_fill_(own[:, None] == labels, torch.inf)
        values, found = ranks.topk(k, dim=1, largest=False)
        # Exactly this time: in the product above near neighbours cancel to rounding errors.
        exact = (block[:, None] - points[found]).norm(dim=2).where(values.isfinite(), torch.inf)
        distances.append(exact)
        indices.append(found)
    return Nearest(torch.cat(distances), torch.cat(indices))


def weighted_quantile(values: np.ndarray, weights: np.ndarray, q: float) -> float:
    """The smallest value that at least a share `q` of the weight does not exceed."""
    order = np.argsort(values, kind="stable")
    share = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][min(np.searchsorted(share, q), len(values) - 1)])
