"""Convolutions that never learn compute what ordinary ones do, and so do their gradients."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from gan.pretrained.frozen import FrozenConv2d, Sides

SIDE = 9
SHAPES = [  # kernel, stride, padding, groups; 8 channels in and 8 out
    (1, 1, (0, 0, 0, 0), 1),
    (3, 1, (1, 1, 1, 1), 8),
    (3, 2, (0, 1, 0, 1), 1),
    (3, 2, (0, 1, 0, 1), 8),
    (5, 2, (1, 2, 1, 2), 8),
    (5, 2, (2, 2, 2, 2), 8),
]

NEAR = {torch.float64: 1e-5, torch.float32: 1e-5, torch.bfloat16: 0.02}  # how exactly each is computed


def parameters(kernel: int, groups: int, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    """Weight and bias, rounded to `dtype`: what is left to differ is how products are rounded."""
    torch.manual_seed(0)
    return torch.randn(8, 8 // groups, kernel, kernel).to(dtype).float(), torch.randn(8)


def layer(kernel: int, stride: int, padding: Sides, groups: int, relu6: bool) -> FrozenConv2d:
    return FrozenConv2d(*parameters(kernel, groups), stride, padding, groups, relu6)


@pytest.mark.parametrize(("kernel", "stride", "padding", "groups"), SHAPES)
@pytest.mark.parametrize("relu6", [True, False])
@pytest.mark.parametrize(("dtype", "near"), NEAR.items())
def test_output_and_gradient_are_those_of_a_plain_convolution(
    kernel: int, stride: int, padding: Sides, groups: int, relu6: bool, dtype: torch.dtype, near: float
) -> None:
    weight, bias = parameters(kernel, groups, dtype)
    conv = FrozenConv2d(weight, bias, stride, padding, groups, relu6)
    x = torch.randn(4, 8, SIDE, SIDE).to(dtype).contiguous(memory_format=torch.channels_last)
    ours, theirs = x.clone().requires_grad_(), x.float().requires_grad_()
    y, before = conv(ours), F.conv2d(F.pad(theirs, padding), weight, bias, stride, 0, 1, groups)
    expected = before.clamp(0, 6) if relu6 else before
    assert y.dtype == dtype and y.shape == expected.shape
    torch.testing.assert_close(y.float(), expected, atol=4 * near, rtol=near)
    # Nothing flows back where rounding could have put an output on the other side of a kink.
    sure = (before.abs() > 0.1) & ((before - 6).abs() > 0.1)
    towards = torch.randn_like(expected) * sure
    (gradient,) = torch.autograd.grad(y, ours, towards.to(dtype))
    (right,) = torch.autograd.grad(expected, theirs, towards.to(dtype).float())
    assert right.abs().max() > 1
    torch.testing.assert_close(gradient.float(), right, atol=8 * near, rtol=near)


@pytest.mark.parametrize("kernel", [3, 5])
def test_pictures_padded_as_on_a_gpu_come_to_the_same(kernel: int, monkeypatch: pytest.MonkeyPatch) -> None:
    sides = (0, 1, 0, 1) if kernel == 3 else (1, 2, 1, 2)
    x = torch.randn(4, 8, SIDE, SIDE).contiguous(memory_format=torch.channels_last)
    towards = torch.randn(4, 8, 4, 4)
    found: list[tuple[Tensor, Tensor]] = []
    for pads in (False, True):
        monkeypatch.setattr(FrozenConv2d, "pads_pictures", pads)
        conv, ours = layer(kernel, 2, sides, 8, relu6=True), x.clone().requires_grad_()
        y = conv(ours)
        found.append((y.detach(), torch.autograd.grad(y, ours, towards)[0]))
        assert conv.parameters_in(torch.float32)[0].shape[2] == kernel + (not pads)
    torch.testing.assert_close(*found)


def test_autocast_decides_the_number_format_and_nothing_learns() -> None:
    conv = layer(3, 1, (1, 1, 1, 1), 1, relu6=True)
    x = torch.randn(1, 8, SIDE, SIDE)
    with torch.autocast("cpu", torch.bfloat16):
        assert conv(x).dtype == torch.bfloat16
    assert conv(x).dtype == torch.float32
    assert list(conv.parameters()) == []


def test_weights_that_are_replaced_are_converted_anew() -> None:
    conv = layer(1, 1, (0, 0, 0, 0), 1, relu6=False)
    x = torch.ones(1, 8, 2, 2, dtype=torch.bfloat16)
    before = conv(x)
    conv._apply(lambda t: t * 2)
    assert torch.equal(conv(x), before * 2)


def test_a_cpu_without_bfloat16_kernels_computes_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    conv = layer(3, 1, (1, 1, 1, 1), 1, relu6=True)
    x = torch.randn(1, 8, SIDE, SIDE)
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: False)
    y = conv(x.bfloat16())
    assert y.dtype == torch.bfloat16
    torch.testing.assert_close(y.float(), conv(x), atol=0.1, rtol=0.05)
