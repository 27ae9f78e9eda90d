"""An image file as the target of a projection: cropped, squared and resampled like training's sprites."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from gan.errors import UserError
from gan.pictures.errors import PictureError
from gan.pictures.read import read_frames
from gan.pictures.sprite import Pixels, enlarge
from gan.pictures.square import to_square, to_straight

VECTOR_SCALE = 4  # vector drawings are rendered so many times larger than what they become


class TargetError(UserError, ValueError):
    """An image file that cannot be used."""


def read_target(path: Path, resolution: int) -> Pixels:
    """The first frame of an image file as a straight-alpha sprite uint8 [resolution, resolution, 4].

    A sprite of that size, or one enlarged by a whole factor, keeps its place in the frame. Raises
    `TargetError` for a file that is missing, no image, damaged, too large or fully transparent.
    """
    try:
        ((_, rgba),) = read_frames(path, 1, resolution * VECTOR_SCALE)
        if rgba.getchannel("A").getbbox() is None:
            raise TargetError(f"{path} is fully transparent: there is nothing to project.")
        kept = _as_sprite(np.asarray(rgba), resolution)
        return fit(rgba, resolution) if kept is None else kept
    except PictureError as error:
        raise TargetError(f"{path} cannot be projected: {error}.") from error


def fit(rgba: Image.Image, resolution: int) -> Pixels:
    """An RGBA picture as a straight-alpha sprite uint8 [resolution, resolution, 4]; see `to_square`."""
    square = to_square(rgba, resolution)
    return np.zeros((resolution, resolution, 4), np.uint8) if square is None else to_straight(square)


def fills_its_frame(sprite: Pixels) -> bool:
    """Whether what is visible is one whole rectangle: a picture that still has its background."""
    there = sprite[..., 3] > 128
    rows, columns = np.flatnonzero(there.any(axis=1)), np.flatnonzero(there.any(axis=0))
    return bool(len(rows) and there[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all())


def _as_sprite(pixels: Pixels, resolution: int) -> Pixels | None:
    """A sprite of this resolution that was enlarged by repeating pixels, at its own size; None for others."""
    factor = pixels.shape[0] // resolution
    small = pixels[::factor, ::factor] if factor else pixels
    if small.shape[:2] != (resolution, resolution):
        return None
    return small if np.array_equal(enlarge(small, factor), pixels) else None
