"""Animations with a transparent background: GIF for wherever GIFs go, APNG where edges should be soft."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import Blend, Disposal

from gan.pictures.sprite import Pixels, enlarge

Format = Literal["gif", "apng"]
Packed = NDArray[np.integer[Any]]  # colours as 0xRRGGBB

FORMATS: dict[str, Format] = {".gif": "gif", ".apng": "apng", ".png": "apng"}  # by suffix
OPAQUE = 128  # a GIF's pixel is there or not: from this alpha on it is
CLEAR = 255  # the palette index of what is not there; 255 colours are left
SAMPLE = 1 << 16  # pixels, at least, that a palette is chosen from, where there are more colours than it has
GIF_RESTORE_BACKGROUND = 2  # disposal: clear a frame before the next, or transparent pixels show the old one
GIF_TICK_MS = 10
FPS_MAX = 50  # viewers slow a GIF down whose frames last less than 20 ms


def encode(
    frames: Sequence[Pixels] | Pixels, format: Format, fps: float, scale: int = 1, loop: bool = True
) -> bytes:
    """Frames uint8 [H, W, 4] as an animation that plays for ever, or once, enlarged by a whole factor.

    A GIF has one palette for all frames, so that still parts do not flicker. An APNG keeps every pixel.
    """
    if format == "gif":
        images, options = _indexed(frames, scale), _gif_options(len(frames), fps, loop)
    else:
        images = [Image.fromarray(enlarge(frame, scale)) for frame in frames]
        options = _apng_options(len(frames), fps, loop)
    buffer = io.BytesIO()
    images[0].save(buffer, save_all=True, append_images=images[1:], **options)
    return buffer.getvalue()


def durations_ms(count: int, fps: float, tick_ms: int) -> list[int]:
    """Of each frame, in whole ticks, such that rounding never adds up to more than half a tick."""
    ends = [round(i * 1000 / fps / tick_ms) * tick_ms for i in range(count + 1)]
    return [b - a for a, b in itertools.pairwise(ends)]


def _gif_options(count: int, fps: float, loop: bool) -> dict[str, Any]:
    return {
        "format": "GIF",
        "duration": durations_ms(count, fps, GIF_TICK_MS),
        "disposal": GIF_RESTORE_BACKGROUND,
        "transparency": CLEAR,
        "background": CLEAR,
        "optimize": False,  # it would sort each frame's palette anew
        **({"loop": 0} if loop else {}),  # without this block a GIF plays once
    }


def _apng_options(count: int, fps: float, loop: bool) -> dict[str, Any]:
    return {
        "format": "PNG",
        "duration": durations_ms(count, fps, 1),
        "disposal": Disposal.OP_NONE,
        "blend": Blend.OP_SOURCE,  # a frame's pixels replace, transparency and all
        "loop": 0 if loop else 1,
    }


def _indexed(frames: Sequence[Pixels] | Pixels, scale: int) -> list[Image.Image]:
    """Palette images that share one palette."""
    stack = np.stack(list(frames))
    there = stack[..., 3] >= OPAQUE
    palette, index_of = _palette(_packed(stack[..., :3])[there])
    images: list[Image.Image] = []
    for frame, visible in zip(stack, there, strict=True):
        indexes = np.where(visible, index_of(_packed(frame[..., :3])), CLEAR).astype(np.uint8)
        image = Image.fromarray(indexes.repeat(scale, axis=0).repeat(scale, axis=1), "P")
        image.putpalette(_full(palette))
        images.append(image)
    return images


def _packed(colours: NDArray[np.uint8]) -> Packed:
    """RGB [..., 3] as one number each."""
    red, green, blue = (colours[..., i].astype(np.int32) for i in range(3))
    return red << 16 | green << 8 | blue


def _unpacked(packed: Packed) -> NDArray[np.uint8]:
    return np.stack([packed >> 16, packed >> 8 & 255, packed & 255], axis=-1).astype(np.uint8)


def _palette(colours: Packed) -> tuple[NDArray[np.uint8], Callable[[Packed], Packed]]:
    """Up to CLEAR colours [N, 3] for all of these, and what gives each pixel the index of its own.

    Exact where no more are needed. Else chosen from a sample, and found by a table of 2^15 cells: matching
    millions of pixels one by one would take many seconds.
    """
    sample = colours[:: max(1, len(colours) // SAMPLE)]
    known = np.unique(sample)
    if len(known) <= CLEAR and len(known := np.unique(colours)) <= CLEAR:
        return _unpacked(known), lambda pixels: np.searchsorted(known, pixels)
    chosen = Image.fromarray(_unpacked(sample)[None]).quantize(CLEAR, Image.Quantize.MEDIANCUT, kmeans=1)
    palette = np.frombuffer(bytes(chosen.getpalette() or [])[: 3 * CLEAR], np.uint8).reshape(-1, 3)
    nearest = _nearest(palette)
    return palette, lambda pixels: nearest[_cells(pixels)]


def _cells(packed: Packed) -> Packed:
    """Which of 32 × 32 × 32 cells each colour lies in."""
    return packed >> 9 & 0x7C00 | packed >> 6 & 0x3E0 | packed >> 3 & 0x1F


def _nearest(palette: NDArray[np.uint8]) -> Packed:
    """For each cell, the colour [N, 3] that is nearest to its middle."""
    axis = np.arange(32, dtype=np.float32) * 8 + 3.5
    middles = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    known = palette.astype(np.float32)
    # |m - p|² without the |m|² that all candidates share.
    return ((known**2).sum(1) - 2 * middles @ known.T).argmin(1)


def _full(palette: NDArray[np.uint8]) -> bytes:
    """256 RGB entries, the last one for what is transparent."""
    return palette.tobytes().ljust(3 * CLEAR, b"\0") + b"\xff\xff\xff"
