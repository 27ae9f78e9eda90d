"""What the bot and a retrain agree on, and what a retrain tells of its progress: above all the time left."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest

from bot.retrain.progress import read_outcome, read_progress
from gan.pretrained.efficientnet import available
from train import protocol
from train.protocol import Journal


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
    monkeypatch.setattr(protocol, "INTERVAL_S", 0.0)
    return Journal(tmp_path, clock)


def written(journal: Journal) -> dict[str, Any]:
    return json.loads((journal.run / protocol.PROGRESS_FILE).read_text())


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


def test_the_bot_reads_what_a_retrain_writes(tmp_path: Path, clock: Clock) -> None:
    journal = Journal(tmp_path, clock)
    journal.begin("training")
    clock.now += 1
    journal.progress("", 2, 8)
    clock.now += 3
    journal.progress("", 5, 8)
    told = read_progress(tmp_path)
    assert (told.stage, told.done, told.total, told.left_s) == ("training", 5, 8, 3)
    assert told.beats == journal.beats and read_outcome(tmp_path) is None
    judgement: protocol.Judgement
    for judgement in get_args(protocol.Judgement):
        journal.end("done", verdict=judgement)
        outcome = read_outcome(tmp_path)
        assert outcome is not None and (outcome.result, outcome.verdict) == ("done", judgement)


def test_the_contract_needs_no_torch() -> None:
    code = "import sys, train.protocol; sys.exit(bool({'torch', 'numpy', 'gan'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_retrain_needs_the_packages_that_it_measures_with(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def find_spec(name: str) -> str:
        asked.append(name)
        return name

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    assert available("lite1") and tuple(asked) == protocol.RETRAIN_PACKAGES
