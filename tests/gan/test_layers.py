"""Layers against the formulas of their papers, in float64."""

import math

import pytest
import torch
import torch.nn.functional as F

from gan import ops
from gan.layers import (
    AdaIN,
    EqualizedConv2d,
    EqualizedLinear,
    MinibatchStddev,
    ModulatedConv2d,
    Noise,
    activate,
    adaptive_instance_norm,
    downsample,
    upsample,
)


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def test_adain_is_equation_8_of_its_paper() -> None:
    x = torch.randn(3, 5, 6, 7, dtype=torch.float64) * 4 + 2
    scale, bias = torch.randn(2, 3, 5, dtype=torch.float64)
    y = adaptive_instance_norm(x, scale, bias)
    for n in range(3):
        for c in range(5):
            pixels = x[n, c]
            mean = pixels.sum() / pixels.numel()
            sigma = ((pixels - mean) ** 2).sum().div(pixels.numel()).sqrt()
            torch.testing.assert_close(y[n, c], scale[n, c] * (pixels - mean) / sigma + bias[n, c])


def test_adain_takes_scale_and_bias_of_each_channel_from_w() -> None:
    layer = AdaIN(5, 8).double()
    x, w = torch.randn(2, 5, 6, 6, dtype=torch.float64), torch.randn(2, 8, dtype=torch.float64)
    y = layer(x, w)
    torch.testing.assert_close(y.mean(dim=(2, 3)), layer.bias(w))
    torch.testing.assert_close(y.std(dim=(2, 3), correction=0), layer.scale(w).abs())


def test_adain_starts_near_scale_one_and_bias_zero() -> None:
    layer = AdaIN(4, 8)
    w = torch.zeros(1, 8)
    assert torch.equal(layer.scale(w), torch.ones(1, 4)) and torch.equal(layer.bias(w), torch.zeros(1, 4))


@pytest.mark.parametrize("demodulate", [True, False])
@pytest.mark.parametrize("kernel", [1, 3])
def test_scaled_activations_equal_kernels_per_sample(demodulate: bool, kernel: int) -> None:
    layer = ModulatedConv2d(6, 4, kernel, 8, demodulate).double()
    x, w = torch.randn(3, 6, 5, 5, dtype=torch.float64), torch.randn(3, 8, dtype=torch.float64)
    # StyleGAN2: w'_ijk = s_i · w_ijk (equation 1), w''_ijk = w'_ijk / sqrt(Σ_ik w'_ijk² + ε) (equation 3).
    kernels = layer.conv.scaled_weight()[None] * layer.affine(w)[:, None, :, None, None]
    if demodulate:
        kernels = kernels / (kernels.square().sum(dim=(2, 3, 4), keepdim=True) + 1e-8).sqrt()
    grouped = F.conv2d(
        x.reshape(1, 18, 5, 5), kernels.reshape(12, 6, kernel, kernel), padding=kernel // 2, groups=3
    )
    torch.testing.assert_close(layer(x, w), grouped.reshape(3, 4, 5, 5))


@pytest.mark.parametrize("multiplier", [1.0, 0.01])
def test_equalised_linear_keeps_unit_variance_and_slows_its_updates(multiplier: float) -> None:
    layer = EqualizedLinear(256, 512, lr_multiplier=multiplier)
    x = torch.randn(64, 256)
    assert layer(x).var().item() == pytest.approx(1, abs=0.05)
    before = layer(x)
    with torch.no_grad():
        layer.bias.add_(1.0)  # what one Adam step of learning rate 1 does
    torch.testing.assert_close(layer(x) - before, torch.full_like(before, multiplier), atol=1e-5, rtol=0)


def test_equalised_linear_starts_with_its_bias_whatever_the_multiplier() -> None:
    layer = EqualizedLinear(4, 3, bias_init=1.5, lr_multiplier=0.01)
    torch.testing.assert_close(layer(torch.zeros(1, 4)), torch.full((1, 3), 1.5))


def test_equalised_convolution_keeps_unit_variance_and_size() -> None:
    y = EqualizedConv2d(64, 32, 3)(torch.randn(4, 64, 24, 24))
    assert y.shape == (4, 32, 24, 24)
    assert y[:, :, 1:-1, 1:-1].var().item() == pytest.approx(1, abs=0.1)


