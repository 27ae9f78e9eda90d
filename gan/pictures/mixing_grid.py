"""The style-mixing grid of the StyleGAN paper (arXiv 1812.04948, figure 3)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gan.latents import Array, mix_layers
from gan.pictures.sprite import Pixels
from gan.sampler import Sampler


def mixing_grid(
    sampler: Sampler,
    rows: Array,  # [R, L, w_dim]
    columns: Array,  # [C, L, w_dim]
    layers: Sequence[int],  # which of a column parent's styles its cells take
    amount: float = 1.0,
    noise_seed: int = 0,
) -> list[list[Pixels | None]]:
    """R + 1 rows of C + 1 sprites: parents in the first row and column, None in the corner, children between.

    Every picture has the same noise, so that whatever differs comes from the styles.
    """
    children = [mix_layers(a, b, layers, amount) for a in rows for b in columns]
    codes = np.concatenate([columns, rows, np.stack(children)])
    sprites = list(sampler.render(codes, [noise_seed] * len(codes)))
    width = len(columns)
    above, left, cells = sprites[:width], sprites[width : width + len(rows)], sprites[width + len(rows) :]
    below = [[left[r], *cells[r * width : (r + 1) * width]] for r in range(len(rows))]
    return [[None, *above], *below]
