"""An image file as the target of a projection: cropped, squared and resampled like training's sprites."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from gan.sprite import Pixels, enlarge

MARGIN = 0.06  # transparent border on each side, as a share of the square: what training's sprites have
MOST_PIXELS = 64_000_000  # larger pictures are refused before they are unpacked


class TargetError(ValueError):
    """An image file that cannot be used. Its text is fit to show to a user."""


def read_target(path: Path, resolution: int) -> Pixels:
    """The first frame of an image file as a straight-alpha sprite uint8 [resolution, resolution, 4].

    A sprite of that size, or one enlarged by a whole factor, keeps its place in the frame. Raises
    `TargetError` for a file that is missing, no image, damaged, too large or fully transparent.
    """
    try:
        with Image.open(path) as image:
            if image.width * image.height > MOST_PIXELS:
                raise TargetError(f"{path} is too large: {image.width}×{image.height} pixels.")
            rgba = ImageOps.exif_transpose(image).convert("RGBA")
    except TargetError:
        raise
    except FileNotFoundError as error:
        raise TargetError(f"There is no image at {path}.") from error
    except (IsADirectoryError, PermissionError) as error:
        raise TargetError(f"{path} cannot be read: {error.strerror}.") from error
    except Exception as error:  # decoders answer broken bytes with anything from OSError to IndexError
        raise TargetError(f"{path} is not an image that can be read, or it is damaged.") from error
    if rgba.getchannel("A").getbbox() is None:
        raise TargetError(f"{path} is fully transparent: there is nothing to project.")
    kept = _as_sprite(np.asarray(rgba), resolution)
    return fit(rgba, resolution) if kept is None else kept


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


def fit(rgba: Image.Image, resolution: int) -> Pixels:
    """An RGBA picture as a sprite: cropped to what is visible, padded to a square, resampled premultiplied.

    Premultiplied, so that the colour stored under transparent pixels never bleeds into an outline. A picture
    without any transparency gets no margin.
    """
    opaque = rgba.getchannel("A").getextrema()[0] == 255
    premultiplied = rgba.crop(rgba.getchannel("A").getbbox()).convert("RGBa")
    width, height = premultiplied.size
    longest = max(width, height)
    side = longest if opaque else round(longest / (1 - 2 * MARGIN))
    canvas = Image.new("RGBa", (side, side))
    canvas.paste(premultiplied, ((side - width) // 2, (side - height) // 2))
    how = Image.Resampling.BOX if side > resolution else Image.Resampling.BICUBIC
    return np.array(canvas.resize((resolution, resolution), how).convert("RGBA"))
