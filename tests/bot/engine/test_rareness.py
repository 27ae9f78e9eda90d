"""How rare creatures of the shipped checkpoint are: as often as the tiers say, and for no other reason."""

from collections import Counter

import numpy as np
import pytest
import torch

from bot.creature.rarity import TIERS
from bot.creature.traits import Rarity
from bot.engine.rareness import read_rarity
from bot.engine.reading import read_traits
from gan import checkpoint
from gan.package import SHIPPED
from gan.sampler import Sampler

COUNT = 200


@pytest.fixture(scope="module")
def sampler() -> Sampler:
    torch.set_num_threads(1)
    return Sampler(checkpoint.load(SHIPPED))


def known(sampler: Sampler, w_plus: np.ndarray) -> Rarity:
    found = read_rarity(sampler, w_plus)
    assert found is not None
    return found


def test_tiers_are_as_frequent_as_they_say_among_hatchlings(sampler: Sampler) -> None:
    """Among those of the seeds that people get, which the checkpoint's scorer picks."""
    found = [known(sampler, w_plus) for w_plus in sampler.w_from_seeds(range(COUNT), 0.85)]
    counts = Counter(rarity.tier for rarity in found)
    for name, share in (("common", 0.6), ("uncommon", 0.25), ("rare", 0.11)):
        assert counts[name] / COUNT == pytest.approx(share, abs=0.1), counts
    assert 0 < counts["epic"] + counts["legendary"] < 0.12 * COUNT
    assert {rarity.tier for rarity in found} <= {name for name, _ in TIERS}


def test_the_wild_are_no_rarer_than_the_tame(sampler: Sampler) -> None:
    for psi in (0.3, 1.0, 1.5):
        for wild, usual in zip(
            sampler.w_from_seeds(range(20), psi), sampler.w_from_seeds(range(20), 0.85), strict=True
        ):
            assert known(sampler, wild).percentile == pytest.approx(
                known(sampler, usual).percentile, abs=0.001
            )


def test_the_mean_creature_and_codes_that_do_not_fit(sampler: Sampler) -> None:
    [mean] = sampler.w_from_seeds([0], 0.0)
    assert known(sampler, mean).tier == "common"
    assert read_rarity(sampler, mean[:3]) is None and read_traits(sampler, mean[:3]) is None


def test_it_comes_with_the_traits(sampler: Sampler) -> None:
    [w_plus] = sampler.w_from_seeds([7], 0.85)
    traits = read_traits(sampler, w_plus)
    assert traits is not None and traits.rarity == read_rarity(sampler, w_plus)


def test_heads_read_one_style_as_they_read_it_in_every_layer(sampler: Sampler) -> None:
    assert sampler.heads is not None
    w_plus = sampler.w_from_seeds(range(4), 0.85)
    assert np.allclose(sampler.heads.outputs_of_w(w_plus[:, 0]), sampler.heads.outputs(w_plus), atol=1e-3)
    assert np.allclose(sampler.heads.distances(w_plus[:, :1]), sampler.heads.distances(w_plus), atol=1e-5)
