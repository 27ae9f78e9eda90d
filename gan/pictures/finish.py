"""The last touch: hard edges, few colours and no stray pixels, so that a picture reads as a sprite.

A network paints with soft edges and thousands of colours; sprites of the fourth and fifth generation have
neither. The finish belongs to a checkpoint (`gan.checkpoint`), as its weights do: the same creature on the
same checkpoint always has the same pixels.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from PIL import Image

from gan.pictures.bounds import check_whole_numbers
from gan.pictures.components import spread, without_small
from gan.pictures.sprite import Pixels

KMEANS_STOP = 100  # pixels: k-means ends when fewer than these change their colour in a round


@dataclass(frozen=True)
class Finish:
    """How pictures are finished. Raises `ValueError` for what cannot be done."""

    colours: int = 16  # of a palette; what is transparent does not count
    opaque_from: int = 112  # alpha, of 255, from which on a pixel belongs to the creature
    smallest_island: int = 40  # pixels: smaller opaque specks are removed
    largest_hole: int = 5  # pixels: holes up to this size are closed

    def __post_init__(self) -> None:
        check_whole_numbers(
            self,
            ("colours", 2, 256),
            ("opaque_from", 1, 255),
            ("smallest_island", 0, 4096),
            ("largest_hole", 0, 4096),
        )

    def to_dict(self) -> dict[str, int]:
        """As plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Finish:
        """The inverse of `to_dict`. Raises `TypeError` for unknown fields, `ValueError` for wrong values."""
        return cls(**values)

    def __call__(self, sprite: Pixels) -> Pixels:
        """Straight-alpha uint8 [H, W, 4] → the same, with alpha 0 or 255 and at most `colours` colours."""
        solid = without_small(sprite[..., 3] >= self.opaque_from, self.smallest_island, diagonal=True)
        # A hole is bounded by sides, as a speck is joined by corners: else one line could be both.
        closed = ~without_small(~solid, self.largest_hole + 1, diagonal=False)
        finished = np.zeros_like(sprite)
        if not closed.any():
            return finished
        colours = spread(sprite[..., :3], solid, closed)[closed]
        palette = Image.fromarray(colours[None]).quantize(
            self.colours, Image.Quantize.MEDIANCUT, kmeans=KMEANS_STOP, dither=Image.Dither.NONE
        )
        finished[closed, :3] = np.asarray(palette.convert("RGB"))[0]
        finished[closed, 3] = 255
        return finished
