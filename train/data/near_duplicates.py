"""Which images of one species are worth keeping: near-duplicates out, and not too many of the rest.

Two images are compared as thumbnails of 16×16 pixels, premultiplied, by the mean absolute difference of their
numbers (0–255). All of it is integer arithmetic, so that every machine keeps the same images.
"""

import numpy as np

SIDE = 16  # pixels of a thumbnail


def thumbnails(images: np.ndarray) -> np.ndarray:
    """uint8 [N, R, R, 4] → uint8 [N, D]: area averages at 16×16, or at R×R where that is smaller."""
    n, resolution = images.shape[:2]
    side = min(SIDE, resolution)
    factor = resolution // side
    cells = images.reshape(n, side, factor, side, factor, 4).sum((2, 4), dtype=np.uint32)
    return ((cells + factor**2 // 2) // factor**2).astype(np.uint8).reshape(n, side * side * 4)


def distinct(thumbs: np.ndarray, threshold: float) -> np.ndarray:
    """bool [N]: each image unless it differs by less than `threshold` from one that is kept before it.

    thumbs: uint8 [N, D] of one species. No two kept images are nearer than the threshold, and every other one
    is nearer than that to a kept one.
    """
    keep = np.zeros(len(thumbs), dtype=bool)
    limit = threshold * thumbs.shape[1]
    kept = np.empty(thumbs.shape, dtype=np.int16)
    totals = thumbs.sum(1, dtype=np.int64)
    kept_totals = np.empty(len(thumbs), dtype=np.int64)
    count = 0
    for i, thumb in enumerate(thumbs.astype(np.int16)):
        # Sums differ by no more than their terms do, so that few images need a full comparison.
        candidates = np.flatnonzero(np.abs(kept_totals[:count] - totals[i]) < limit)
        if (np.abs(kept[candidates] - thumb).sum(1, dtype=np.int64) < limit).any():
            continue
        keep[i] = True
        kept[count], kept_totals[count] = thumb, totals[i]
        count += 1
    return keep


def most_various(thumbs: np.ndarray, count: int) -> np.ndarray:
    """int64 [count], ascending: the first image, then each time the one farthest from all that are chosen.

    thumbs: uint8 [N, D], N ≥ count ≥ 1. Gonzalez (1985), "Clustering to minimize the maximum intercluster
    distance": the chosen leave no image farther away than twice what the best choice would.
    """
    numbers = thumbs.astype(np.int16)
    chosen = [0]
    nearest = np.abs(numbers - numbers[0]).sum(1, dtype=np.int64)
    while len(chosen) < count:
        nearest[chosen[-1]] = -1  # never again, even where all that is left looks the same
        chosen.append(int(nearest.argmax()))
        np.minimum(nearest, np.abs(numbers - numbers[chosen[-1]]).sum(1, dtype=np.int64), out=nearest)
    return np.sort(np.array(chosen, dtype=np.int64))
