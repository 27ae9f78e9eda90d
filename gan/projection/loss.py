"""How unlike two pictures look: by pixels at several scales, and by features where they can be had."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from gan.pretrained.efficientnet import FrozenEfficientNet, available, over_white, resize

SMALLEST = 8  # side in pixels of the coarsest scale that is compared
FEATURE_SIDE = 96  # what the frozen network looks at; smaller sees less, larger costs more
FEATURE_WEIGHT = 0.5  # how much features count beside pixels


class PictureLoss(nn.Module):
    """Distance of pictures from one target, differentiable: what a projection makes small.

    `features` asks for the perceptual part (see `gan.pretrained.efficientnet`); raises `ImportError` if its
    packages are not installed. Without it pixels alone are compared, which holds colours and outlines but is
    blind to the kind of detail that never lines up exactly.
    """

    def __init__(self, target: Tensor, features: bool) -> None:
        """`target` is premultiplied RGBA [1, 4, H, W] in [−1, 1]."""
        super().__init__()
        self.scales = pyramid(target)
        self.pretrained = FrozenEfficientNet("lite0").to(target.device) if features else None
        self.seen = self._look(target)

    def forward(self, images: Tensor) -> Tensor:
        """Premultiplied RGBA [N, 4, H, W] → one distance for each [N]."""
        ours, theirs = pyramid(images), self.scales
        pixels = [(a - b).square().mean(dim=(1, 2, 3)) for a, b in zip(ours, theirs, strict=True)]
        loss = sum(pixels[1:], pixels[0]) / len(pixels)
        looks = zip(self._look(images), self.seen, strict=True)
        distances = [(a - b).square().sum(dim=1).mean(dim=(1, 2)) for a, b in looks]
        return loss + FEATURE_WEIGHT * sum(distances) / max(len(distances), 1)

    def _look(self, images: Tensor) -> list[Tensor]:
        """Features with unit length at every place, as in LPIPS (arXiv 1801.03924)."""
        if self.pretrained is None:
            return []
        return [F.normalize(x, dim=1) for x in self.pretrained(resize(over_white(images), FEATURE_SIDE))]


def pyramid(images: Tensor) -> list[Tensor]:
    """[N, C, H, W] at full size and at each half of it, down to `SMALLEST` pixels."""
    scales = [images]
    while scales[-1].shape[-1] > SMALLEST:
        scales.append(F.avg_pool2d(scales[-1], 2))
    return scales


def features_available() -> bool:
    """Whether the perceptual part can be had."""
    return available("lite0")
