"""What is fast on which device, behind one name: the layers above read as in their papers."""

from __future__ import annotations

from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor


def best_dtype(device: torch.device) -> torch.dtype:
    """bfloat16 where the hardware multiplies it. Without such instructions it is far slower than float32."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    multiplies = torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.bfloat16 if multiplies and device.type == "cpu" else torch.float32


def area_average(x: Tensor) -> Tensor:
    """[N, C, H, W] → [N, C, H/2, W/2], each pixel the mean of four."""
    return cast("Tensor", _AreaAverage.apply(x))


class _AreaAverage(torch.autograd.Function):
    """`avg_pool2d(x, 2)` by operations that are twice as quick on CPUs; penalties differentiate it twice."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        if x.device.type != "cpu" or x.dtype != torch.bfloat16:
            return F.avg_pool2d(x, 2)
        quarters = torch.full((x.shape[1], 1, 2, 2), 0.25, dtype=x.dtype)
        return F.conv2d(x, quarters, stride=2, groups=x.shape[1])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        return F.interpolate(gradient / 4, scale_factor=2, mode="nearest")


def add_by_channel(x: Tensor, maps: Tensor, factors: Tensor) -> Tensor:
    """x [N, C, H, W] + Σₖ maps [N, K, H, W] · factors [K, C].

    As a matrix product with one row a pixel: one pass, and on CPUs several times as fast as broadcasting.
    """
    if x.device.type != "cpu":  # a GPU broadcasts at the speed of its memory
        maps, factors = maps.to(x.dtype), factors.to(x.dtype)
        return x + sum(maps[:, k, None] * f[:, None, None] for k, f in enumerate(factors))
    n, channels, height, width = x.shape
    rows = maps.permute(0, 2, 3, 1).reshape(-1, maps.shape[1]).to(x.dtype)  # [N·H·W, K]
    pixels = x.permute(0, 2, 3, 1).reshape(-1, channels)  # no copy in channels_last
    pixels = torch.addmm(pixels, rows, factors.to(x.dtype))
    return pixels.view(n, height, width, channels).permute(0, 3, 1, 2)


def add_bias(x: Tensor, bias: Tensor) -> Tensor:
    """x [N, C, H, W] + bias [C]."""
    if x.device.type != "cpu":
        return x + bias.to(x.dtype)[:, None, None]
    return add_by_channel(x, x.new_ones(()).expand(len(x), 1, *x.shape[2:]), bias[None])
