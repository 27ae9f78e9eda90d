"""Chance: as likely as it says, and never where it is off."""

from __future__ import annotations

import random

import pytest

from bot.config import Settings
from bot.core.luck import is_lucky


@pytest.mark.parametrize("odds", [1, 2, 7, 512, 4096])
def test_of_all_that_may_be_drawn_one_is_lucky(odds: int) -> None:
    asked: list[int] = []

    def drawing(value: int):
        return lambda limit: asked.append(limit) or value

    assert [value for value in range(odds) if is_lucky(odds, drawing(value))] == [0]
    assert set(asked) == {odds}


def test_nothing_is_drawn_where_it_is_off() -> None:
    def draw(_limit: int) -> int:
        raise AssertionError("nothing was to be drawn")

    assert not is_lucky(0, draw)


@pytest.mark.parametrize("seed", range(5))
def test_as_many_are_lucky_as_the_odds_say(seed: int) -> None:
    """Of 100 times the odds about 100: more than 4 standard deviations away once in 16,000 such tests."""
    below = random.Random(seed).randrange
    assert 60 <= sum(is_lucky(512, below) for _ in range(51_200)) <= 140


def test_certainty_needs_no_source() -> None:
    assert all(is_lucky(1) for _ in range(20))
    assert not any(is_lucky(0) for _ in range(20))


def test_one_in_512_unless_an_admin_says_otherwise() -> None:
    assert Settings.model_validate({}).shiny_odds == 512
    assert Settings.model_validate({"shiny_odds": 0}).shiny_odds == 0
    with pytest.raises(ValueError, match="shiny_odds"):
        Settings.model_validate({"shiny_odds": -1})
