"""Colours of a body as numbers: CIELAB statistics and a soft histogram, outlines left out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan.pictures.lab import OUTLINE, chroma, to_lab

Floats = NDArray[np.floating[Any]]

BINS = (5, 9, 9)  # of L*, a*, b*
LOW, HIGH = (0.0, -60.0, -70.0), (100.0, 80.0, 90.0)
HUES = 18
GREY = 10.0  # chroma below it has no hue to speak of
LEAST_BODY = 20.0  # pixels


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
    colourful = chroma(lab)
    hue = ((np.arctan2(lab[:, 2], lab[:, 1]) / (2 * np.pi) + 0.5) * HUES).astype(int) % HUES
    hues = np.sqrt(np.bincount(hue, weights * np.minimum(colourful / 40, 1), minlength=HUES))
    shares = [weights @ colourful / 30, 1 - body.sum() / max(alpha.sum(), 1e-6), weights @ (colourful < GREY)]
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
