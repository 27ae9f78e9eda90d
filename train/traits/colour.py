"""Colours of a body as numbers: CIELAB statistics and a soft histogram, outlines left out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

BINS = (5, 9, 9)  # of L*, a*, b*
LOW, HIGH = (0.0, -60.0, -70.0), (100.0, 80.0, 90.0)
HUES = 18
GREY = 10.0  # chroma below it has no hue to speak of
OUTLINE = 22.0  # L* up to it: lines, unless hardly anything is lighter
LEAST_BODY = 20.0  # pixels

_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
_WHITE = np.array([0.95047, 1.0, 1.08883])  # D65


def to_lab(rgb: Floats) -> Floats:
    """sRGB in [0, 1], [..., 3] → CIELAB under D65 (CIE 15), float32 [..., 3]."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = linear @ _TO_XYZ.T / _WHITE
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1).astype(np.float32)


def histogram(lab: Floats, weights: Floats) -> Floats:
    """Square roots of the shares of soft boxes of CIELAB: lab [P, 3], weights [P] → float32 [405].

    Trilinear. The dot product of two is the Bhattacharyya coefficient of the two bodies' colours.
    """
    index, shares = [], []
    for channel, (bins, low, high) in enumerate(zip(BINS, LOW, HIGH, strict=True)):
        place = np.clip((lab[:, channel] - low) / (high - low), 0, 1) * (bins - 1)
        first = np.minimum(place.astype(int), bins - 2)
        index.append(first)
        shares.append(place - first)
    total = np.zeros(int(np.prod(BINS)))
    for corner in np.ndindex(2, 2, 2):
        share = weights.astype(float)
        for up, part in zip(corner, shares, strict=True):
            share = share * (part if up else 1 - part)
        boxes = np.ravel_multi_index([i + up for i, up in zip(index, corner, strict=True)], BINS)
        total += np.bincount(boxes, share, minlength=len(total))
    return np.sqrt(total / max(total.sum(), 1e-6)).astype(np.float32)


def statistics(lab: Floats, alpha: Floats, body: Floats) -> Floats:
    """Mean, spread, hues, chroma, share of outline and of grey, quantiles of L*: float32 [30].

    lab [P, 3] of the visible pixels, their alpha [P], and their weight [P] as a part of the body.
    """
    weights = body / max(body.sum(), 1e-6)
    mean = weights @ lab
    spread = np.sqrt(weights @ (lab - mean) ** 2)
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    hue = ((np.arctan2(lab[:, 2], lab[:, 1]) / (2 * np.pi) + 0.5) * HUES).astype(int) % HUES
    hues = np.sqrt(np.bincount(hue, weights * np.minimum(chroma / 40, 1), minlength=HUES))
    shares = [weights @ chroma / 30, 1 - body.sum() / max(alpha.sum(), 1e-6), weights @ (chroma < GREY)]
    light = np.percentile(lab[:, 0], [10, 50, 90]) / 30
    return np.concatenate([mean / 30, spread / 20, hues, shares, light]).astype(np.float32)


def colours(picture: NDArray[np.uint8]) -> tuple[Floats, Floats]:
    """A premultiplied picture uint8 [H, W, 4] → its `histogram` and `statistics`; zeros for an empty one."""
    alpha = picture[..., 3].astype(np.float32) / 255
    visible = alpha > 0.5
    if not visible.any():
        return np.zeros(int(np.prod(BINS)), np.float32), np.zeros(HUES + 12, np.float32)
    alpha = alpha[visible]
    rgb = picture[..., :3][visible].astype(np.float32) / 255 / alpha[:, None]
    lab = to_lab(np.clip(rgb, 0, 1))
    body = alpha * (lab[:, 0] > OUTLINE)
    if body.sum() <= LEAST_BODY:
        body = alpha
    return histogram(lab, body), statistics(lab, alpha, body)
