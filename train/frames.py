"""From one image file to small square sprites: decode, crop, pad, resample. Pure, so fit for workers."""

import importlib.util
import io
import os
import signal
import threading
import warnings
from multiprocessing import parent_process
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

MARGIN = 0.06  # transparent border on each side, as a share of the finished square
MIN_SIDE = 8  # pixels on the longer side of a file: less is a mark, not a picture
MAX_SQUARE = 16_384**2  # pixels: a strip of few may need a square of far too many
VECTOR_SCALE = 4  # vector drawings are rendered so many times larger than what they become


class UnfitImage(ValueError):
    """A file that opens but is no picture to learn from. Its text says why."""


def spread(count: int, wanted: int) -> list[int]:
    """At most `wanted` frame numbers spread evenly over `count` frames, the first frame always among them."""
    if count <= wanted:
        return list(range(count))
    return [i * count // wanted for i in range(wanted)]


def to_rgba(frame: Image.Image) -> Image.Image:
    """One decoded frame as 8-bit straight-alpha RGBA; images without alpha become opaque."""
    if frame.mode.startswith("I"):  # 16 bits: Pillow would clip where it should scale
        frame = Image.fromarray((np.asarray(frame) // 257).clip(0, 255).astype(np.uint8))
    return frame.convert("RGBA")


def to_sprite(rgba: Image.Image, resolution: int, margin: float = MARGIN) -> np.ndarray | None:
    """Crop to what is opaque, pad to a square, resample. None where nothing is visible.

    Returns premultiplied RGBA, uint8 [resolution, resolution, 4]. Everything is resampled premultiplied, so
    that the colour stored under transparent pixels never bleeds into an outline. A picture without any
    transparency keeps its edges: it gets no margin. Raises UnfitImage for a strip so long that its square
    would fill the memory.
    """
    alpha = rgba.getchannel("A")
    box = alpha.getbbox()
    if box is None:
        return None
    low, _ = alpha.getextrema()
    premultiplied = rgba.crop(box).convert("RGBa")
    width, height = premultiplied.size
    longest = max(width, height)
    side = longest if low == 255 else round(longest / (1 - 2 * margin))
    if side**2 > MAX_SQUARE:
        raise UnfitImage(f"{width}×{height} pixels are too long and narrow to be made square")
    canvas = Image.new("RGBa", (side, side))
    canvas.paste(premultiplied, ((side - width) // 2, (side - height) // 2))
    how = Image.Resampling.BOX if side > resolution else Image.Resampling.BICUBIC
    pixels = np.array(canvas.resize((resolution, resolution), how))
    # Bicubic overshoots: colour above its alpha would be no colour at all.
    pixels[..., :3] = np.minimum(pixels[..., :3], pixels[..., 3:])
    return pixels if pixels[..., 3].any() else None


def read_sprites(path: Path, resolution: int, frames: int) -> list[tuple[int, np.ndarray]]:
    """(frame number, sprite) for up to `frames` evenly spread frames of a still or animated image file.

    Sprites are premultiplied RGBA, uint8 [resolution, resolution, 4]; empty frames are left out. Raises
    UnfitImage for a picture that is too small or, as a decompression bomb is, too large, and whatever Pillow
    or resvg raise for a file that they cannot read.
    """
    sprites = []
    source = io.BytesIO(_render(path, resolution * VECTOR_SCALE)) if path.suffix.lower() == ".svg" else path
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(source) as image:
            width, height = image.size
            if max(width, height) < MIN_SIDE:
                raise UnfitImage(f"{width}×{height} pixels are too few: at least {MIN_SIDE} are needed")
            count = getattr(image, "n_frames", 1)
            for number in spread(count, frames):
                # Seeking composes all frames before this one, so each comes out as it is seen on the screen.
                image.seek(number)
                frame = ImageOps.exif_transpose(image) if count == 1 else image
                sprite = to_sprite(to_rgba(frame), resolution)
                if sprite is not None:
                    sprites.append((number, sprite))
    return sprites


def can_render() -> bool:
    """Whether vector drawings can be read: resvg-py is an optional package."""
    return importlib.util.find_spec("resvg_py") is not None


def _render(path: Path, side: int) -> bytes:
    """A vector drawing as PNG, its longer side `side` pixels."""
    import resvg_py

    try:
        # Both bounds, since a drawing of 1 × 1,000,000 would exhaust the memory with either alone. No fonts
        # of the machine, so that the picture is the same everywhere.
        return resvg_py.svg_to_bytes(svg_path=str(path), width=side, height=side, skip_system_fonts=True)
    except (Exception, KeyboardInterrupt):
        raise
    except BaseException as error:  # a panic of the renderer is not an Exception
        raise UnfitImage(f"the renderer failed ({error})") from error


def try_read(path: Path, resolution: int, frames: int) -> list[tuple[int, np.ndarray]] | str:
    """`read_sprites`, but a file that cannot be used gives the reason as text instead."""
    try:
        return read_sprites(path, resolution, frames) or "nothing in it is visible"
    except UnfitImage as error:
        return str(error)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        return f"it is too large: at most {Image.MAX_IMAGE_PIXELS} pixels are decoded"
    except Image.UnidentifiedImageError:
        return "it is empty" if path.stat().st_size == 0 else "it is not an image, whatever its name says"
    except Exception as error:  # decoders answer broken bytes with anything from struct.error to IndexError
        return f"it is damaged ({error or type(error).__name__})"


def start_worker() -> None:
    """Tie a worker to its parent: leave Ctrl-C to it, and end when it ends, even when it is killed.

    A pool's workers hold both ends of their queue, so they would wait for ever for a parent that is gone.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if (parent := parent_process()) is not None:
        threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()
