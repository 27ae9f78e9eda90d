"""A second discriminator that looks through a pretrained network.

Small heads look at the features of a frozen EfficientNet-Lite0 (Projected GAN, arXiv 2111.01007; Vision-aided
GAN, arXiv 2112.09130). The features know outlines, shading and eyes already, which a discriminator that
starts from nothing takes far longer to notice on a small set.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm
from torch.nn.utils.parametrize import is_parametrized

from gan.layers import LRELU_SLOPE, MinibatchStddev
from gan.pretrained.efficientnet import FrozenEfficientNet, over_white, resize
from train.recipe import PretrainedDiscriminatorConfig
from train.step.losses import discriminator_loss, generator_loss, gradient_penalty, overfitting

POWER_ITERATIONS = 2  # a step, to follow the heads' spectral norms (Miyato et al. 2018, arXiv 1802.05957)


class Head(nn.Module):
    """Features [N, C, h, w] → a map of logits [N, 1, h, w]."""

    def __init__(self, channels: int, width: int, minibatch_stddev: bool) -> None:
        super().__init__()
        # With it a head also sees how much the images of a group differ, as the other discriminator does.
        middle = [MinibatchStddev()] if minibatch_stddev else []
        self.layers = nn.Sequential(
            _normed(nn.Conv2d(channels, width, 1)),
            nn.LeakyReLU(LRELU_SLOPE),
            *middle,
            _normed(nn.Conv2d(width + len(middle), width, 3, padding=1)),
            nn.LeakyReLU(LRELU_SLOPE),
            _normed(nn.Conv2d(width, 1, 1)),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


def _normed(layer: nn.Module) -> nn.Module:
    return spectral_norm(layer, n_power_iterations=POWER_ITERATIONS)


class PretrainedDiscriminator(nn.Module):
    """The frozen network and one trainable head for each of its feature maps."""

    scales: Tensor

    def __init__(self, config: PretrainedDiscriminatorConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone = FrozenEfficientNet(first_stride=config.first_stride)
        with torch.no_grad():
            seen = self.backbone(torch.zeros(1, 3, config.image_side, config.image_side))
        self.heads = nn.ModuleList(Head(f.shape[1], config.width, config.minibatch_stddev) for f in seen)
        self.heads.eval()  # looking leaves their spectral norms as they are (`update_spectral_norms`)
        self.register_buffer("scales", torch.ones(len(seen)))

    @torch.no_grad()
    def calibrate(self, images: Tensor) -> None:
        """Remember each feature map's standard deviation over some real images, to divide by it."""
        self.scales.copy_(torch.stack([1 / f.float().std() for f in self._raw_features(images)]))

    @torch.no_grad()
    def update_spectral_norms(self) -> None:
        """Bring the heads' spectral norms up to date, once a step, for all its shares."""
        self.heads.train()
        for layer in self.heads.modules():
            if is_parametrized(layer, "weight"):
                _ = layer.weight  # computed on demand, which is what improves the estimate
        self.heads.eval()

    def features(self, images: Tensor) -> list[Tensor]:
        """Premultiplied RGBA [N, 4, R, R] in [−1, 1] → unit-variance features of the image over white."""
        return [f * scale for f, scale in zip(self._raw_features(images), self.scales, strict=True)]

    def logits(self, features: list[Tensor]) -> list[Tensor]:
        """Features → one map of logits per head."""
        return [head(f) for head, f in zip(self.heads, features, strict=True)]

    def losses(self, real: list[Tensor], fake: list[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Features → RpGAN losses of generator and heads, averaged over the heads, and their
        overfitting: scalars.

        Both losses come from one pass, so the generator meets the heads as they are before their update.
        """
        maps_real = [m.float() for m in self.logits(real)]
        maps_fake = [m.float() for m in self.logits(fake)]
        pairs = list(zip(maps_real, maps_fake, strict=True))
        loss_g = _mean(generator_loss("rpgan", r.detach(), f) for r, f in pairs)
        loss_d = _mean(discriminator_loss("rpgan", r, f) for r, f in pairs)
        return loss_g, loss_d, _mean(overfitting(r, f) for r, f in pairs)

    def penalty(self, features: list[Tensor]) -> Tensor:
        """R1 or R2 of the heads, averaged over positions and heads: a scalar.

        At the features and not at the pixels, so the frozen network is not differentiated twice.
        """
        return _mean(self._penalty(head, f) for head, f in zip(self.heads, features, strict=True))

    @staticmethod
    def _penalty(head: nn.Module, features: Tensor) -> Tensor:
        x = features.detach().float().requires_grad_()
        positions = x.shape[2] * x.shape[3]
        return gradient_penalty(head(x).sum(dim=(1, 2, 3)), x) / positions

    def _raw_features(self, images: Tensor) -> list[Tensor]:
        side = min(self.config.image_side, self.config.most_enlarged * images.shape[-1])
        return self.backbone(resize(over_white(images), side))


def _mean(values: Iterable[Tensor]) -> Tensor:
    return torch.stack(list(values)).mean()
