"""The parts that both networks are made of.

Papers: Progressive GAN (Karras et al. 2017, arXiv 1710.10196), AdaIN (Huang & Belongie 2017, 1703.06868),
StyleGAN (Karras et al. 2018, 1812.04948), StyleGAN2 (Karras et al. 2019, 1912.04958).
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gan import ops

LRELU_SLOPE = 0.2
LRELU_GAIN = math.sqrt(2 / (1 + LRELU_SLOPE**2))  # keeps unit variance through the activation


def activate(x: Tensor) -> Tensor:
    """LeakyReLU 0.2, rescaled so that a unit-variance input keeps its variance."""
    return F.leaky_relu(x * LRELU_GAIN, LRELU_SLOPE)


def activate_scaled(x: Tensor) -> Tensor:
    """`activate` of what has been multiplied by `LRELU_GAIN` already.

    LeakyReLU is homogeneous, so its gain can be applied to a layer's few weights instead of its many pixels.
    """
    return F.leaky_relu(x, LRELU_SLOPE)


def upsample(x: Tensor) -> Tensor:
    """[N, C, H, W] → [N, C, 2H, 2W], bilinear: the [1, 3, 3, 1] filter of StyleGAN2."""
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def downsample(x: Tensor) -> Tensor:
    """[N, C, H, W] → [N, C, H/2, W/2] by area averaging."""
    return ops.area_average(x)


class EqualizedLinear(nn.Module):
    """Linear layer whose weight is scaled at run time, so that all layers learn at one speed.

    Equalised learning rate, Progressive GAN section 4.1: weights start at N(0, 1) and are multiplied by the
    He constant in the forward pass. `lr_multiplier` slows the layer down (0.01 for the mapping network).
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias_init: float = 0.0,  # what the bias adds at the start
        lr_multiplier: float = 1.0,  # learning rate of this layer, relative to the optimiser's
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_features, in_features) / lr_multiplier)
        self.bias = nn.Parameter(torch.full((out_features,), bias_init / lr_multiplier))
        self.weight_gain = lr_multiplier / math.sqrt(in_features)
        self.bias_gain = lr_multiplier

    def forward(self, x: Tensor) -> Tensor:
        """[N, in] → [N, out]."""
        # The input is scaled in the weight's stead: the same product, and far fewer numbers to multiply.
        return F.linear(x * self.weight_gain, self.weight, self.bias * self.bias_gain)


