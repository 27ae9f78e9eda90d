"""Convolutions that never learn, as quick as the machine allows: on a CPU bias and ReLU6 come in one pass.

A layer that trains needs three gradients and perhaps gradients of gradients. One that is frozen needs the
gradient at its input, once, and this is all that these have.
"""

from __future__ import annotations

from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

Sides = tuple[int, int, int, int]  # left, right, top, bottom


class FrozenConv2d(nn.Module):
    """Convolution, bias and (if `relu6`) ReLU6, with zeros around as in TensorFlow: not always even."""

    weight: Tensor
    bias: Tensor

    def __init__(
        self,
        weight: Tensor,  # [out, in / groups, k, k]
        bias: Tensor,  # [out]
        stride: int,
        padding: Sides,
        groups: int,
        relu6: bool,
    ) -> None:
        super().__init__()
        self.sides = padding
        self.register_buffer("weight", weight.detach().contiguous(memory_format=torch.channels_last))
        self.register_buffer("bias", bias.detach().clone())
        self.stride = stride
        self.groups = groups
        self.relu6 = relu6
        self._cast: dict[torch.dtype, tuple[Tensor, Tensor]] = {}

    @property
    def pads_pictures(self) -> bool:
        """Whether uneven zeros go around the picture, or else at the edges of the kernel: the same result.

        With the latter a CPU is spared a pass over the pixels, which takes longer than the convolution. A GPU
        passes over them in no time, and has no quick depthwise convolution with an even side.
        """
        return self.weight.device.type != "cpu" and len(set(self.sides)) > 1

    @property
    def padding(self) -> int:
        """Zeros that the convolution adds at every side."""
        return 0 if self.pads_pictures else max(self.sides)

    def _apply(self, fn: Any, recurse: bool = True) -> FrozenConv2d:
        self._cast.clear()
        return super()._apply(fn, recurse)

    def parameters_in(self, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Weight and bias as they are applied, in this number format; converted once: they never change."""
        if dtype not in self._cast:
            weight = self.weight
            if not self.pads_pictures:
                weight = F.pad(weight, [self.padding - side for side in self.sides])
            weight = weight.to(dtype).contiguous(memory_format=torch.channels_last)
            self._cast[dtype] = weight, self.bias.to(dtype)
        return self._cast[dtype]

    def forward(self, x: Tensor) -> Tensor:
        """[N, in, H, W] → [N, out, H', W'], in autocast's number format where that is on."""
        kind = x.device.type
        if torch.is_autocast_enabled(kind):
            x = x.to(torch.get_autocast_dtype(kind))
        return cast("Tensor", _FrozenConv.apply(x, self))


class _FrozenConv(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, layer: FrozenConv2d) -> Tensor:
        weight, bias = layer.parameters_in(x.dtype)
        if layer.pads_pictures:
            x = F.pad(x, layer.sides)
        if _can_fuse(x):
            activation = ("hardtanh", [0.0, 6.0]) if layer.relu6 else ("none", [])
            sizes = [layer.padding] * 2, [layer.stride] * 2, [1, 1]
            y = torch.ops.mkldnn._convolution_pointwise(
                x, weight, bias, *sizes, layer.groups, *activation, ""
            )
        else:
            y = F.conv2d(x, weight, bias, layer.stride, layer.padding, 1, layer.groups)
            y = y.clamp_(0, 6) if layer.relu6 else y
        ctx.layer = layer
        ctx.save_for_backward(x, y if layer.relu6 else None)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        layer: FrozenConv2d = ctx.layer
        x, y = ctx.saved_tensors
        if y is not None:
            gradient = torch.ops.aten.hardtanh_backward(gradient, y, 0, 6)
        weight, _ = layer.parameters_in(x.dtype)
        stride = layer.stride
        depthwise = layer.groups > 1
        if stride > 1 and depthwise and x.device.type == "cpu" and x.dtype == torch.bfloat16:
            # There is no bfloat16 kernel for this one, and what stands in for it takes six times as long as
            # in float32: rather spread the gradient out, and go back through every position.
            dense = [n + 2 * layer.padding - weight.shape[2] + 1 for n in x.shape[2:]]
            gradient, stride = _spread(gradient, stride, dense), 1
        at_input, _, _ = torch.ops.aten.convolution_backward(
            gradient, x, weight, None, [stride] * 2, [layer.padding] * 2, [1, 1], False, [0, 0],
            layer.groups, [True, False, False],
        )  # fmt: skip
        return F.pad(at_input, [-side for side in layer.sides]) if layer.pads_pictures else at_input, None


def _can_fuse(x: Tensor) -> bool:
    """Whether a CPU has convolutions with activations for it: in bfloat16 only with AVX-512."""
    if x.device.type != "cpu" or not torch.backends.mkldnn.is_available():
        return False
    if x.dtype == torch.bfloat16:
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return x.dtype == torch.float32


def _spread(x: Tensor, stride: int, sides: list[int]) -> Tensor:
    """[N, C, H, W] → [N, C, *sides]: each value `stride` from the next, and zeros in between."""
    shape = (*x.shape[:2], *sides)
    spread = torch.empty(shape, dtype=x.dtype, device=x.device, memory_format=torch.channels_last).zero_()
    spread[:, :, ::stride, ::stride][:, :, : x.shape[2], : x.shape[3]] = x
    return spread
