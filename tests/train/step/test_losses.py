"""Losses, gradient penalties, clamped fakes, averages and number formats, by formula."""

import math

import pytest
import torch
from torch import nn

from gan.generator import Generator
from tests.train.tiny import tiny_recipe
from train.errors import PrecisionError
from train.step.ema import EMA, RAMP_UP
from train.step.losses import clamp_images, discriminator_loss, generator_loss, gradient_penalty, overfitting
from train.step.precision import Compute, best_dtype, choose


def test_rpgan_compares_each_real_with_the_fake_beside_it() -> None:
    real, fake = torch.tensor([1.0, -2.0]), torch.tensor([0.5, 3.0])
    expected_d = (math.log1p(math.exp(-0.5)) + math.log1p(math.exp(5.0))) / 2
    expected_g = (math.log1p(math.exp(0.5)) + math.log1p(math.exp(-5.0))) / 2
    assert discriminator_loss("rpgan", real, fake).item() == pytest.approx(expected_d)
    assert generator_loss("rpgan", real, fake).item() == pytest.approx(expected_g)
    assert discriminator_loss("rpgan", real, real).item() == pytest.approx(math.log(2))


def test_the_penalty_of_a_linear_discriminator_is_half_its_squared_weights() -> None:
    torch.manual_seed(0)
    weight = torch.randn(4, 6, 6)
    images = torch.randn(5, 4, 6, 6, requires_grad=True)
    logits = (images * weight).sum(dim=(1, 2, 3))
    assert gradient_penalty(logits, images).item() == pytest.approx(
        weight.square().sum().item() / 2, rel=1e-5
    )


def test_the_penalty_is_a_mean_over_samples_and_can_be_trained_on() -> None:
    scale = torch.tensor([1.0, 3.0], requires_grad=True)
    images = torch.zeros(2, 1, 1, 1, requires_grad=True)
    penalty = gradient_penalty(images.flatten() * scale, images)
    assert penalty.item() == pytest.approx((1 + 9) / 4)
    penalty.backward()
    assert scale.grad is not None and scale.grad.tolist() == pytest.approx([0.5, 1.5])


def constant_generator(value: float) -> Generator:
    generator = Generator(tiny_recipe().network)
    with torch.no_grad():
        for tensor in (*generator.parameters(), *generator.buffers()):
            tensor.fill_(value)
    return generator


def test_an_average_is_half_way_after_its_half_life() -> None:
    ema = EMA(constant_generator(0.0), half_life_kimg=1.0)
    target = constant_generator(1.0)
    for _ in range(125):  # 1,000 images, long after the ramp
        ema.update(target, 10**9, 8)
    assert all(p.mean().item() == pytest.approx(0.5, abs=1e-4) for p in ema.generator.parameters())


def test_the_half_life_ramps_up_with_the_images_seen() -> None:
    ema = EMA(constant_generator(0.0), half_life_kimg=1000.0)
    ema.update(constant_generator(1.0), images_seen=640, batch_size=32)
    expected = 1 - 0.5 ** (32 / (640 * RAMP_UP))
    assert all(p.mean().item() == pytest.approx(expected) for p in ema.generator.parameters())


def test_the_mean_style_is_copied_not_averaged() -> None:
    ema = EMA(constant_generator(0.0), 1.0)
    ema.update(constant_generator(0.25), 1000, 8)
    assert torch.equal(ema.generator.mapping.w_avg, torch.full((32,), 0.25))
    assert not any(p.requires_grad for p in ema.generator.parameters())


@pytest.mark.parametrize(("supported", "dtype"), [(True, torch.bfloat16), (False, torch.float32)])
def test_a_cpu_uses_bfloat16_only_where_it_multiplies_it(
    monkeypatch: pytest.MonkeyPatch, supported: bool, dtype: torch.dtype
) -> None:
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: supported)
    assert best_dtype(torch.device("cpu")) == dtype


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_convolutions_run_in_the_chosen_format(dtype: torch.dtype) -> None:
    with Compute(torch.device("cpu"), dtype).autocast():
        assert nn.Conv2d(1, 1, 1)(torch.ones(1, 1, 2, 2)).dtype == dtype


def test_the_nonsaturating_loss_looks_at_each_side_by_itself() -> None:
    real, fake = torch.tensor([1.0, -2.0]), torch.tensor([0.5, 3.0])
    expected_d = (math.log1p(math.exp(-1)) + math.log1p(math.exp(2))) / 2
    expected_d += (math.log1p(math.exp(0.5)) + math.log1p(math.exp(3))) / 2
    expected_g = (math.log1p(math.exp(-0.5)) + math.log1p(math.exp(-3))) / 2
    assert discriminator_loss("nonsaturating", real, fake).item() == pytest.approx(expected_d)
    assert generator_loss("nonsaturating", real, fake).item() == pytest.approx(expected_g)


def test_overfitting_counts_pairs_that_are_told_apart() -> None:
    real, fake = torch.tensor([1.0, 1.0, 1.0, 1.0]), torch.tensor([0.0, 0.5, -1.0, 2.0])
    assert overfitting(real, fake).item() == 0.5
    assert overfitting(real, real - 1).item() == 1 and overfitting(real, real).item() == 0


def test_formats_that_would_be_slower_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu = torch.device("cpu")
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: False)
    assert choose("auto", cpu).dtype == choose("fp32", cpu).dtype == torch.float32
    with pytest.raises(PrecisionError, match="bf16 instructions"):
        choose("bf16", cpu)
    with pytest.raises(PrecisionError, match="GPU"):
        choose("fp16", cpu)
    assert str(choose("fp32", cpu)) == "CPU, float32, channels_last"


def test_values_are_clamped_and_those_outside_can_still_come_back() -> None:
    x = torch.tensor([-1.5, -1.5, -1.0, 0.25, 1.0, 1.5, 1.5], requires_grad=True)
    y = clamp_images(x)
    assert y.tolist() == [-1, -1, -1, 0.25, 1, 1, 1]
    gradient = torch.tensor([2.0, -2.0, 3.0, 4.0, -5.0, 6.0, -6.0])
    y.backward(gradient)
    assert x.grad is not None
    assert x.grad.tolist() == [0, -2, 3, 4, -5, 6, 0], "descent goes against the gradient"


def test_descent_stops_at_the_edge_where_the_rest_of_the_way_shows_nothing() -> None:
    x = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([x], lr=0.4)
    for _ in range(10):
        optimizer.zero_grad()
        clamp_images(x).sum().backward()
        optimizer.step()
    assert -1.5 < x.item() < -1
