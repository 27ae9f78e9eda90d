"""What each level of styles changes, measured: the promise behind "shape", "features" and "colours"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import numpy as np

from gan.latents import Take, layers_of, mix_layers
from gan.sampler import Sampler
from gan.sprite import Pixels

VISIBLE = 128  # alpha from which a pixel belongs to the silhouette
BINS = 4  # of each colour channel in a palette's histogram


@dataclass(frozen=True)
class Change:
    """How far creatures move, on average, when they take one level's styles from another one. All 0 to 1."""

    silhouette: float  # 1 − intersection over union of what is visible
    palette: float  # total variation distance of the colour histograms within each silhouette
    mean_colour: float  # distance of the mean colours within each silhouette, as a share of black to white


def level_changes(sampler: Sampler, pairs: int = 48, psi: float = 0.8) -> dict[Take, Change]:
    """The change by each level, over pairs of seeds 0 and 1, 2 and 3, …; a pair is drawn with one noise."""
    codes = sampler.w_from_seeds(range(2 * pairs), psi)
    ours, theirs, noise = codes[::2], codes[1::2], list(range(pairs))
    before = sampler.render(ours, noise)
    changes: dict[Take, Change] = {}
    for take in get_args(Take):
        layers = layers_of([take], sampler.config)
        mixed = np.stack([mix_layers(a, b, layers) for a, b in zip(ours, theirs, strict=True)])
        after = sampler.render(mixed, noise)
        each = [compare(a, b) for a, b in zip(before, after, strict=True)]
        changes[take] = Change(*np.mean(each, axis=0).tolist())
    return changes


def markdown_table(changes: dict[Take, Change]) -> str:
    """The measurements for a page of the documentation."""
    rows = [
        "| taken from another creature | silhouette | palette | mean colour |",
        "| --- | --- | --- | --- |",
    ]
    rows += [
        f"| {take} | {change.silhouette:.2f} | {change.palette:.2f} | {change.mean_colour:.2f} |"
        for take, change in changes.items()
    ]
    return "\n".join(rows)


def compare(a: Pixels, b: Pixels) -> tuple[float, float, float]:
    """How far two sprites uint8 [H, W, 4] differ in silhouette, palette and mean colour, as in `Change`."""
    there_a, there_b = a[..., 3] >= VISIBLE, b[..., 3] >= VISIBLE
    union = (there_a | there_b).sum()
    silhouette = 1 - (there_a & there_b).sum() / union if union else 0.0
    colours_a, colours_b = a[there_a][:, :3], b[there_b][:, :3]
    if not len(colours_a) or not len(colours_b):  # somebody vanished, and the palette with it
        return silhouette, float(len(colours_a) != len(colours_b)), 0.0
    palette = np.abs(_histogram(colours_a) - _histogram(colours_b)).sum() / 2
    means = colours_a.mean(axis=0) - colours_b.mean(axis=0)
    return silhouette, palette, float(np.linalg.norm(means) / (255 * np.sqrt(3)))


def _histogram(colours: Pixels) -> np.ndarray:
    """Shares of `BINS`³ boxes of RGB, summing to 1, for colours uint8 [N, 3]."""
    r, g, b = (colours.astype(int) * BINS // 256).T
    return np.bincount((r * BINS + g) * BINS + b, minlength=BINS**3) / len(colours)
