"""The last stage: from the small picture that the generator draws to crisp line art.

A small convolutional network of our own, learned on line art (`train.enlarger`) and kept inside the
checkpoint, so that a creature's picture never changes. Convolutions run at the small size, a pixel shuffle
makes the large one (ESPCN, arXiv 1609.05158), and what is learned is only what smooth enlarging leaves out.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan.pictures.bounds import check_whole_numbers
from gan.pictures.components import Mask, spread, without_small
from gan.pictures.sprite import Pixels

SCALE = 4
# Alpha, from 0 to 1, that is haze or as good as opaque after enlarging; in between it is stretched.
ALPHA_NONE, ALPHA_FULL = 0.12, 0.88
VISIBLE_FROM = 64  # alpha, of 255, from which on a pixel of a small picture counts as body


@dataclass(frozen=True)
class EnlargerConfig:
    """Describes an enlarger; stored in the checkpoint. Raises `ValueError` for what cannot be built."""

    width: int = 64  # channels
    depth: int = 6  # convolutions between the first and the last
    smallest_island: int = 24  # pixels of a small picture: smaller specks beside a body are removed
    largest_hole: int = 4  # pixels of a small picture: holes up to this size are closed

    def __post_init__(self) -> None:
        check_whole_numbers(
            self,
            ("width", 4, 512),
            ("depth", 1, 32),
            ("smallest_island", 0, 4096),
            ("largest_hole", 0, 4096),
        )

    def to_dict(self) -> dict[str, int]:
        """As plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> EnlargerConfig:
        """The inverse of `to_dict`. Raises `TypeError` for unknown fields, `ValueError` for wrong values."""
        return cls(**values)


class Enlarger(nn.Module):
    """Premultiplied RGBA [N, 4, H, W] in [0, 1] → [N, 4, 4H, 4W], nominally in [0, 1]."""

    def __init__(self, config: EnlargerConfig) -> None:
        super().__init__()
        self.config = config
        layers: list[nn.Module] = []
        for inputs in (4, *[config.width] * config.depth):
            layers += [nn.Conv2d(inputs, config.width, 3, padding=1), nn.PReLU(config.width)]
        self.body = nn.Sequential(*layers, nn.Conv2d(config.width, 4 * SCALE**2, 3, padding=1))

    def forward(self, small: Tensor) -> Tensor:
        details = F.pixel_shuffle(self.body(small).float(), SCALE)
        return details + smoothly_enlarged(small.float())


def smoothly_enlarged(images: Tensor) -> Tensor:
    """[N, C, H, W] → [N, C, 4H, 4W], bicubic: where the network begins.

    As two matrix products, which a CPU does ten times as quickly as `F.interpolate`.
    """
    height, width = images.shape[2:]
    with torch.autocast(images.device.type, enabled=False):
        down, across = _bicubic(height, images.device), _bicubic(width, images.device)
        return down @ images.float() @ across.T


@lru_cache
def _bicubic(side: int, device: torch.device) -> Tensor:
    """The matrix [4·side, side] that enlarges along one axis."""
    with torch.inference_mode(False):  # it is kept, and may be needed where gradients are
        unit = torch.eye(side, device=device)[None, None]
        return F.interpolate(unit, (SCALE * side, side), mode="bicubic", align_corners=False)[0, 0]


def premultiplied(sprites: Pixels) -> Tensor:
    """Straight-alpha uint8 [N, H, W, 4] → premultiplied RGBA [N, 4, H, W] in [0, 1]."""
    x = torch.from_numpy(sprites.astype(np.float32)).permute(0, 3, 1, 2) / 255
    return torch.cat([x[:, :3] * x[:, 3:], x[:, 3:]], dim=1)


def to_picture(images: Tensor) -> Pixels:
    """Premultiplied RGBA [N, 4, H, W] in about [0, 1] → straight-alpha uint8 [N, H, W, 4], clean at edges."""
    x = images.permute(0, 2, 3, 1)
    alpha = x[..., 3:].clamp(0, 1)
    colour = (x[..., :3] / alpha.clamp_min(ALPHA_NONE)).clamp(0, 1)
    alpha = ((alpha - ALPHA_NONE) / (ALPHA_FULL - ALPHA_NONE)).clamp(0, 1)
    straight = torch.cat([torch.where(alpha > 0, colour, 0), alpha], dim=-1)
    return straight.mul(255).round().to("cpu", torch.uint8).numpy()


def tidy(sprite: Pixels, config: EnlargerConfig) -> Pixels:
    """A small picture [H, W, 4] without specks beside the body and without pinholes in it."""
    body = sprite[..., 3] >= VISIBLE_FROM
    kept = without_small(body, config.smallest_island, diagonal=True)
    if not kept.any():
        return np.zeros_like(sprite)
    result = np.where(_grown(kept)[..., None], sprite, 0)
    # A hole is bounded by sides, as a speck is joined by corners: else one line could be both.
    closed = ~without_small(~kept, config.largest_hole + 1, diagonal=False)
    holes = closed & ~kept
    result[holes, :3] = spread(sprite[..., :3], kept, closed)[holes]
    result[holes, 3] = 255
    return result


def _grown(mask: Mask) -> Mask:
    """The mask and all pixels beside it: where a body's soft edge lies."""
    padded = np.pad(mask, 1)
    height, width = mask.shape
    return np.any([padded[y : y + height, x : x + width] for y in range(3) for x in range(3)], axis=0)
