"""The one reader of picture files: whatever Pillow reads safely, and SVG, as 8-bit straight-alpha RGBA.

What it refuses, it refuses with a reason, before anything large is unpacked.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePath

import numpy as np
from PIL import Image, ImageOps, features

from gan.pictures.errors import MOST_PIXELS, PictureError

LEAST_SIDE = 8  # pixels on the longer side: less is a mark, not a picture
VECTOR_SUFFIX = ".svg"

# Pillow's decoders for pictures of pixels. Left out are those that start other programs (EPS), read no pixels
# of their own (HDF5, GRIB, BUFR), need Windows (WMF), or are for science and games.
FORMATS = ("AVIF", "BMP", "DDS", "DIB", "GIF", "ICNS", "ICO", "JPEG", "JPEG2000", "PCX", "PNG", "PPM", "PSD")
FORMATS += ("QOI", "SGI", "TGA", "TIFF", "WEBP", "XBM", "XPM")
OPTIONAL = {"AVIF": "avif", "JPEG2000": "jpg_2000", "WEBP": "webp"}  # not in every build of Pillow
# In other files more than one picture means sizes, layers, or what a camera adds to a photograph.
WITH_FRAMES = frozenset({"AVIF", "GIF", "PNG", "TIFF", "WEBP"})


@cache
def _decoders() -> tuple[str, ...]:
    """Those of `FORMATS` that this Pillow has."""
    Image.init()
    return tuple(
        name
        for name in FORMATS
        if name in Image.OPEN and (name not in OPTIONAL or features.check(OPTIONAL[name]))
    )


@cache
def readable_suffixes() -> frozenset[str]:
    """The suffixes, in lower case, of the files that `read_frames` can read with this Pillow."""
    formats = {*_decoders(), "MPO"}  # a JPEG with more pictures, of which the first is taken
    known = {suffix for suffix, name in Image.registered_extensions().items() if name in formats}
    return frozenset(known | {VECTOR_SUFFIX})


def is_readable(name: PurePath) -> bool:
    """Whether a file of this name is taken for a picture."""
    return name.suffix.lower() in readable_suffixes()


def read_frames(path: Path, most: int = 1, vector_side: int = 512) -> Iterator[tuple[int, Image.Image]]:
    """(frame number, RGBA image) for up to `most` evenly spread frames of a still or animated picture.

    Each frame comes as it is seen on the screen, turned as its EXIF data say. A vector drawing is rendered
    with its longer side `vector_side` pixels. Raises `PictureError`.
    """
    try:
        yield from _read_frames(path, most, vector_side)
    except PictureError:
        raise
    except FileNotFoundError as error:
        raise PictureError("it is not there") from error
    except (IsADirectoryError, PermissionError) as error:
        raise PictureError(f"it cannot be read ({error.strerror})") from error
    except Image.DecompressionBombError as error:
        raise _too_large() from error
    except Image.UnidentifiedImageError as error:
        raise PictureError(_unidentified(path)) from error
    except MemoryError as error:
        raise PictureError("there is not enough memory for it") from error
    except Exception as error:  # decoders answer broken bytes with anything, struct.error or IndexError
        raise PictureError(f"it is damaged ({_first_line(error)})") from error


def _read_frames(path: Path, most: int, vector_side: int) -> Iterator[tuple[int, Image.Image]]:
    source: Path | io.BytesIO = path
    if path.suffix.lower() == VECTOR_SUFFIX:
        from gan.pictures.vector import render

        source = io.BytesIO(render(path, vector_side))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Pillow, about sizes that are checked here and other oddities
        with Image.open(source, formats=_decoders()) as image:
            width, height = image.size
            if max(width, height) < LEAST_SIDE:
                raise PictureError(f"{width}×{height} pixels are too few: at least {LEAST_SIDE} are needed")
            _check_size(image)
            count = getattr(image, "n_frames", 1) if image.format in WITH_FRAMES else 1
            for number in spread(count, most):
                if number:  # seeking composes all frames before this one
                    image.seek(number)
                    _check_size(image)
                yield number, to_rgba(image)


def spread(count: int, wanted: int) -> list[int]:
    """At most `wanted` frame numbers spread evenly over `count` frames, the first frame always among them."""
    if count <= wanted:
        return list(range(count))
    return [i * count // wanted for i in range(wanted)]


def to_rgba(image: Image.Image) -> Image.Image:
    """An opened picture's present frame as 8-bit straight-alpha RGBA, upright; without alpha it is opaque.

    16 bits and more are scaled to 8, and a transparent colour (PNG's tRNS) becomes alpha.
    """
    rawmode = _rawmode(image)  # what the file holds; loading forgets it
    upright = ImageOps.exif_transpose(image)
    if upright.mode == "F" or upright.mode.startswith("I"):
        return _from_deep(upright)
    if rawmode == "RGB;16B" and isinstance(colour := upright.info.get("transparency"), tuple):
        upright.info["transparency"] = tuple(value >> 8 for value in colour)  # Pillow scaled the pixels alone
    return upright.convert("RGBA")


def _from_deep(image: Image.Image) -> Image.Image:
    """Grey of 16 or 32 bits or floating point, which Pillow would clip where it should scale."""
    values = np.asarray(image)
    if image.mode == "F":
        finite = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
        grey = finite * (255 if finite.max(initial=0) <= 1 else 1)  # 0 to 1 by custom, or 0 to 255
    else:
        grey = values // 257
    rgba = Image.fromarray(grey.clip(0, 255).astype(np.uint8)).convert("RGBA")
    if isinstance(clear := image.info.get("transparency"), int):
        rgba.putalpha(Image.fromarray(np.where(values == clear, 0, 255).astype(np.uint8)))
    return rgba


def _rawmode(image: Image.Image) -> str | None:
    """What Pillow calls the layout of the pixels in the file, where it has not read them yet."""
    tiles = getattr(image, "tile", None)
    arguments = tiles[0][3] if tiles else None
    return next(iter(arguments), None) if isinstance(arguments, tuple) else arguments


def _unidentified(path: Path) -> str:
    if path.stat().st_size == 0:
        return "it is empty"
    if path.suffix and not is_readable(path):
        return f"this Pillow cannot read {path.suffix.lower()} files: save it as PNG or JPEG"
    return "it is not an image, whatever its name says"


def _check_size(image: Image.Image) -> None:
    if image.width * image.height > MOST_PIXELS:
        raise _too_large()


def _too_large() -> PictureError:
    return PictureError(f"it is too large: at most {MOST_PIXELS // 10**6} million pixels are decoded")


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__
