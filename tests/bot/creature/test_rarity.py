"""Rarity: tiers as frequent as their names say, and what is rare is so for a reason."""

import random
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from bot.creature.rarity import TIERS, RaritySummary, rarity, score, summarise
from bot.creature.traits import SHOWABLE, Traits
from tests.bot.creature.made_up import made_up

COUNT = 4000


def common_and_rare(rng: random.Random) -> Traits:
    """Nine in ten are blue, and of one shape."""
    traits = made_up(rng)
    return replace(traits, colour="Blue", shape="fish") if rng.random() < 0.9 else traits


@pytest.fixture(scope="module")
def styles() -> np.ndarray:
    return np.random.default_rng(0).normal(0.3, 2.0, (2 * COUNT, 32)).astype(np.float32)


@pytest.fixture(scope="module")
def traits() -> list[Traits]:
    rng = random.Random(0)
    return [common_and_rare(rng) for _ in range(2 * COUNT)]


@pytest.fixture(scope="module")
def summary(styles: np.ndarray, traits: list[Traits]) -> RaritySummary:
    return summarise(styles[:COUNT], traits[:COUNT])


def test_tiers_are_as_frequent_as_they_say(
    styles: np.ndarray, traits: list[Traits], summary: RaritySummary
) -> None:
    """Measured on creatures that the summary does not know."""
    found = [rarity(one, style, summary) for one, style in zip(traits[COUNT:], styles[COUNT:], strict=True)]
    counts = Counter(one.tier for one in found)
    starts = [start for _, start in TIERS] + [1.0]
    for (name, start), end in zip(TIERS, starts[1:], strict=True):
        assert counts[name] / COUNT == pytest.approx(end - start, abs=0.03), counts
    assert all(0 <= one.percentile <= 1 for one in found)


def test_what_is_unusual_is_rarer(styles: np.ndarray, traits: list[Traits], summary: RaritySummary) -> None:
    usual = replace(traits[0], types=("Water",), colour="Blue", shape="fish", height_m=1.0, weight_kg=27.0)
    plain = score(usual, summary.style_mean, summary)
    for unusual in ({"colour": "Pink"}, {"shape": "blob"}, {"height_m": 9.9}, {"weight_kg": 900.0}):
        assert score(replace(usual, **unusual), summary.style_mean, summary) > plain + 0.5, unusual
    assert score(usual, summary.style_mean + 6, summary) > plain + 3
    far = rarity(replace(usual, colour="Pink", shape="blob", height_m=9.9), summary.style_mean + 6, summary)
    assert far.tier == "legendary" and rarity(usual, summary.style_mean, summary).tier == "common"


def test_what_is_not_shown_does_not_count(
    styles: np.ndarray, traits: list[Traits], summary: RaritySummary
) -> None:
    groups = {
        "types": {"types": ("Ghost", "Ice")}, "colour": {"colour": "Pink"}, "shape": {"shape": "blob"},
        "height": {"height_m": 9.9}, "weight": {"weight_kg": 900.0}, "stats": {"stats": (9,) * 6},
    }  # fmt: skip
    for group, other in groups.items():
        hidden = replace(traits[1], shown=SHOWABLE - {group})
        assert score(hidden, styles[1], summary) == score(replace(hidden, **other), styles[1], summary)


def test_styles_of_a_mix_count_as_their_mean(
    styles: np.ndarray, traits: list[Traits], summary: RaritySummary
) -> None:
    w_plus = np.stack([styles[0] + 1, styles[0] - 1])
    assert score(traits[0], w_plus, summary) == pytest.approx(score(traits[0], styles[0], summary), rel=1e-4)
    assert summarise(np.stack([styles[:50]] * 4, axis=1), traits[:50]).style_mean == pytest.approx(
        summarise(styles[:50], traits[:50]).style_mean, rel=1e-4
    )


def test_a_summary_takes_creatures(styles: np.ndarray, traits: list[Traits]) -> None:
    with pytest.raises(ValueError, match="two creatures"):
        summarise(styles[:1], traits[:1])
    with pytest.raises(ValueError, match="two creatures"):
        summarise(styles[:3], traits[:2])