def test_activation_keeps_the_second_moment() -> None:
    assert activate(torch.randn(200_000)).square().mean().item() == pytest.approx(1, abs=0.02)


def test_noise_has_a_strength_of_its_own_for_each_channel() -> None:
    layer = Noise(3)
    x, noise, bias = torch.randn(2, 3, 4, 4), torch.randn(2, 1, 4, 4), torch.tensor([0.5, -1.0, 0.0])
    assert torch.equal(layer(x, noise, torch.zeros(3)), x)  # off at the start
    with torch.no_grad():
        layer.strength.copy_(torch.tensor([0.0, 2.0, -0.5]))
    y = layer(x, noise, bias) - x
    for channel, strength in enumerate((0.0, 2.0, -0.5)):
        torch.testing.assert_close(y[:, channel], strength * noise[:, 0] + bias[channel])


def test_a_bias_is_added_to_its_own_channel_in_any_memory_format() -> None:
    x, bias = torch.randn(2, 3, 4, 5), torch.tensor([0.5, -1.0, 0.0])
    for images in (x, x.contiguous(memory_format=torch.channels_last)):
        assert torch.equal(ops.add_bias(images, bias), x + bias.view(1, 3, 1, 1))


def test_up_and_downsampling_keep_flat_areas_and_means() -> None:
    flat = torch.full((1, 1, 4, 4), 0.3)
    torch.testing.assert_close(upsample(flat), torch.full((1, 1, 8, 8), 0.3))
    x = torch.randn(2, 3, 8, 8)
    torch.testing.assert_close(downsample(x).mean(), x.mean())


def test_downsampling_is_an_average_of_areas_also_when_differentiated_twice() -> None:
    x = torch.randn(2, 3, 6, 6, dtype=torch.float64, requires_grad=True)
    torch.testing.assert_close(downsample(x), F.avg_pool2d(x, 2))
    assert torch.autograd.gradcheck(downsample, x)
    assert torch.autograd.gradgradcheck(lambda t: downsample(t).square(), x)


def test_downsampling_is_the_same_in_the_format_that_has_a_quicker_way() -> None:
    x = torch.randn(2, 3, 6, 6).bfloat16().contiguous(memory_format=torch.channels_last).requires_grad_()
    y = downsample(x)
    torch.testing.assert_close(y.float(), F.avg_pool2d(x.float(), 2), atol=0, rtol=2**-8)
    towards = torch.randn(2, 3, 3, 3).bfloat16()
    (gradient,) = torch.autograd.grad(y, x, towards)
    assert torch.equal(gradient, (towards / 4).repeat_interleave(2, 2).repeat_interleave(2, 3))


def test_upsampling_is_the_filter_1_3_3_1() -> None:
    x = torch.zeros(1, 1, 5, 5)
    x[0, 0, 2, 2] = 1
    row = torch.tensor([0.25, 0.75, 0.75, 0.25])
    torch.testing.assert_close(upsample(x)[0, 0, 3:7, 3:7], row[:, None] * row)


@pytest.mark.parametrize(("n", "groups"), [(8, 2), (4, 1), (3, 1), (1, 1)])
def test_minibatch_stddev_measures_each_group(n: int, groups: int) -> None:
    x = torch.randn(n, 5, 4, 4, dtype=torch.float64)
    y = MinibatchStddev(4)(x)
    assert torch.equal(y[:, :5], x)
    for g in range(groups):
        members = range(g * n // groups, (g + 1) * n // groups)
        expected = (x[list(members)].var(dim=0, correction=0) + 1e-8).sqrt().mean().item()
        for i in members:
            torch.testing.assert_close(y[i, 5], torch.full((4, 4), expected, dtype=torch.float64))


def test_minibatch_stddev_of_equal_samples_is_nearly_zero() -> None:
    y = MinibatchStddev(4)(torch.ones(4, 2, 4, 4))
    assert y[:, 2].max().item() <= math.sqrt(1e-8) * 1.001
