"""The networks: what enters them, how they grow, and which style vector decides what."""

import pytest
import torch
from torch import Tensor

from gan.config import ConfigError, NetworkConfig, Style
from gan.discriminator import Discriminator
from gan.generator import Generator, MappingNetwork, StyledConv
from gan.layers import LRELU_GAIN, AdaIN, EqualizedConv2d, EqualizedLinear, activate, downsample, upsample
from tests.gan.tiny import STYLES, tiny_config, tiny_generator


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def inputs(generator: Generator, n: int = 2) -> tuple[Tensor, list[Tensor]]:
    """Random W+ codes, another style in every layer, and noise."""
    w_plus = torch.randn(n, generator.config.num_layers, generator.config.w_dim)
    return w_plus, generator.synthesis.random_noise(n, generator.config.resolution, w_plus)


def test_the_default_mapping_network_is_the_articles() -> None:
    mapping = MappingNetwork(NetworkConfig())
    assert len(mapping.layers) == 8
    assert all(isinstance(m, EqualizedLinear) and m.weight.shape == (512, 512) for m in mapping.layers)


def test_mapping_normalises_z() -> None:
    mapping, z = tiny_generator().mapping, torch.randn(3, 32)
    torch.testing.assert_close(mapping(z), mapping(z * 7.5))
    assert not torch.allclose(mapping(z), mapping(-z))


def test_mapping_is_linear_layers_with_leaky_relu() -> None:
    mapping, z = tiny_generator().mapping.double(), torch.randn(3, 32, dtype=torch.float64)
    x = z / z.square().mean(dim=1, keepdim=True).sqrt()
    for layer in mapping.layers:
        assert isinstance(layer, EqualizedLinear)
        x = x @ (layer.weight * 0.01 / 32**0.5).t() + layer.bias * 0.01
        x = torch.where(x > 0, x, 0.2 * x) * (2 / 1.04) ** 0.5
    torch.testing.assert_close(mapping(z), x, atol=1e-6, rtol=1e-6)


def test_truncation_pulls_towards_the_mean_style() -> None:
    mapping = tiny_generator().mapping
    w = torch.randn(4, 32)
    assert torch.equal(mapping.truncate(w, 0), mapping.w_avg.expand(4, -1))
    torch.testing.assert_close(mapping.truncate(w, 1), w)
    torch.testing.assert_close(mapping.truncate(w, 0.5), (w + mapping.w_avg) / 2)


def test_the_mean_style_is_tracked() -> None:
    mapping = MappingNetwork(tiny_config())
    for _ in range(2000):
        mapping.track(torch.randn(8, 32) + 3)
    torch.testing.assert_close(mapping.w_avg, torch.full((32,), 3.0), atol=0.15, rtol=0)


@pytest.mark.parametrize("style", STYLES)
def test_synthesis_starts_from_the_learned_constant_alone(style: Style) -> None:
    generator = tiny_generator(style)
    assert generator.synthesis.constant.shape == (1, 16, 4, 4)
    with torch.no_grad():
        for name, parameter in generator.synthesis.named_parameters():
            if name.endswith("strength") or (
                name.endswith("weight") and ("affine" in name or "adain" in name)
            ):
                parameter.zero_()  # w is cut off, noise is off: only the constant is left
    a, b, c = generator(torch.randn(3, 32))
    assert torch.equal(a, b) and torch.equal(b, c)
    with torch.no_grad():
        generator.synthesis.constant.copy_(torch.randn(1, 16, 4, 4))
    assert not torch.allclose(a, generator(torch.randn(1, 32))[0])


@pytest.mark.parametrize("style", STYLES)
def test_every_style_vector_and_noise_image_takes_part(style: Style) -> None:
    generator = tiny_generator(style)
    w_plus, noise = inputs(generator)
    leaves = [w_plus.requires_grad_(), *(n.requires_grad_() for n in noise)]
    gradients = torch.autograd.grad(generator.synthesis(w_plus, noise).square().sum(), leaves)
    assert (gradients[0].abs().amax(dim=(0, 2)) > 0).all()
    assert all((g != 0).any() for g in gradients[1:])
    assert len(noise) == len(generator.synthesis.noise_shapes())


