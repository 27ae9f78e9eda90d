"""Animations with a transparent background: GIF for wherever GIFs go, APNG where edges should be soft."""

from __future__ import annotations

import io
import itertools
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import Blend, Disposal

from gan.pictures.sprite import Pixels, enlarge

Format = Literal["gif", "apng"]

FORMATS: dict[str, Format] = {".gif": "gif", ".apng": "apng", ".png": "apng"}  # by suffix
OPAQUE = 128  # a GIF's pixel is there or not: from this alpha on it is
CLEAR = 255  # the palette index of what is not there; 255 colours are left
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
    colours = stack[..., :3][there] if there.any() else np.zeros((1, 3), np.uint8)
    palette = Image.fromarray(colours[None]).quantize(CLEAR, Image.Quantize.MEDIANCUT, kmeans=1)
    images: list[Image.Image] = []
    for frame, visible in zip(stack, there, strict=True):
        matched = Image.fromarray(frame[..., :3]).quantize(palette=palette, dither=Image.Dither.NONE)
        indexes = np.where(visible, np.asarray(matched), CLEAR).astype(np.uint8)
        image = Image.fromarray(indexes.repeat(scale, axis=0).repeat(scale, axis=1), "P")
        image.putpalette(_full(palette))
        images.append(image)
    return images


def _full(palette: Image.Image) -> bytes:
    """256 RGB entries, the last one for what is transparent."""
    entries = bytes(palette.getpalette() or [])[: 3 * CLEAR]
    return entries.ljust(3 * CLEAR, b"\0") + b"\xff\xff\xff"
