"""What an uploaded picture shows, alone on a transparent square, or the reason why that cannot be told.

The bytes are anybody's: sizes are looked at before anything is unpacked, and only a few decoders are tried.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gan.pictures.background import LEAST_LEFT, NEAR, RIM, UNIFORM, remove_background
from gan.pictures.components import without_small
from gan.pictures.errors import PictureError
from gan.pictures.read import to_rgba
from gan.pictures.square import to_square, to_straight

SIDE = 256  # pixels of the result
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
MOVING = {"PNG", "WEBP", "GIF"}  # a JPEG's further pictures are what a camera adds
MOST_PIXELS = 25_000_000
LEAST_SIDE = 16  # pixels on the shorter side
WORKING_SIDE = 512  # pixels: pictures twice as large are averaged by a whole factor first
GREY, WHITE = 100.0, 250.0  # from what on a background without colour is paper, and what paper is taken for
SPECK = 0.004  # of what is visible: smaller parts that stand alone are dust on the paper

Colour = NDArray[np.float32]  # [H, W, 3]
Reason = Literal["unknown", "damaged", "small", "large", "empty", "background"]


class SubjectError(PictureError):
    """A picture whose subject cannot be had, with the reason."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


@dataclass(frozen=True, eq=False)
class Subject:
    """What a picture shows."""

    pixels: NDArray[np.uint8]  # straight-alpha RGBA [SIDE, SIDE, 4]
    animated: bool  # there were more frames than the first, which is the one that was taken


def read_subject(data: bytes) -> Subject:
    """The subject of a PNG, JPEG, WebP or GIF. Raises `SubjectError`.

    A picture with any transparency is taken as it is; from any other its near-uniform background is removed.
    """
    picture, animated = _read(data)
    if not picture.getchannel("a").getextrema()[1]:
        raise SubjectError("empty")
    opaque = picture.getchannel("a").getextrema()[0] == 255
    square = to_square((_cut_out(picture) if opaque else picture).convert("RGBA"), SIDE)
    if square is None:
        raise SubjectError("empty")
    return Subject(to_straight(square), animated)


def _read(data: bytes) -> tuple[Image.Image, bool]:
    """The first frame, premultiplied (RGBa) and not huge; and whether there are more."""
    Image.init()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Pillow, about sizes that are checked here
            with Image.open(io.BytesIO(data), formats=[f for f in FORMATS if f in Image.OPEN]) as image:
                return _first_frame(image)
    except SubjectError:
        raise
    except (Image.DecompressionBombError, MemoryError) as error:
        raise SubjectError("large") from error
    except Image.UnidentifiedImageError as error:
        raise SubjectError("unknown") from error
    except Exception as error:  # decoders answer broken bytes with anything, struct.error or IndexError
        raise SubjectError("damaged") from error


def _first_frame(image: Image.Image) -> tuple[Image.Image, bool]:
    if image.width * image.height > MOST_PIXELS:
        raise SubjectError("large")
    if min(image.size) < LEAST_SIDE:
        raise SubjectError("small")
    animated = image.format in MOVING and bool(getattr(image, "is_animated", False))
    image.seek(0)
    image.draft("RGB", (WORKING_SIDE, WORKING_SIDE))  # a JPEG is unpacked no larger than need be
    premultiplied = to_rgba(image).convert("RGBa")
    factor = max(premultiplied.size) // WORKING_SIDE
    return (premultiplied.reduce(factor) if factor > 1 else premultiplied), animated


def _cut_out(picture: Image.Image) -> Image.Image:
    """An opaque picture without its background and without dust. Raises `SubjectError`."""
    colour = np.asarray(picture)[..., :3].astype(np.float32)
    off = np.abs(colour - np.median(colour.reshape(-1, 3), axis=0)).max(axis=2) > NEAR
    if off.mean() < LEAST_LEFT:
        raise SubjectError("empty")
    alone = remove_background(picture)
    if _is_opaque(alone) and (even := _evenly_lit(colour)) is not None:
        alone = remove_background(even)
    if _is_opaque(alone):
        raise SubjectError("background")
    pixels = np.array(alone)
    solid = pixels[..., 3] > 127
    kept = without_small(solid, round(SPECK * solid.sum()), diagonal=True)
    if kept.mean() < LEAST_LEFT:
        raise SubjectError("empty")
    pixels[_far_from(kept)] = 0
    return Image.fromarray(pixels, "RGBa")


def _is_opaque(picture: Image.Image) -> bool:
    return picture.getchannel("a").getextrema()[0] == 255


def _far_from(kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What is no neighbour of what is kept, whose soft edges stay."""
    near = kept.copy()
    for axis in (0, 1):
        for step in (-1, 1):
            near |= np.roll(near, step, axis)
    return ~near


def _evenly_lit(colour: Colour) -> Image.Image | None:
    """A picture as if one light had fallen on all of its background; None where that is not what differs.

    How bright the background is follows from the rim, as a quadratic of the place: paper under a lamp, or in
    a corner's shade.
    """
    height, width = colour.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    terms = np.stack([np.ones_like(x), x, y, x * y, x * x, y * y], axis=-1)
    depth = max(1, round(RIM * min(height, width)))
    rim = np.ones((height, width), dtype=bool)
    rim[depth:-depth, depth:-depth] = False
    values, places = colour[rim], terms[rim]
    like = np.ones(len(values), dtype=bool)
    fitted, weights = values, np.zeros((terms.shape[-1], 3))
    for _ in range(3):  # without what touches the edge and is no background
        if like.sum() < 6:
            return None
        weights = np.linalg.lstsq(places[like], values[like], rcond=None)[0]
        fitted = places @ weights
        like = np.abs(values - fitted).max(axis=1) <= NEAR
    if like.mean() < UNIFORM or fitted.min() < NEAR:
        return None
    light = (terms @ weights).clip(NEAR, None)
    paper = np.median(fitted, axis=0)
    if paper.min() > GREY and np.ptp(paper) < NEAR:
        paper = WHITE  # colours are as bright as on paper in the sun
    even = (colour * paper / light).clip(0, 255).round().astype(np.uint8)
    return Image.fromarray(even).convert("RGBA").convert("RGBa")
