"""The sampler: a creature is the same however it is asked for."""

from pathlib import Path

import numpy as np
import pytest
import torch

from gan.config import Style
from gan.latents import noise_from_seed, z_from_seed
from gan.pictures.sprite import to_rgba
from gan.sampler import Sampler
from tests.gan.tiny import STYLES, tiny_checkpoint

SEEDS = [*range(36), 2**32 - 1]


@pytest.fixture
def sampler(tmp_path: Path) -> Sampler:
    return Sampler(tiny_checkpoint(tmp_path / "a.safetensors"), "cpu")


@pytest.mark.parametrize("style", STYLES)
def test_the_same_bytes_in_any_batch(style: Style, tmp_path: Path) -> None:
    sampler = Sampler(tiny_checkpoint(tmp_path / "a.safetensors", style), "cpu")
    whole = sampler.render(sampler.w_from_seeds(SEEDS, 0.8), SEEDS)
    assert whole.shape == (37, 16, 16, 4) and whole.dtype == np.uint8
    assert len({sprite.tobytes() for sprite in whole}) == 37
    for size in (1, 3):
        for start in range(0, len(SEEDS), size):
            seeds = SEEDS[start : start + size]
            sprites = sampler.render(sampler.w_from_seeds(seeds, 0.8), seeds)
            assert np.array_equal(sprites, whole[start : start + size])
    backwards = sampler.render(sampler.w_from_seeds(SEEDS[::-1], 0.8), SEEDS[::-1])
    assert np.array_equal(backwards[::-1], whole)


def test_sprites_are_what_the_generator_draws(sampler: Sampler) -> None:
    generator = sampler.generator
    z = torch.from_numpy(z_from_seed(9, 32))[None]
    noise = [torch.from_numpy(n)[None, None] for n in noise_from_seed(5, [4, 8, 8, 16, 16])]
    w = generator.mapping.truncate(generator.mapping(z), 0.7)
    expected = to_rgba(generator.synthesis(generator.broadcast(w), noise))[0]
    sprite = sampler.render(sampler.w_from_seeds([9], 0.7), [5])[0]
    assert np.abs(sprite.astype(int) - expected).max() <= 1


def test_codes_have_one_style_vector_a_layer(sampler: Sampler) -> None:
    w_plus = sampler.w_from_seeds([1, 2], 0.5)
    assert w_plus.shape == (2, sampler.num_layers, sampler.w_dim) == (2, 6, 32)
    assert w_plus.dtype == np.float32 and (w_plus == w_plus[:, :1]).all()
    mean = sampler.generator.mapping.w_avg.numpy()
    np.testing.assert_allclose(
        w_plus[:, 0] - mean, (sampler.w_from_seeds([1, 2], 1)[:, 0] - mean) / 2, atol=1e-5
    )


def test_the_noise_seed_decides_details_alone(sampler: Sampler) -> None:
    w_plus = sampler.w_from_seeds([1, 1], 1.0)
    a, b = sampler.render(w_plus, [1, 2])
    assert not np.array_equal(a, b)
    assert np.array_equal(a, sampler.render(w_plus[:1], [1])[0])


def test_nothing_asked_for_is_nothing_drawn(sampler: Sampler) -> None:
    assert sampler.render(sampler.w_from_seeds([], 1.0), []).shape == (0, 16, 16, 4)


@pytest.mark.parametrize("shape", [(1, 5, 32), (1, 6, 31), (6, 32), (2, 6, 32)])
def test_codes_of_another_network_are_refused(sampler: Sampler, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="fit"):
        sampler.render(np.zeros(shape, np.float32), [1])
