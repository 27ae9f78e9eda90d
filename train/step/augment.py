"""Differentiable augmentation that is safe for premultiplied RGBA (after StyleGAN2-ADA, arXiv 2006.06676).

Everything is linear in premultiplied colour, so where alpha is 0 there stays no colour, and what a shift
uncovers is transparent: no black boxes that could leak into the samples.
"""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from train.recipe import AugmentConfig

LUMA = (0.299, 0.587, 0.114)
THIRD = math.sqrt(1 / 3)
GREY_AXIS_CROSS = (0, -THIRD, THIRD, THIRD, 0, -THIRD, -THIRD, THIRD, 0)  # [grey axis]×, row by row
MIN_SIDE_TO_RESAMPLE = 16  # a smaller picture would lose more than it gains


class Augmentation(NamedTuple):
    """What is done to each image of a batch."""

    flip: Tensor  # [N], bool
    scale: Tensor  # [N], a factor
    shift: Tensor  # [N, 2], whole pixels
    saturation: Tensor  # [N], a factor
    hue: Tensor  # [N], radians
    brightness: Tensor  # [N], added to opaque colour in [0, 1]
    cutout: Tensor | None = None  # [N, 3]: centre and width of a square that is emptied, as shares of a side

    @classmethod
    def draw(
        cls,
        n: int,
        side: int,
        config: AugmentConfig,
        probability: float | Tensor | None = None,
        device: torch.device | None = None,
    ) -> Augmentation:
        """For n images of so many pixels a side, from torch's global generator.

        Half of all images are flipped; each other change hits one with `probability` (None: the recipe's).
        """
        if probability is None:
            probability = config.probability
        chosen = torch.rand(n, 5, device=device) < probability
        normal = torch.randn(n, 4, device=device) * chosen[:, :4]
        scale, saturation, brightness, hue = normal.unbind(1)
        most = math.floor(side * config.translation)
        shift = torch.randint(-most, most + 1, (n, 2), device=device) * chosen[:, 4:]
        cutout = None
        if config.cutout > 0:
            centres = torch.rand(n, 2, device=device)
            widths = config.cutout * (torch.rand(n, 1, device=device) < probability)
            cutout = torch.cat([centres, widths], dim=1)
        return cls(
            flip=torch.randint(0, 2, (n,), device=device) == 1,
            scale=(scale * config.scale).exp(),
            shift=shift,
            saturation=(saturation * config.saturation).exp(),
            hue=hue * config.hue * math.pi,
            brightness=brightness * config.brightness,
            cutout=cutout,
        )

    def rows(self, rows: slice) -> Augmentation:
        """Those of some of the images."""
        kept = {name: values[rows] for name, values in self._asdict().items() if values is not None}
        return Augmentation(**kept)

    def __call__(self, images: Tensor) -> Tensor:
        """Premultiplied RGBA [N, 4, H, W] in [−1, 1] → the same, flipped, moved, scaled and recoloured."""
        x = images / 2 + 0.5  # transparent black is 0
        x = _move(x, self.flip, self.scale, self.shift)
        x = _recolour(x, self.saturation, self.hue, self.brightness)
        return (x if self.cutout is None else _cut_out(x, self.cutout)) * 2 - 1


def adjusted(probability: float, overfitting: float, images: int, config: AugmentConfig) -> float:
    """The next probability after `images` more, given the discriminator's `losses.overfitting`.

    It rises while that is above the target and falls while it is below, at a speed that would take
    `adjust_kimg` from 0 to 1 (StyleGAN2-ADA, section 3.1), within the recipe's bounds: augmentation that is
    too likely leaks into the samples.
    """
    if config.target is None:
        return probability
    step = math.copysign(images / (config.adjust_kimg * 1000), overfitting - config.target)
    return min(max(probability + step, config.least), config.most)


def _move(x: Tensor, flip: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Flip where `flip` [N] says so, scale (factor [N]) and shift (whole pixels [N, 2])."""
    n, _, side, _ = x.shape
    if side < MIN_SIDE_TO_RESAMPLE:
        return torch.where(flip[:, None, None, None], x.flip(3), x)
    matrix = torch.zeros(n, 2, 3, device=x.device)  # maps output to input coordinates, both in [−1, 1]
    matrix[:, 0, 0] = (1 - 2 * flip.float()) / scale
    matrix[:, 1, 1] = 1 / scale
    matrix[:, :, 2] = shift * 2 / side
    grid = F.affine_grid(matrix, list(x.shape), align_corners=False)
    return F.grid_sample(x.float(), grid, mode="bilinear", padding_mode="zeros", align_corners=False)


def _cut_out(x: Tensor, squares: Tensor) -> Tensor:
    """Make a square of each image transparent: centres and widths [N, 3], as shares of a side."""
    middles = (torch.arange(x.shape[-1], device=x.device) + 0.5) / x.shape[-1]
    inside = (middles - squares[:, :2, None]).abs() < squares[:, 2:, None] / 2  # [N, 2, side]
    return x * ~(inside[:, 0, None, :, None] & inside[:, 1, None, None, :])


def _recolour(x: Tensor, saturation: Tensor, hue: Tensor, brightness: Tensor) -> Tensor:
    """Turn colours by `hue` radians around grey, scale their distance from the luma, add to opaque ones.

    Each is one value a sample, [N]. All three are one 3 × 3 matrix and one multiple of alpha.
    """
    colour, alpha = x[:, :3], x[:, 3:]
    matrix = _saturate(saturation) @ _turn(hue)  # [N, 3, 3]
    colour = torch.einsum("nij,njhw->nihw", matrix, colour) + brightness.view(-1, 1, 1, 1) * alpha
    return torch.cat([colour, alpha], dim=1)


def _saturate(factor: Tensor) -> Tensor:
    """Factors [N] → matrices [N, 3, 3] that scale a colour's distance from its luma."""
    grey = _constants(LUMA, factor.device).expand(3, 3)
    return torch.lerp(grey, torch.eye(3, device=factor.device), factor[:, None, None])


def _turn(angle: Tensor) -> Tensor:
    """Angles [N] → rotations [N, 3, 3] around the grey axis (Rodrigues' formula)."""
    cross = _constants(GREY_AXIS_CROSS, angle.device).view(3, 3)
    cos, sin = angle.cos()[:, None, None], angle.sin()[:, None, None]
    identity, outer = torch.eye(3, device=angle.device), torch.full((3, 3), 1 / 3, device=angle.device)
    return cos * identity + sin * cross + (1 - cos) * outer


@cache
def _constants(values: tuple[float, ...], device: torch.device) -> Tensor:
    """Numbers on a device, brought there once: what a CUDA graph captures must not wait for the host."""
    return torch.tensor(values, device=device)
