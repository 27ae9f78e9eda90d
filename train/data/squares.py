"""From an image file to squares of its own pixels: one steady scale for all frames of an animation.

Sprites keep their pixel grid here: nothing is resampled by a fraction before a network enlarges it
(`train.data.enhance`).
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from gan.pictures.background import remove_background
from gan.pictures.errors import PictureError
from gan.pictures.read import read_frames
from gan.pictures.square import MARGIN, MOST_SIDE

# Of the frames' sizes, the percentile that decides the scale: what one frame throws out (a splash, a flame)
# must not make all the others small.
SIZE_PERCENTILE = 85
MOST_SIDES = 4  # pictures are averaged by a whole factor until they are less than twice so many results wide


@dataclass(frozen=True, slots=True)
class Framing:
    """What decides the squares of a file."""

    frames: int  # at most so many, evenly spread
    resolution: int  # of the finished image, in pixels
    keep_background: bool = False


def read_squares(
    path: Path, framing: Framing, only: Collection[int] | None = None
) -> list[tuple[int, np.ndarray]]:
    """(frame number, square) of the frames of a file, all of one side: premultiplied RGBA, uint8 [S, S, 4].

    Each frame is centred by what is visible in it, so that one which leaps through its picture stays in place
    and is as large as if it stood still. Frames that would not fit, which are larger than most by a seventh,
    are left out, as are empty ones and those not in `only`. Raises PictureError.
    """
    found: dict[int, Image.Image] = {}
    has_margin = False
    for number, frame in read_frames(path, framing.frames, framing.resolution * MOST_SIDES):
        picture = _prepared(frame, framing)
        if (box := picture.getchannel("a").getbbox()) is not None:
            found[number] = picture.crop(box)
            # Pictures without any transparency keep their edges.
            has_margin |= picture.getchannel("a").getextrema()[0] != 255
    if not found:
        return []
    side = _side([max(frame.size) for frame in found.values()], has_margin)
    return [
        (number, _centred(frame, side))
        for number, frame in found.items()
        if max(frame.size) <= side and (only is None or number in only)
    ]


def read_thumbnails(path: Path, framing: Framing, resolution: int) -> list[tuple[int, np.ndarray]]:
    """`read_squares`, but each averaged to uint8 [resolution, resolution, 4]."""
    return [(number, thumbnail(square, resolution)) for number, square in read_squares(path, framing)]


def thumbnail(square: np.ndarray, resolution: int) -> np.ndarray:
    """The square averaged (or, if it is smaller, enlarged) to uint8 [resolution, resolution, 4]."""
    size = (resolution, resolution)
    return np.asarray(Image.fromarray(square, "RGBa").resize(size, Image.Resampling.BOX))


def _prepared(frame: Image.Image, framing: Framing) -> Image.Image:
    """A frame premultiplied, not huge and, unless that is to stay, without a background."""
    factor = max(frame.size) // (framing.resolution * MOST_SIDES)
    picture = frame.convert("RGBa")
    if factor > 1:
        picture = picture.reduce(factor)
    return picture if framing.keep_background else remove_background(picture)


def _side(sizes: list[int], has_margin: bool) -> int:
    """The side of the square for frames of these sizes, in pixels. Raises PictureError for a huge one."""
    size = float(np.percentile(sizes, SIZE_PERCENTILE))
    side = round(size / (1 - 2 * MARGIN)) if has_margin else max(sizes)
    if side > MOST_SIDE:
        raise PictureError("it is too long and narrow to be made square")
    return side


def _centred(frame: Image.Image, side: int) -> np.ndarray:
    square = Image.new("RGBa", (side, side))
    square.paste(frame, ((side - frame.width) // 2, (side - frame.height) // 2))
    return np.asarray(square)
