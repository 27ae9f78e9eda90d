"""Seeds and styles. The golden values are promises: a change in them changes everybody's creatures."""

import numpy as np
import pytest

from gan.config import NetworkConfig, Style
from gan.latents import (
    SEED_MAX,
    LayerError,
    Levels,
    SeedError,
    Take,
    blend,
    layers_of,
    mix_by_level,
    mix_layers,
    noise_from_seed,
    parse_layers,
    parse_seed,
    parse_seeds,
    parse_take,
    z_from_seed,
)
from tests.gan.tiny import STYLES

LEVELS = Levels.by_resolution(NetworkConfig())


@pytest.mark.parametrize(
    ("text", "seed"),
    [
        ("0", 0),
        ("7", 7),
        (" 42 ", 42),
        ("007", 7),
        (str(SEED_MAX), SEED_MAX),
        ("Ash", 58538252),
        ("ash", 58538252),
        ("  ASH ", 58538252),
        ("Pok\u00e9mon", 1640112342),
        ("Poke\u0301mon", 1640112342),  # the same word, typed with a combining accent
        ("ピカチュウ", 2065093780),
        ("1e5", 2226076635),
        ("Ho-Oh", 3424854932),
    ],
)
def test_numbers_are_themselves_and_words_are_hashed(text: str, seed: int) -> None:
    assert parse_seed(text) == seed


@pytest.mark.parametrize(
    "text", ["", "   ", "-1", "+1", "1.5", str(SEED_MAX + 1), "9" * 5000, "-" + "9" * 5000]
)
def test_what_cannot_be_a_seed_is_refused_with_a_short_sentence(text: str) -> None:
    with pytest.raises(SeedError) as refusal:
        parse_seed(text)
    assert str(SEED_MAX) in str(refusal.value) and len(str(refusal.value)) < 150


def test_seeds_of_a_command_line() -> None:
    assert parse_seeds("0-3") == [0, 1, 2, 3]
    assert parse_seeds("5, 7-8,Ash") == [5, 7, 8, 58538252]
    assert parse_seeds("9-9") == [9]


@pytest.mark.parametrize("text", ["", "1,", "3-1", "-5", f"0-{SEED_MAX + 1}", "0-4000000000", "1,,2"])
def test_impossible_lists_of_seeds_are_refused(text: str) -> None:
    with pytest.raises(SeedError):
        parse_seeds(text)


def test_the_latent_of_a_seed_is_frozen() -> None:
    z = z_from_seed(0, 512)
    assert z.dtype == np.float32 and z.shape == (512,)
    np.testing.assert_array_equal(z[:4], np.array([1.7640524, 0.4001572, 0.978738, 2.2408931], np.float32))
    assert z_from_seed(SEED_MAX, 4).shape == (4,)


def test_the_noise_of_a_seed_is_frozen_and_shares_nothing_with_its_latent() -> None:
    noise = noise_from_seed(0, [4, 8, 8])
    assert [n.shape for n in noise] == [(4, 4), (8, 8), (8, 8)] and noise[0].dtype == np.float32
    np.testing.assert_array_equal(
        noise[0][0], np.array([-0.20099112, -0.94661844, 0.040022675, -0.17314403], np.float32)
    )
    assert not np.isin(noise[0], z_from_seed(0, 512)).any()


def test_a_shorter_list_of_noise_images_is_the_start_of_a_longer_one() -> None:
    short, long = noise_from_seed(3, [4, 8]), noise_from_seed(3, [4, 8, 8, 16])
    assert all(np.array_equal(a, b) for a, b in zip(short, long, strict=False))


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("levels", range(1, 8))
def test_levels_share_out_all_layers_exactly_once(style: Style, levels: int) -> None:
    config = NetworkConfig(channels=(8,) * levels, style=style)
    parts = Levels.by_resolution(config).by_name()
    assert [take for take, _ in parts] == ["shape", "features", "colours"]
    assert [layer for _, part in parts for layer in part] == list(range(config.num_layers))


def test_levels_by_resolution_are_frozen() -> None:
    """Checkpoints that hold no measured levels mix as they ever did."""
    assert Levels.by_resolution(NetworkConfig()) == Levels(3, 5, 10)
    assert Levels.by_resolution(NetworkConfig(style="adain")) == Levels(3, 5, 9)
    assert Levels.by_resolution(NetworkConfig(channels=(8,))) == Levels(1, 1, 2)


@pytest.mark.parametrize("bounds", [(-1, 2), (3, 2), (2, 11), (1.0, 2), (None, 2)])
def test_levels_out_of_order_are_refused(bounds: tuple[int, int]) -> None:
    with pytest.raises(LayerError, match="in order"):
        Levels(*bounds, num_layers=10)


@pytest.mark.parametrize(
    ("take", "from_b"),
    [([], []), (["shape"], [0, 1, 2]), (["features"], [3, 4]), (["features", "colours"], range(3, 10))],
)
def test_mixing_takes_whole_levels(take: list[Take], from_b: list[int]) -> None:
    a, b = np.zeros((10, 4), np.float32), np.ones((10, 4), np.float32)
    mixed = mix_by_level(a, b, take, LEVELS)
    assert [i for i in range(10) if mixed[i].all()] == list(from_b)
    assert not a.any()  # the parents stay as they are


def test_a_level_can_be_taken_in_part() -> None:
    a, b = np.zeros((10, 4), np.float32), np.full((10, 4), 2, np.float32)
    mixed = mix_by_level(a, b, ["shape"], LEVELS, amount=0.25)
    assert (mixed[:3] == 0.5).all() and not mixed[3:].any()


def test_an_unknown_level_is_refused() -> None:
    a = np.zeros((10, 4), np.float32)
    with pytest.raises(ValueError, match="tail"):
        mix_by_level(a, a, ["tail"], LEVELS)  # type: ignore[list-item]


def test_blends_go_from_a_to_b() -> None:
    a, b = np.zeros((10, 4), np.float32), np.full((10, 4), 2, np.float32)
    assert np.array_equal(blend(a, b, 0), a) and np.array_equal(blend(a, b, 1), b)
    assert (blend(a, b, 0.25) == 0.5).all() and blend(a, b, 0.25).dtype == np.float32


def test_levels_and_layers_of_a_command_line() -> None:
    assert parse_take(" Colours,shape") == ["shape", "colours"]
    assert layers_of(["colours", "shape"], LEVELS) == [0, 1, 2, 5, 6, 7, 8, 9]
    assert parse_layers("5, 0-2,1 - 3", 10) == [0, 1, 2, 3, 5]
    assert parse_layers("9", 10) == [9]


@pytest.mark.parametrize("text", ["", "tail", "shape,", "shape,tail"])
def test_levels_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(LayerError, match="shape, features, colours"):
        parse_take(text)


@pytest.mark.parametrize("text", ["", "10", "0-10", "3-1", "-1", "1.5", "x", "1,,2", "٣", "9" * 5000])
def test_layers_that_are_not_there_are_refused(text: str) -> None:
    with pytest.raises(LayerError, match="0-9") as refusal:
        parse_layers(text, 10)
    assert len(str(refusal.value)) < 150


def test_any_choice_of_layers_can_be_mixed() -> None:
    a, b = np.zeros((10, 4), np.float32), np.full((10, 4), 2, np.float32)
    mixed = mix_layers(a, b, [0, 7], 0.5)
    assert (mixed[[0, 7]] == 1).all() and mixed.sum() == 8 and not a.any()
    whole = mix_layers(a, b, layers_of(["features"], LEVELS))
    assert np.array_equal(whole, mix_by_level(a, b, ["features"], LEVELS))
