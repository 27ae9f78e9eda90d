"""What each layer of styles changes, measured: the promise behind "shape", "features" and "colours".

Which layers decide what depends on training. So pairs of creatures are mixed at every crossover (StyleGAN,
arXiv 1812.04948, section 3.1), and the two crossovers that part the levels best are kept in the checkpoint.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, astuple, dataclass
from typing import Any

import numpy as np
import torch

from gan.generator import Generator
from gan.latents import Array, Levels, Take, mix_layers, noise_from_seed, z_from_seed
from gan.pictures.sprite import Pixels, to_rgba
from gan.sampler import Sampler

VISIBLE = 128  # alpha from which a pixel belongs to the silhouette
BINS = 4  # of each colour channel in a palette's histogram
LUMA = (0.299, 0.587, 0.114)  # Rec. 601
PAIRS = 24
PSI = 0.8
LEAST_STRUCTURE = 1 / 3  # of what shape changes inside, which features must change for anyone to see them

Layers = tuple[int, int]  # from the first up to, but not with, the second


@dataclass(frozen=True)
class Change:
    """How far creatures move, on average, when they take some layers' styles from another one. All 0 to 1."""

    silhouette: float  # 1 − intersection over union of what is visible
    structure: float  # difference of luma's gradients where both are visible, as a share of their sum
    palette: float  # total variation distance of the colour histograms within each silhouette
    mean_colour: float  # distance of the mean colours within each silhouette, as a share of black to white


def changes_by(
    draw: Callable[[Array], Pixels],  # W+ codes [N, L, w_dim] → sprites, the nth always with the same noise
    codes: Array,  # [2N, L, w_dim], each second one being the other of a pair
    ranges: Iterable[Layers],
) -> dict[Layers, Change]:
    """How far the first of each pair changes, on average, by each range of the other one's layers."""
    ours, theirs = codes[::2], codes[1::2]
    before = draw(ours)
    changes: dict[Layers, Change] = {}
    for first, end in ranges:
        mixed = np.stack([mix_layers(a, b, range(first, end)) for a, b in zip(ours, theirs, strict=True)])
        each = [astuple(compare(a, b)) for a, b in zip(before, draw(mixed), strict=True)]
        changes[first, end] = Change(*np.mean(each, axis=0).tolist())
    return changes


def level_changes(sampler: Sampler, pairs: int = 48, psi: float = PSI) -> dict[Take, Change]:
    """The change by each level of the checkpoint, in its pictures as they are shown."""
    codes = sampler.w_from_seeds(range(2 * pairs), psi, pick=False)
    ranges: dict[Take, Layers] = {take: (part.start, part.stop) for take, part in sampler.levels.by_name()}
    changes = changes_by(lambda mixed: sampler.render(mixed, range(pairs)), codes, ranges.values())
    return {take: changes[layers] for take, layers in ranges.items()}


@dataclass(frozen=True)
class Measured:
    """What the layers of a network change in its raw pictures, and the levels that follow from it."""

    levels: Levels
    changes: dict[Layers, Change]  # by every range of layers

    def to_dict(self) -> dict[str, dict[str, float]]:
        """What each level changes, as plain JSON values."""
        return {
            take: {
                name: round(value, 4) for name, value in asdict(self.changes[part.start, part.stop]).items()
            }
            for take, part in self.levels.by_name()
            if part
        }


@torch.inference_mode()
def measure(generator: Generator) -> Measured:
    """Mix pairs of creatures at every two crossovers. Takes L · (L + 1) / 2 · `PAIRS` pictures."""
    config, device = generator.config, generator.mapping.w_avg.device
    z = torch.from_numpy(np.stack([z_from_seed(seed, config.z_dim) for seed in range(2 * PAIRS)]))
    w = generator.mapping.truncate(generator.mapping(z.to(device)), PSI)
    noise = zip(
        *(noise_from_seed(seed, generator.synthesis.noise_shapes()) for seed in range(PAIRS)), strict=True
    )
    layers = [torch.from_numpy(np.stack(maps)[:, None]).to(device) for maps in noise]

    def draw(codes: Array) -> Pixels:
        return to_rgba(generator.synthesis(torch.from_numpy(codes).to(device), layers))

    num_layers = config.num_layers
    codes = generator.broadcast(w).cpu().numpy()
    changes = changes_by(draw, codes, itertools.combinations(range(num_layers + 1), 2))
    return Measured(best_levels(changes, num_layers) or Levels.by_resolution(config), changes)


