"""From a picture of any size to a square sprite: crop, pad, resample. The only place that does it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gan.pictures.errors import PictureError

MARGIN = 0.06  # transparent border on each side, as a share of the finished square
MOST_SIDE = 16_384  # pixels: a longer strip would be next to nothing in its square
WORKING_SIDE = 2048  # pixels: squares twice as large are shrunk by a whole factor first, which bounds memory

Box = tuple[int, int, int, int]  # left, upper, right, lower


def to_square(
    rgba: Image.Image,
    resolution: int,
    margin: float = MARGIN,
    box: Box | None = None,
) -> NDArray[np.uint8] | None:
    """Crop to `box`, or to what is visible, pad to a square, resample. None where nothing is visible.

    Returns premultiplied RGBA, uint8 [resolution, resolution, 4]. Everything is resampled premultiplied, so
    that the colour stored under transparent pixels never bleeds into an outline. A picture without any
    transparency keeps its edges: it gets no margin. Raises `PictureError` for a strip that is far too long.
    """
    alpha = rgba.getchannel("A")
    box = box or alpha.getbbox()
    if box is None:
        return None
    opaque = alpha.getextrema()[0] == 255
    width, height = box[2] - box[0], box[3] - box[1]
    longest = max(width, height)
    side = longest if opaque else round(longest / (1 - 2 * margin))
    if side > MOST_SIDE:
        raise PictureError(f"{width}×{height} pixels are too long and narrow to be made square")
    premultiplied = rgba.crop(box).convert("RGBa")
    if (factor := side // WORKING_SIDE) > 1:
        premultiplied = premultiplied.reduce(factor)
        width, height, side = premultiplied.width, premultiplied.height, -(-side // factor)
    canvas = Image.new("RGBa", (side, side))
    canvas.paste(premultiplied, ((side - width) // 2, (side - height) // 2))
    how = Image.Resampling.BOX if side > resolution else Image.Resampling.BICUBIC
    pixels = np.array(canvas.resize((resolution, resolution), how))
    # Bicubic overshoots: colour above its alpha would be no colour at all.
    pixels[..., :3] = np.minimum(pixels[..., :3], pixels[..., 3:])
    return pixels if pixels[..., 3].any() else None


def to_straight(premultiplied: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Premultiplied RGBA uint8 [H, W, 4] → straight alpha, as PNGs have it."""
    return np.array(Image.fromarray(premultiplied, "RGBa").convert("RGBA"))