def test_one_sample_does_not_depend_on_the_others() -> None:
    generator = tiny_generator()
    w_plus, noise = inputs(generator, 3)
    whole = generator.synthesis(w_plus, noise)
    alone = generator.synthesis(w_plus[1:2], [n[1:2] for n in noise])
    torch.testing.assert_close(whole[1:2], alone, atol=1e-5, rtol=1e-5)


def test_a_layer_of_the_article_adds_noise_before_adain() -> None:
    layer = StyledConv(tiny_config("adain"), 6, 5, 8, upsamples=True).double()
    assert isinstance(layer.conv, EqualizedConv2d) and layer.noise is not None
    assert isinstance(layer.adain, AdaIN)
    with torch.no_grad():
        layer.noise.strength.copy_(torch.randn(5))
        layer.bias.copy_(torch.randn(5))
    x, w = torch.randn(2, 6, 4, 4, dtype=torch.float64), torch.randn(2, 32, dtype=torch.float64)
    noise = torch.randn(2, 1, 8, 8, dtype=torch.float64)
    y = upsample(layer.conv(x, w) / LRELU_GAIN) + layer.noise.strength.view(1, 5, 1, 1) * noise
    y = activate(y + layer.bias.view(1, 5, 1, 1))
    mean, sigma = y.mean(dim=(2, 3), keepdim=True), y.std(dim=(2, 3), correction=0, keepdim=True)
    scale, bias = (affine(w)[:, :, None, None] for affine in (layer.adain.scale, layer.adain.bias))
    torch.testing.assert_close(layer(x, w, noise), scale * (y - mean) / sigma + bias, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("resolution", [8, 16])
def test_a_new_level_starts_as_exactly_the_smaller_network_upsampled(style: Style, resolution: int) -> None:
    generator = tiny_generator(style)
    w_plus, noise = inputs(generator)
    smaller = generator.synthesis(w_plus, noise, resolution // 2)
    assert smaller.shape == (2, 4, resolution // 2, resolution // 2)
    assert torch.equal(generator.synthesis(w_plus, noise, resolution, alpha=0.0), upsample(smaller))
    half = generator.synthesis(w_plus, noise, resolution, alpha=0.5)
    whole = generator.synthesis(w_plus, noise, resolution, alpha=1.0)
    torch.testing.assert_close(half, (whole + upsample(smaller)) / 2)
    assert not torch.allclose(whole, upsample(smaller))


@pytest.mark.parametrize("resolution", [8, 16])
def test_the_discriminator_grows_without_a_jump(resolution: int) -> None:
    discriminator = Discriminator(tiny_config())
    image = torch.randn(4, 4, resolution, resolution)
    smaller = discriminator(downsample(image))
    torch.testing.assert_close(discriminator(image, alpha=0.0), smaller)
    assert not torch.allclose(discriminator(image, alpha=1.0), smaller)
    assert smaller.shape == (4,)


@pytest.mark.parametrize("style", STYLES)
def test_noise_can_be_kept_from_coarse_layers(style: Style) -> None:
    config = NetworkConfig((16, 16, 8), style, 32, 32, 2, noise_from_resolution=8)
    noises = [m.noise for m in Generator(config).synthesis.modules() if isinstance(m, StyledConv)]
    assert [noise is None for noise in noises] == [True, False, False, False, False]


def test_a_description_survives_json() -> None:
    for style in STYLES:
        assert NetworkConfig.from_dict(tiny_config(style).to_dict()) == tiny_config(style)


def test_the_default_network_has_64_pixels_and_ten_layers() -> None:
    assert NetworkConfig().resolution == 64 and NetworkConfig().num_layers == 10
    assert NetworkConfig(style="adain").num_layers == 9


@pytest.mark.parametrize(
    "change",
    [
        {"channels": []},
        {"channels": [16] * 10},
        {"channels": [16, 0]},
        {"channels": "16"},
        {"channels": [1.5]},
        {"w_dim": 10**9},
        {"w_dim": "512"},
        {"style": "adaout"},
        {"mapping_lr_multiplier": None},
        {"mapping_lr_multiplier": 0},
        {"noise_from_resolution": "4"},
        {"tricks": 1},
    ],
)
def test_impossible_descriptions_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        NetworkConfig.from_dict(tiny_config().to_dict() | change)