def best_levels(changes: dict[Layers, Change], num_layers: int) -> Levels | None:
    """The levels each of which changes the most of what it is named after, and the least of what it is not.

    Every level is credited with its share of what all layers change: shape of the silhouette, features of the
    inner structure, colours of the palette; and debited with its share of what the coarser level is named
    after. Features that would change too little inside to be seen beside shape are not considered, where
    there are others. None for fewer than three layers.
    """
    whole = changes[0, num_layers]

    def parts(levels: Levels) -> list[Change]:
        return [changes[part.start, part.stop] for _, part in levels.by_name()]

    def credit(levels: Levels) -> float:
        shape, features, colours = parts(levels)
        return (
            _share(shape.silhouette, whole.silhouette)
            + _share(features.structure, whole.structure)
            - _share(features.silhouette, whole.silhouette)
            + _share(colours.palette, whole.palette)
            - _share(colours.structure, whole.structure)
        )

    def shows(levels: Levels) -> bool:
        shape, features, _ = parts(levels)
        return features.structure >= LEAST_STRUCTURE * shape.structure

    crossovers = itertools.combinations(range(1, num_layers), 2)
    candidates = [Levels(features, colours, num_layers) for features, colours in crossovers]
    return max([levels for levels in candidates if shows(levels)] or candidates, key=credit, default=None)


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0 else 0.0


def markdown_table(changes: Mapping[Any, Change]) -> str:
    """The measurements for a page of the documentation, by what was taken."""
    rows = [
        "| taken from another creature | silhouette | inner structure | palette | mean colour |",
        "| --- | --- | --- | --- | --- |",
    ]
    rows += [
        f"| {taken} | " + " | ".join(f"{value:.2f}" for value in astuple(change)) + " |"
        for taken, change in changes.items()
    ]
    return "\n".join(rows)


def compare(a: Pixels, b: Pixels) -> Change:
    """How far two sprites uint8 [H, W, 4] differ."""
    there_a, there_b = a[..., 3] >= VISIBLE, b[..., 3] >= VISIBLE
    union = (there_a | there_b).sum()
    silhouette = 1 - (there_a & there_b).sum() / union if union else 0.0
    colours_a, colours_b = a[there_a][:, :3], b[there_b][:, :3]
    if not len(colours_a) or not len(colours_b):  # somebody vanished, and the palette with it
        differ = float(len(colours_a) != len(colours_b))
        return Change(silhouette, differ, differ, 0.0)
    palette = np.abs(_histogram(colours_a) - _histogram(colours_b)).sum() / 2
    means = colours_a.mean(axis=0) - colours_b.mean(axis=0)
    mean_colour = float(np.linalg.norm(means) / (255 * np.sqrt(3)))
    return Change(silhouette, _structure(a, b, there_a & there_b), palette, mean_colour)


def _structure(a: Pixels, b: Pixels, common: np.ndarray) -> float:
    """The L1 distance of luma's gradients within `common` [H, W], as a share of both gradients' own size.

    Outlines do not count: a gradient is taken where its pixel's neighbours belong to both creatures, too.
    """
    inside = common[:-1, :-1] & common[1:, :-1] & common[:-1, 1:]
    if not inside.any():
        return 1.0  # nothing of the one is where the other is
    ours, theirs = (_gradients(sprite, inside) for sprite in (a, b))
    size = np.abs(ours).sum() + np.abs(theirs).sum()
    return float(np.abs(ours - theirs).sum() / size) if size > 0 else 0.0


def _gradients(sprite: Pixels, inside: np.ndarray) -> np.ndarray:
    """[2, N]: luma's differences to the right and downwards at the pixels in `inside` [H − 1, W − 1]."""
    luma = sprite[..., :3].astype(np.float32) @ np.array(LUMA, np.float32)
    return np.stack([np.diff(luma, axis=1)[:-1][inside], np.diff(luma, axis=0)[:, :-1][inside]])


def _histogram(colours: Pixels) -> np.ndarray:
    """Shares of `BINS`³ boxes of RGB, summing to 1, for colours uint8 [N, 3]."""
    r, g, b = (colours.astype(int) * BINS // 256).T
    return np.bincount((r * BINS + g) * BINS + b, minlength=BINS**3) / len(colours)
