"""Stats: as a reader that errs towards the mean says them, and as the games would have them."""

import numpy as np
import pytest

from bot.creature.stats import GAME_TOTALS, StatSummary, base_stats, summarise


@pytest.fixture(scope="module")
def read() -> np.ndarray:
    """Of 5,000 creatures, all nearly alike, as a regression says it."""
    rng = np.random.default_rng(0)
    total = rng.normal(425, 30, (5000, 1))
    shares = np.exp(rng.normal(-1.8, 0.06, (5000, 6)))
    return total * shares / shares.sum(1, keepdims=True)


@pytest.fixture(scope="module")
def summary(read: np.ndarray) -> StatSummary:
    return summarise(read)


def test_totals_and_spreads_become_those_of_the_games(read: np.ndarray, summary: StatSummary) -> None:
    found = np.array([base_stats(row.tolist(), summary) for row in read])
    assert found.min() >= 1 and found.max() <= 255
    totals = np.quantile(found.sum(1), np.linspace(0, 1, len(GAME_TOTALS)))
    assert np.abs(totals - GAME_TOTALS)[1:-1].max() < 15
    pointed = (found.max(1) / found.mean(1)).mean()
    assert 1.3 < pointed < 1.75  # of species 1.52; of what was read 1.1
    assert (read.max(1) / read.mean(1)).mean() < 1.15


def test_the_order_of_creatures_and_of_their_own_stats_stays(read: np.ndarray, summary: StatSummary) -> None:
    found = np.array([base_stats(row.tolist(), summary) for row in read[:300]])
    order = np.argsort(read[:300].sum(1))
    assert (np.diff(found.sum(1)[order]) >= -6).all()  # each of six is rounded
    for stat in range(6):
        assert np.corrcoef(read[:300, stat], found[:, stat])[0, 1] > 0.8


def test_what_lies_beyond_the_summary_stays_within_the_games(summary: StatSummary) -> None:
    assert sum(base_stats([1e-3] * 6, summary)) == pytest.approx(GAME_TOTALS[0], abs=6)
    assert sum(base_stats([1e4] * 6, summary)) == pytest.approx(GAME_TOTALS[-1], abs=6)
    extreme = base_stats([1, 1, 1, 1, 1, 5000], summary)
    assert min(extreme) >= 1 and max(extreme) == extreme[5] <= 255


def test_readings_without_spread_are_no_fault() -> None:
    same = summarise(np.full((3, 6), 70.0))
    assert all(20 < value < 120 for value in base_stats([70] * 6, same))


@pytest.mark.parametrize("wrong", [[1, 2, 3], [0, 1, 1, 1, 1, 1], [float("nan")] * 6, [float("inf")] * 6])
def test_what_no_reader_says_is_refused(wrong: list[float], summary: StatSummary) -> None:
    with pytest.raises(ValueError, match="Six numbers"):
        base_stats(wrong, summary)


@pytest.mark.parametrize("wrong", [np.ones((1, 6)), np.ones((4, 5)), np.zeros((4, 6))])
def test_no_summary_of_too_little(wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match="two creatures"):
        summarise(wrong)
