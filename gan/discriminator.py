"""The discriminator: residual blocks from the image down to one logit (StyleGAN2, arXiv 1912.04958).

It grows like the generator: at a resolution that is fading in, the new block's output is blended with what
the smaller network would have seen (Progressive GAN, figure 2).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from gan.config import BASE_RESOLUTION, NetworkConfig
from gan.layers import (
    LRELU_GAIN,
    EqualizedConv2d,
    EqualizedLinear,
    MinibatchStddev,
    activate,
    activate_scaled,
    downsample,
)

HALF = math.sqrt(0.5)  # keeps the variance of a sum of two


class DiscriminatorBlock(nn.Module):
    """[N, C_in, H, W] → [N, C_out, H/2, W/2], residual."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv0 = EqualizedConv2d(in_channels, in_channels, 3, gain=LRELU_GAIN)
        self.conv1 = EqualizedConv2d(in_channels, out_channels, 3, gain=LRELU_GAIN * HALF)
        self.skip = EqualizedConv2d(in_channels, out_channels, 1, bias=False, gain=HALF)

    def forward(self, x: Tensor) -> Tensor:
        # Halved before the wider convolution: a quarter of its work.
        y = downsample(activate_scaled(self.conv0(x)))
        y = activate_scaled(self.conv1(y))
        return y + self.skip(downsample(x))


class Discriminator(nn.Module):
    """Premultiplied RGBA → logit. Higher means more real."""

    def __init__(self, config: NetworkConfig, minibatch_stddev_group: int = 4) -> None:
        super().__init__()
        self.config = config
        widths = config.channels
        self.from_image = nn.ModuleList(
            EqualizedConv2d(config.image_channels, c, 1, gain=LRELU_GAIN) for c in widths
        )
        self.blocks = nn.ModuleList(
            DiscriminatorBlock(widths[i], widths[i - 1]) for i in range(1, len(widths))
        )  # blocks[i - 1] takes resolution i down to i − 1
        self.stddev = MinibatchStddev(minibatch_stddev_group)
        self.conv = EqualizedConv2d(widths[0] + 1, widths[0], 3, gain=LRELU_GAIN)
        self.dense = EqualizedLinear(widths[0] * BASE_RESOLUTION**2, widths[0])
        self.logit = EqualizedLinear(widths[0], 1)

    def forward(self, image: Tensor, alpha: float = 1.0) -> Tensor:
        """image [N, 4, R, R] for any resolution R of the network → logits [N]."""
        top = self.config.resolutions.index(image.shape[-1])
        x = activate_scaled(self.from_image[top](image))
        for i in range(top, 0, -1):
            x = self.blocks[i - 1](x)
            if i == top and alpha < 1:
                smaller = activate_scaled(self.from_image[top - 1](downsample(image)))
                x = torch.lerp(smaller, x, alpha)
        with torch.autocast(x.device.type, enabled=False):  # losses live on small differences of logits
            x = activate_scaled(self.conv(self.stddev(x.to(self.logit.weight.dtype))))
            x = activate(self.dense(x.flatten(1)))
            return self.logit(x).squeeze(1)