class EqualizedConv2d(nn.Module):
    """Same-size convolution with an equalised learning rate; the bias is optional."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int,
        bias: bool = True,
        gain: float = 1.0,  # what the result is multiplied by
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(out_channels)) if bias else None
        self.weight_gain = gain / math.sqrt(in_channels * kernel**2)
        self.bias_gain = gain
        self.padding = kernel // 2

    def scaled_weight(self) -> Tensor:
        """The weight that is really applied, [out, in, k, k]."""
        return self.weight * self.weight_gain

    def forward(self, x: Tensor) -> Tensor:
        """[N, in, H, W] → [N, out, H, W]."""
        bias = None if self.bias is None else self.bias * self.bias_gain
        return F.conv2d(x, self.scaled_weight(), bias, padding=self.padding)


class UnstyledConv2d(EqualizedConv2d):
    """An `EqualizedConv2d` in the place of a `ModulatedConv2d`: w comes in later, if at all (`AdaIN`)."""

    def forward(self, x: Tensor, w: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        """x [N, in, H, W], w [N, w_dim] → [N, out, H, W]."""
        return super().forward(x)


class Noise(nn.Module):
    """Adds Gaussian noise with a learned strength per channel (StyleGAN section 2, input "B")."""

    def __init__(self, channels: int, gain: float = 1.0) -> None:
        super().__init__()
        self.strength = nn.Parameter(torch.zeros(channels))
        self.gain = gain  # what the noise is multiplied by besides

    def forward(self, x: Tensor, noise: Tensor, bias: Tensor) -> Tensor:
        """x [N, C, H, W] + strength [C] · noise [N, 1, H, W] + bias [C]."""
        maps = torch.cat([noise, torch.ones_like(noise)], dim=1)
        return ops.add_by_channel(x, maps, torch.stack([self.strength * self.gain, bias]))


def adaptive_instance_norm(x: Tensor, y_scale: Tensor, y_bias: Tensor, eps: float = 1e-8) -> Tensor:
    """AdaIN(x, y) = y_scale · (x − μ(x)) / σ(x) + y_bias  (Huang & Belongie 2017, equation 8).

    x is [N, C, H, W]; y_scale and y_bias are [N, C]; μ and σ run over the pixels of each sample and channel.
    """
    variance, mean = torch.var_mean(x, dim=(2, 3), keepdim=True, correction=0)
    scale = y_scale[:, :, None, None] * torch.rsqrt(variance + eps)
    return (x - mean) * scale + y_bias[:, :, None, None]


class AdaIN(nn.Module):
    """A learned affine map of w ("A" in StyleGAN's figure 1) that sets each channel's scale and bias."""

    def __init__(self, channels: int, w_dim: int) -> None:
        super().__init__()
        self.scale = EqualizedLinear(w_dim, channels, bias_init=1.0)
        self.bias = EqualizedLinear(w_dim, channels)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """x [N, C, H, W], w [N, w_dim] → [N, C, H, W]."""
        return adaptive_instance_norm(x, self.scale(w), self.bias(w))


class ModulatedConv2d(nn.Module):
    """Weight (de)modulation, StyleGAN2 equations 1 and 3, by scaling activations instead of weights.

    Scaling input channels by s before, and output channels by 1/σ after, one shared convolution is the same
    arithmetic as giving every sample its own kernel, without the grouped convolution that is slow on CPUs.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int,
        w_dim: int,
        demodulate: bool = True,
        gain: float = 1.0,  # what the demodulated result is multiplied by
    ) -> None:
        super().__init__()
        self.conv = EqualizedConv2d(in_channels, out_channels, kernel, bias=False)
        self.affine = EqualizedLinear(w_dim, in_channels, bias_init=1.0)
        self.demodulate = demodulate
        self.gain = gain

    @property
    def weight(self) -> nn.Parameter:
        """That of the one convolution that all samples share, [out, in, k, k]."""
        return self.conv.weight

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """x [N, in, H, W], w [N, w_dim] → [N, out, H, W]."""
        style = self.affine(w)  # s, [N, in]
        weight = self.conv.scaled_weight()
        x = F.conv2d(x * style.to(x.dtype)[:, :, None, None], weight, padding=self.conv.padding)
        if not self.demodulate:
            return x
        squares = weight.square().sum(dim=(2, 3))  # [out, in]
        sigma_inverse = torch.rsqrt(style.square() @ squares.t() + 1e-8)  # [N, out]
        return x * (sigma_inverse * self.gain).to(x.dtype)[:, :, None, None]


class MinibatchStddev(nn.Module):
    """Appends one channel: how much the samples of a group differ (Progressive GAN section 3)."""

    def __init__(self, group: int = 4) -> None:
        super().__init__()
        self.group = group

    def forward(self, x: Tensor) -> Tensor:
        """[N, C, H, W] → [N, C + 1, H, W]. A batch that groups of four do not divide forms one group.

        Groups are neighbours in the batch, so they stay whole where processes share it.
        """
        n, _, h, w = x.shape
        group = self.group if n % self.group == 0 else n
        y = x.reshape(n // group, group, -1)
        variance = (y - y.mean(dim=1, keepdim=True)).square().mean(dim=1)  # far quicker than torch.var here
        stddev = (variance + 1e-8).sqrt().mean(dim=1)  # [N / group]
        channel = stddev.repeat_interleave(group).view(n, 1, 1, 1).expand(n, 1, h, w)
        return torch.cat([x, channel], dim=1)
