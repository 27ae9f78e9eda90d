"""Stages and phases."""

import pytest

from train.recipe import DEFAULT_STAGES
from train.schedule import (
    ScheduleError,
    Stage,
    check_stages,
    lr_decay,
    parse_stages,
    phase_at,
    total_images,
)

STAGES = (Stage(4, 1, 0), Stage(8, 2, 0.5), Stage(16, 1, 1))


def test_stages_are_parsed_and_all_but_the_first_fade_in() -> None:
    assert parse_stages("4:10, 8:2.5") == (Stage(4, 10, 0), Stage(8, 2.5, 0.5))


def test_a_long_stage_does_not_fade_in_for_long() -> None:
    assert parse_stages("32:80,64:100000") == (Stage(32, 80, 0), Stage(64, 100000, 15))


def test_a_stage_may_name_the_size_of_its_batches() -> None:
    assert parse_stages("4:10:64,8:2.5") == (Stage(4, 10, 0, 64), Stage(8, 2.5, 0.5))


@pytest.mark.parametrize(
    "text", ["", "8", "8:", "4:1,", "4:1:x", "4:1:2:3", "4;1", "4.5:1", "nan:1", "inf:1", "8:1e", "4:1 8:2"]
)
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(ScheduleError, match="RESOLUTION:KIMG"):
        parse_stages(text)


@pytest.mark.parametrize("text", ["4:1,8:1,16:1", "8:1,16:1", "16:0.5"])
def test_schedules_climb_to_the_networks_resolution(text: str) -> None:
    check_stages(parse_stages(text), (4, 8, 16))


@pytest.mark.parametrize(
    "text", ["4:1,8:1", "4:1,16:1", "16:1,8:1", "8:1,8:1,16:1", "32:1", "5:1", "0:1", "-4:1"]
)
def test_gaps_and_steps_back_are_refused(text: str) -> None:
    with pytest.raises(ScheduleError, match="climb"):
        check_stages(parse_stages(text), (4, 8, 16))


@pytest.mark.parametrize("kimg", ["0", "-3", "nan", "inf", "1e9"])
def test_impossible_lengths_are_refused(kimg: str) -> None:
    with pytest.raises(ScheduleError, match=r"more than 0 .* not"):
        parse_stages(f"8:1,16:{kimg}")
    with pytest.raises(ScheduleError, match="positive"):
        check_stages((Stage(8, 1, 0), Stage(16, float(kimg), 0)), (8, 16))


@pytest.mark.parametrize("holds", [(1, 0), (0, -1), (0, float("nan")), (0, float("inf"))])
def test_impossible_times_to_hold_still_are_refused(holds: tuple[float, float]) -> None:
    stages = tuple(Stage(side, 1, 0, hold_kimg=h) for side, h in zip((8, 16), holds, strict=True))
    with pytest.raises(ScheduleError, match="hold still"):
        check_stages(stages, (8, 16))


def test_the_learning_rate_stays_and_then_falls_with_the_root() -> None:
    assert [lr_decay(images, 2) for images in (0, 1999, 2000, 8000, 32000)] == [1, 1, 1, 0.5, 0.25]


@pytest.mark.parametrize(
    ("images", "stage", "resolution", "alpha"),
    [
        (0, 0, 4, 1.0),
        (999, 0, 4, 1.0),
        (1000, 1, 8, 0.0),
        (1250, 1, 8, 0.5),
        (1500, 1, 8, 1.0),
        (2999, 1, 8, 1.0),
        (3000, 2, 16, 0.0),
        (3999, 2, 16, 0.999),
        (4000, 2, 16, 1.0),
        (10**9, 2, 16, 1.0),
    ],
)
def test_phases_at_their_boundaries(images: int, stage: int, resolution: int, alpha: float) -> None:
    phase = phase_at(STAGES, images)
    assert (phase.stage, phase.resolution) == (stage, resolution) and phase.alpha == pytest.approx(alpha)


def test_the_whole_schedule() -> None:
    assert total_images(STAGES) == 4000
    assert total_images(DEFAULT_STAGES) >= 500_000
    with pytest.raises(ScheduleError):
        phase_at((), 0)
