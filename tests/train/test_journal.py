"""What a retrain writes down of its progress: above all how long it still takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from train import journal as journals
from train.journal import Journal


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def journal(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Journal:
    monkeypatch.setattr(journals, "INTERVAL_S", 0.0)
    return Journal(tmp_path, clock)


def written(journal: Journal) -> dict[str, Any]:
    return json.loads((journal.run / journals.PROGRESS_FILE).read_text())


def test_time_left_is_told_by_the_pace_of_this_try(journal: Journal, clock: Clock) -> None:
    journal.begin("measuring")
    journal.progress("Looking", 800, 1000)  # which an earlier try had done
    assert "left_s" not in written(journal)
    clock.now += 10
    journal.progress("Looking", 850, 1000)
    assert written(journal)["left_s"] == 30
    clock.now += 40
    journal.progress("Looking", 900, 1000)
    assert written(journal)["left_s"] == 50
    journal.progress("Looking", 1000, 1000)
    assert written(journal)["left_s"] == 0


def test_each_step_and_each_stage_has_a_pace_of_its_own(journal: Journal, clock: Clock) -> None:
    journal.begin("measuring")
    journal.progress("Looking", 0, 100)
    clock.now += 1
    journal.progress("Looking", 50, 100)
    journal.progress("Drawing", 10, 100)
    assert "left_s" not in written(journal)
    clock.now += 9
    journal.progress("Drawing", 20, 100)
    assert written(journal)["left_s"] == 72
    journal.progress("Drawing", 5, 100)  # another one is drawn
    assert "left_s" not in written(journal)
    journal.begin("evaluating")
    clock.now += 5
    journal.progress("Drawing", 50, 100)
    assert "left_s" not in written(journal)
    journal.progress("Choosing", 0, 0)
    assert "left_s" not in written(journal) and written(journal)["total"] == 0
