"""A contact sheet of a data set, to look at before training on it."""

from pathlib import Path

import numpy as np
from PIL import Image

from train.data.dataset import BalancedSampler, SpriteDataset
from train.errors import DataError

GAP = 4  # pixels between cells
CHECKER = 8  # pixels a square
LIGHT, DARK = 255, 232


def contact_sheet(dataset: SpriteDataset, path: Path, n: int = 64, seed: int = 0) -> None:
    """Write a PNG of `n` images, each of another species where there are enough, over a light checkerboard.

    The same seed gives the same picture. Raises DataError where `path` cannot be written.
    """
    size = dataset.resolution
    columns = max(1, round(n**0.5))
    rows = -(-n // columns)
    sheet = checkerboard(rows * (size + GAP) + GAP, columns * (size + GAP) + GAP)
    for i, image in enumerate(BalancedSampler(dataset.species, seed).slice(0, n)):
        row, column = divmod(i, columns)
        y, x = GAP + row * (size + GAP), GAP + column * (size + GAP)
        cell = sheet[y : y + size, x : x + size]
        cell[:] = over(dataset.images[image], cell)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(sheet).save(path, format="PNG")
    except OSError as error:
        raise DataError(f"Cannot write {path}: {error.strerror or error}.") from error


def over(premultiplied: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Premultiplied RGBA [H, W, 4] over an opaque background [H, W, 3], all uint8."""
    colour = premultiplied[..., :3].astype(np.uint16)
    transparency = 255 - premultiplied[..., 3:].astype(np.uint16)
    return (colour + (background * transparency + 127) // 255).clip(0, 255).astype(np.uint8)


def checkerboard(height: int, width: int) -> np.ndarray:
    """A light checkerboard, uint8 [height, width, 3]."""
    rows, columns = np.arange(height)[:, None] // CHECKER, np.arange(width)[None] // CHECKER
    grey = np.where((rows + columns) % 2, DARK, LIGHT).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)
