"""Differentiable augmentation that is safe for premultiplied RGBA (after StyleGAN2-ADA, arXiv 2006.06676).

Everything is linear in premultiplied colour, so where alpha is 0 there stays no colour, and what a shift
uncovers is transparent: no black boxes that could leak into the samples.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from train.config import AugmentConfig

LUMA = (0.299, 0.587, 0.114)
MIN_SIDE_TO_RESAMPLE = 16  # a smaller picture would lose more than it gains


def augment(images: Tensor, config: AugmentConfig) -> Tensor:
    """Premultiplied RGBA [N, 4, H, W] in [−1, 1] → the same, flipped, moved, scaled and recoloured at random.

    Half of all samples are flipped; each other change hits a sample with `config.probability`.
    """
    n = len(images)
    chosen = torch.rand(4, n, device=images.device) < config.probability

    def random(row: int, spread: float) -> Tensor:
        return torch.randn(n, device=images.device) * spread * chosen[row]

    x = images / 2 + 0.5  # transparent black is 0
    x = _move(x, scale=random(0, config.scale).exp(), shift=_shifts(x, chosen[1], config.translation))
    x = _recolour(x, random(2, config.saturation).exp(), random(3, config.brightness))
    return x * 2 - 1


def _shifts(x: Tensor, chosen: Tensor, translation: float) -> Tensor:
    """Whole-pixel shifts [N, 2], in pixels, up to `translation` of the side."""
    n, _, side, _ = x.shape
    most = math.floor(side * translation)
    return torch.randint(-most, most + 1, (n, 2), device=x.device) * chosen[:, None]


def _move(x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Flip half of the samples, scale them (factor [N]) and shift them (pixels [N, 2])."""
    n, _, side, _ = x.shape
    flip = 1 - 2 * torch.randint(0, 2, (n,), device=x.device)
    if side < MIN_SIDE_TO_RESAMPLE:
        return torch.where(flip[:, None, None, None] < 0, x.flip(3), x)
    matrix = torch.zeros(n, 2, 3, device=x.device)  # maps output to input coordinates, both in [−1, 1]
    matrix[:, 0, 0] = flip / scale
    matrix[:, 1, 1] = 1 / scale
    matrix[:, :, 2] = shift * 2 / side
    grid = F.affine_grid(matrix, list(x.shape), align_corners=False)
    return F.grid_sample(x.float(), grid, mode="bilinear", padding_mode="zeros", align_corners=False)


def _recolour(x: Tensor, saturation: Tensor, brightness: Tensor) -> Tensor:
    """Saturation factor [N] around the luma, then brightness [N] added in proportion to alpha."""
    colour, alpha = x[:, :3], x[:, 3:]
    luma = (colour * torch.tensor(LUMA, device=x.device).view(1, 3, 1, 1)).sum(dim=1, keepdim=True)
    colour = torch.lerp(luma, colour, saturation.view(-1, 1, 1, 1)) + brightness.view(-1, 1, 1, 1) * alpha
    return torch.cat([colour, alpha], dim=1)
