"""Connected parts of a picture: specks that are removed, holes that are closed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gan.pictures.sprite import Pixels

Mask = NDArray[np.bool_]


def without_small(mask: Mask, least: int, *, diagonal: bool) -> Mask:
    """The mask without its connected components of fewer than `least` pixels."""
    if least <= 1 or not mask.any():
        return mask
    label = components(mask, diagonal=diagonal)
    sizes = np.bincount(label.ravel(), minlength=mask.size + 1)
    return mask & (sizes[label] >= least)


def components(mask: Mask, *, diagonal: bool) -> NDArray[np.intp]:
    """[H, W]: the same number, from 1 to H·W, for all pixels of a component; 0 outside of the mask.

    Each pixel takes the largest number around it and then that number's own number, which halves the way
    that is left each time: a few rounds are enough even for a spiral.
    """
    height, width = mask.shape
    label = np.where(mask, np.arange(1, mask.size + 1).reshape(mask.shape), 0)
    padded = np.zeros((height + 2, width + 2), label.dtype)
    around = padded[1:-1, 1:-1]
    while True:
        around[...] = label
        across = np.maximum(np.maximum(padded[:, :-2], padded[:, 2:]), padded[:, 1:-1])
        if diagonal:
            largest = np.maximum(np.maximum(across[:-2], across[2:]), across[1:-1])
        else:
            largest = np.maximum(np.maximum(padded[:-2, 1:-1], padded[2:, 1:-1]), across[1:-1])
        largest[~mask] = 0
        numbers = np.concatenate([[0], largest.ravel()])  # a number is also the place of a pixel
        jumped = numbers[numbers[largest]]
        if (jumped == label).all():
            return label
        label = jumped


def spread(colours: Pixels, solid: Mask, closed: Mask) -> Pixels:
    """Give pixels that were closed the mean colour of the solid ones around them, from the rim inwards."""
    missing = closed & ~solid
    if not missing.any():
        return colours
    height, width = solid.shape
    known = np.where(solid[..., None], np.dstack([colours, np.ones_like(solid)]), 0).astype(np.float32)
    while missing.any():
        padded = np.pad(known, [(1, 1), (1, 1), (0, 0)])
        shifted = [padded[y : y + height, x : x + width] for y in range(3) for x in range(3)]
        around = np.sum(shifted, axis=0)
        reached = missing & (around[..., 3] > 0)
        known[reached] = around[reached] / around[reached, 3:]
        missing &= ~reached
    return np.where(closed[..., None], np.rint(known[..., :3]), colours).astype(np.uint8)
