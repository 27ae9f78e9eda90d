"""The last touch: hard edges, few colours and no stray pixels, so that a picture reads as a sprite.

A network paints with soft edges and thousands of colours; sprites of the fourth and fifth generation have
neither. The finish belongs to a checkpoint (`gan.checkpoint`), as its weights do: the same creature on the
same checkpoint always has the same pixels.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gan.sprite import Pixels

Mask = NDArray[np.bool_]

KMEANS_STOP = 100  # pixels: k-means ends when fewer than these change their colour in a round


@dataclass(frozen=True)
class Finish:
    """How pictures are finished. Raises `ValueError` for what cannot be done."""

    colours: int = 16  # of a palette; what is transparent does not count
    opaque_from: int = 112  # alpha, of 255, from which on a pixel belongs to the creature
    smallest_island: int = 40  # pixels: smaller opaque specks are removed
    largest_hole: int = 5  # pixels: holes up to this size are closed

    def __post_init__(self) -> None:
        for name, least, most in (
            ("colours", 2, 256),
            ("opaque_from", 1, 255),
            ("smallest_island", 0, 4096),
            ("largest_hole", 0, 4096),
        ):
            value = getattr(self, name)
            if type(value) is not int or not least <= value <= most:
                raise ValueError(f"{name} is a whole number from {least} to {most}, not {value!r}")

    def to_dict(self) -> dict[str, int]:
        """As plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Finish:
        """The inverse of `to_dict`. Raises `TypeError` for unknown fields, `ValueError` for wrong values."""
        return cls(**values)

    def __call__(self, sprite: Pixels) -> Pixels:
        """Straight-alpha uint8 [H, W, 4] → the same, with alpha 0 or 255 and at most `colours` colours."""
        solid = _without_small(sprite[..., 3] >= self.opaque_from, self.smallest_island, diagonal=True)
        # A hole is bounded by sides, as a speck is joined by corners: else one line could be both.
        closed = ~_without_small(~solid, self.largest_hole + 1, diagonal=False)
        finished = np.zeros_like(sprite)
        if not closed.any():
            return finished
        colours = _spread(sprite[..., :3], solid, closed)[closed]
        palette = Image.fromarray(colours[None]).quantize(
            self.colours, Image.Quantize.MEDIANCUT, kmeans=KMEANS_STOP, dither=Image.Dither.NONE
        )
        finished[closed, :3] = np.asarray(palette.convert("RGB"))[0]
        finished[closed, 3] = 255
        return finished


def _without_small(mask: Mask, least: int, *, diagonal: bool) -> Mask:
    """The mask without its connected components of fewer than `least` pixels."""
    if least <= 1 or not mask.any():
        return mask
    label = _components(mask, diagonal=diagonal)
    sizes = np.bincount(label.ravel(), minlength=mask.size + 1)
    return mask & (sizes[label] >= least)


def _components(mask: Mask, *, diagonal: bool) -> NDArray[np.intp]:
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


def _spread(colours: Pixels, solid: Mask, closed: Mask) -> Pixels:
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
