"""From network output to pictures: straight-alpha sprites and PNG bytes."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

if TYPE_CHECKING:  # so that who reads and cuts pictures alone need not wait for torch
    from torch import Tensor

Pixels = NDArray[np.uint8]

MIN_ALPHA = 8 / 255  # fainter pixels are the network's haze, not part of a sprite


def to_rgba(images: Tensor) -> Pixels:
    """Premultiplied RGBA [N, 4, H, W] in [−1, 1] → straight-alpha uint8 [N, H, W, 4]."""
    x = images.detach().float().cpu().clamp(-1, 1).permute(0, 2, 3, 1).numpy() / 2 + 0.5
    alpha = x[..., 3:]
    visible = alpha >= MIN_ALPHA
    colour = np.where(visible, x[..., :3] / np.maximum(alpha, MIN_ALPHA), 0).clip(0, 1)
    return np.rint(np.concatenate([colour, np.where(visible, alpha, 0)], axis=-1) * 255).astype(np.uint8)


def enlarge(rgba: Pixels, scale: int) -> Pixels:
    """[H, W, 4] → [scale·H, scale·W, 4] by repeating pixels, so that sprites stay crisp."""
    return rgba.repeat(scale, axis=0).repeat(scale, axis=1)


def resized(rgba: Pixels, side: int) -> Pixels:
    """[H, W, 4] → [side, side, 4], smoothly; what is transparent lends its colour to nothing."""
    return np.asarray(Image.fromarray(rgba).resize((side, side), Image.Resampling.LANCZOS))


def to_png(rgba: Pixels, scale: int = 1) -> bytes:
    """PNG bytes of one sprite uint8 [H, W, 4], enlarged by a whole factor."""
    buffer = io.BytesIO()
    Image.fromarray(enlarge(rgba, scale)).save(buffer, "PNG", compress_level=6)
    return buffer.getvalue()


def from_png(data: bytes) -> Pixels:
    """The uint8 [H, W, 4] pixels of a PNG."""
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGBA"))
