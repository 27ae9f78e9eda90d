"""How long a run still takes."""

from dataclasses import replace

import pytest

from tests.train.tiny import tiny_recipe
from train.recipe import TrainConfig
from train.run.time_left import image_cost, in_words, seconds_left
from train.schedule import total_images


def test_within_the_last_stage_the_pace_decides() -> None:
    config = tiny_recipe()  # 16 images at 4×4, 24 at 8×8, 48 at 16×16
    assert seconds_left(config, 50, 88, 2.0) == 19
    assert seconds_left(config, 88, 200, 2.0) == 56  # beyond the schedule the last stage goes on


def test_later_stages_are_slower() -> None:
    config = tiny_recipe()
    costs = [image_cost(config, side) for side in (4, 8, 16)]
    assert costs[0] < costs[1] < costs[2]
    expected = (6 * costs[0] + 24 * costs[1] + 48 * costs[2]) / costs[0] / 3.0
    assert seconds_left(config, 10, 88, 3.0) == pytest.approx(expected)
    assert seconds_left(config, 10, 20, 3.0) == pytest.approx((6 * costs[0] + 4 * costs[1]) / costs[0] / 3)


def test_of_the_default_recipe_most_time_is_seen_from_the_start() -> None:
    config = TrainConfig()
    naive = total_images(config.stages) / 1000
    assert seconds_left(config, 0, total_images(config.stages), 1000) > 8 * naive
    without = replace(config, pretrained=replace(config.pretrained, enabled=False))
    ratio = image_cost(config, 64) / image_cost(without, 64)
    assert ratio == pytest.approx(1.35)  # 77 images a second where 104 would be without


@pytest.mark.parametrize("seen", [88, 90, 10_000])
def test_it_is_never_less_than_nothing(seen: int) -> None:
    assert seconds_left(tiny_recipe(), seen, 88, 5.0) == 0
    assert seconds_left(tiny_recipe(), 0, 88, 0.0) > 1e9


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "less than a minute"),
        (29, "less than a minute"),
        (60, "about 1 min"),
        (3540, "about 59 min"),
        (7500, "about 2 h 5 min"),
        (360_000, "about 4.2 days"),
    ],
)
def test_durations_are_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
