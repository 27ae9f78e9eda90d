"""Rarity: tiers as frequent as their names say, and what is rare is so for a reason."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from bot.creature.rarity import TIERS, Measured, RaritySummary, rarities, scores, summarise, tier_of

COUNT = 4000


def creatures(seed: int, count: int = COUNT) -> Measured:
    """Nine in ten are blue, and of one shape; numbers are normal."""
    rng = np.random.default_rng(seed)
    usual = rng.random(count) < 0.9
    kinds = {
        "colour": np.where(usual, "Blue", rng.choice(["Pink", "Red", "Gray"], count)),
        "shape": np.where(usual, "fish", rng.choice(["blob", "legs"], count)),
    }
    numbers = {name: rng.normal(0.0, 1.0, count) for name in ("height", "weight")}
    return Measured(kinds, numbers, rng.normal(10.0, 1.0, count))


def one(colour: str = "Blue", shape: str = "fish", height: float = 0.0, distance: float = 9.0) -> Measured:
    kinds = {"colour": np.array([colour]), "shape": np.array([shape])}
    return Measured(kinds, {"height": np.array([height]), "weight": np.zeros(1)}, np.array([distance]))


@pytest.fixture(scope="module")
def summary() -> RaritySummary:
    return summarise(creatures(0))


def test_tiers_are_as_frequent_as_they_say(summary: RaritySummary) -> None:
    """Measured on creatures that the summary does not know."""
    found = rarities(creatures(1), summary)
    counts = Counter(rarity.tier for rarity in found)
    starts = [start for _, start in TIERS] + [1.0]
    for (name, start), end in zip(TIERS, starts[1:], strict=True):
        assert counts[name] / COUNT == pytest.approx(end - start, abs=0.03), counts
    assert all(0 <= rarity.percentile <= 1 for rarity in found)


def test_what_is_unusual_is_rarer(summary: RaritySummary) -> None:
    [plain] = scores(one(), summary)
    unusual = [one(colour="Pink"), one(shape="blob"), one(height=3.0), one(height=-3.0), one(distance=13.0)]
    for measured in unusual:
        assert scores(measured, summary)[0] > plain + 0.5, measured
    [far] = rarities(one("Pink", "blob", 4.0, 14.0), summary)
    [usual] = rarities(one(), summary)
    assert (far.tier, usual.tier) == ("legendary", "common")


def test_what_nobody_has_counts_no_more_than_what_hardly_anybody_has(summary: RaritySummary) -> None:
    known, unknown = (scores(one(colour=colour), summary)[0] for colour in ("Pink", "Purple"))
    assert known < unknown < known + 10


def test_what_is_left_out_does_not_count() -> None:
    full = creatures(2)
    less = replace(full, kinds={"shape": full.kinds["shape"]})
    coloured = replace(less, kinds={**less.kinds, "colour": np.full(COUNT, "Blue")})
    assert scores(less, summarise(less)) == pytest.approx(scores(coloured, summarise(coloured)))


def test_each_creature_by_itself_is_as_rare_as_among_others(summary: RaritySummary) -> None:
    several = creatures(3, 20)
    alone = [
        rarities(
            Measured(
                {name: values[i : i + 1] for name, values in several.kinds.items()},
                {name: values[i : i + 1] for name, values in several.numbers.items()},
                several.distance[i : i + 1],
            ),
            summary,
        )[0]
        for i in range(20)
    ]
    assert alone == rarities(several, summary)


def test_every_share_has_a_tier() -> None:
    assert [tier_of(share) for share in (0.0, 0.5999, 0.6, 0.85, 0.96, 0.995, 1.0)] == [
        "common", "common", "uncommon", "rare", "epic", "legendary", "legendary",
    ]  # fmt: skip


def test_a_summary_takes_creatures() -> None:
    with pytest.raises(ValueError, match="Two creatures"):
        summarise(creatures(0, 1))
