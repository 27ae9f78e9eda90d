"""What a retrain's message says, stage by stage and at the end."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.features.retraining.notice import ended_notice, running_notice
from bot.retrain.progress import Progress
from bot.store import Job


def a_job(**changes: Any) -> Job:
    values: dict[str, Any] = dict.fromkeys(Job.__slots__)
    values |= {"id": 7, "run": "0007", "kimg": 40.0, "data": "sprites", "state": "running", "attempts": 1}
    values |= {"started_by_name": "Oak", "parent_id": "0123456789abcdef", "promoted": False}
    values |= {"created_at": datetime(2026, 1, 1, tzinfo=UTC)}
    return Job(**(values | changes))


def fields(progress: Progress) -> dict[str, str]:
    return {str(field.name): str(field.value) for field in running_notice(a_job(), progress).embed.fields}


@pytest.mark.parametrize(
    ("left_s", "words"),
    [
        (0.0, "less than a minute"),
        (29.0, "less than a minute"),
        (45.0, "about 1 min"),
        (3599.0, "about 1 h 0 min"),
        (9000.0, "about 2 h 30 min"),
    ],
)
@pytest.mark.parametrize("stage", ["measuring", "training", "evaluating"])
async def test_every_step_says_how_long_it_takes(stage: str, left_s: float, words: str) -> None:
    progress = Progress(stage, "Looking at the real images", done=4300, total=10767, left_s=left_s)
    assert fields(progress)["Time left"] == f"{words} for this step"


async def test_what_is_not_known_is_not_said(tmp_path: Path) -> None:
    assert "Time left" not in fields(Progress("measuring", "Looking at the real images", done=1, total=10))
    assert "Time left" not in fields(Progress("starting"))


async def test_the_creatures_are_shown_while_the_real_images_are_looked_at(tmp_path: Path) -> None:
    (tmp_path / "first.png").touch()
    progress = Progress(
        "measuring", "Looking at the real images", done=4300, total=10767, grid=tmp_path / "first.png"
    )
    notice = running_notice(a_job(), progress)
    assert notice.picture == tmp_path / "first.png" and notice.embed.image.url
    text = str(notice.embed.description)
    assert text.startswith("Step 2 of 6 · Measuring the checkpoint that it begins with: looking at the real")
    assert "40%" in text


async def test_a_process_of_an_older_version_says_less_and_is_understood() -> None:
    older = Progress("training", done=3, total=10, figures={"images_per_s": 40, "resolution": 64})
    assert fields(older)["Time left"] == "about 3 min for this step"


# -- the end -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "promoted", "words"),
    [
        ({"verdict": "better"}, True, "more like real ones than before. Checkpoint **fedcba98** hatches"),
        ({"verdict": "better"}, False, "chosen meanwhile"),
        ({"verdict": "same"}, False, "not better or worse"),
        ({"verdict": "worse", "worse": True}, False, "less like real ones"),
        (
            {"verdict": "worse", "worse": True, "metrics": {"problems": ["they are empty"]}},
            False,
            "are empty",
        ),
        # Of jobs that ended before there were verdicts:
        ({"worse": False}, True, "Checkpoint **fedcba98** hatches from now on"),
        ({"worse": False}, False, "chosen meanwhile"),
        ({"worse": True}, False, "less like real ones"),
    ],
)
async def test_what_came_of_it_is_said_in_plain_words(
    outcome: dict[str, Any], promoted: bool, words: str, tmp_path: Path
) -> None:
    job = a_job(state="done", promoted=promoted, outcome=outcome, result_id="fedcba9876543210")
    notice = ended_notice(job, Progress(), tmp_path)
    assert words in str(notice.embed.description)
    assert notice.view.children
