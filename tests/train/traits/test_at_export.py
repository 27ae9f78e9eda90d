"""Heads that a checkpoint gets as it is exported: in its own file, in bounded time, and what they learned."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from gan.checkpoint import load
from gan.sampler import Sampler
from gan.sections import TRAITS, Section
from gan.traits import KIN, NUMBERS
from tests.command_line import CommandLine
from tests.gan.tiny import tiny_checkpoint
from tests.train.tiny import steps, tiny_trainer
from train.data.dataset import SpriteDataset
from train.errors import DataError
from train.protocol import STATE_FILE
from train.run.continuation import read_continuation
from train.state import write
from train.traits import at_export
from train.traits import heads as distilling
from train.traits.at_export import give_traits, hide_unlearned


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks of 16 pixels are large enough, and heads are small."""
    monkeypatch.setattr(at_export, "LEAST_SIDE", 16)
    monkeypatch.setattr(distilling, "HIDDEN", (32, 16))
    monkeypatch.setattr(distilling, "EPOCHS", 10)


@pytest.fixture
def run(creatures: SpriteDataset, tmp_path: Path) -> Path:
    write(tmp_path / "run" / STATE_FILE, steps(tiny_trainer(creatures), 20).state())
    return tmp_path / "run"


@pytest.mark.usefixtures("tiny")
def test_what_is_exported_reads_its_creatures_and_can_be_trained_further(
    command: CommandLine, run: Path, tmp_path: Path
) -> None:
    out, plain = tmp_path / "a.safetensors", tmp_path / "plain.safetensors"
    done = command("export", run, "--out", plain, "--no-traits")
    assert done.code == 0 and "its creatures" not in done.out and not load(plain).own_sections
    done = command("export", run, "--out", out, "--creatures", "100")
    made = load(out)
    assert done.code == 0 and "It says what its creatures are" in done.out and made.id in done.out
    assert made.own_sections == {TRAITS} and made.id != load(plain).id
    weights = made.generator.state_dict()
    assert all(torch.equal(t, weights[name]) for name, t in load(plain).generator.state_dict().items())
    sampler = Sampler(made, "cpu")
    assert sampler.heads is not None and len(sampler.traits(sampler.w_from_seeds([1, 2], 0.8))) == 2
    assert read_continuation(out).images_seen == 80


def slow() -> Callable[[], float]:
    """A clock that goes an hour a look."""
    hours = itertools.count()
    return lambda: next(hours) * 3600.0


@pytest.mark.usefixtures("tiny")
def test_a_checkpoint_stays_as_it_was_where_it_gets_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.safetensors"
    before = tiny_checkpoint(path)

    def refusal(**options: object) -> str:
        with pytest.raises(DataError) as refused:
            give_traits(path, creatures=100, **options)  # pyright: ignore[reportArgumentType]
        assert load(path).id == before.id
        return str(refused.value)

    assert "no reader of traits" in refusal(reader=tmp_path / "none")
    monkeypatch.setattr(at_export, "PACE_AFTER", 1)
    late = refusal(clock=slow())
    assert late.startswith("Reading its creatures would take 94 minutes") and "train traits" in late
    monkeypatch.setattr("train.traits.features.available", lambda _name: False)
    assert "pip install" in refusal()
    monkeypatch.setattr(at_export, "LEAST_SIDE", 32)
    assert "too small" in refusal()


def test_export_goes_on_without_and_says_why_in_one_sentence(
    command: CommandLine, run: Path, tmp_path: Path
) -> None:
    out = tmp_path / "a.safetensors"
    done = command("export", run, "--out", out)
    assert done.code == 0 and "It says nothing of its creatures' traits. Pictures of 16 pixels" in done.out
    assert load(out).id in done.out and not load(out).own_sections


def test_what_heads_did_not_learn_is_not_shown() -> None:
    numbers = {name: 0.9 for name in (*NUMBERS, KIN)}
    metadata = {
        "agreement": numbers | {"first_type": 0.5, "colour": 0.8, "shape": 0.9, "hp": 0.3},
        "shares": {"types": {"Fire": 0.45, "Water": 0.55}, "colour": {"Red": 0.4}, "shape": {"ball": 0.95}},
        "shown": ["types", "colour", "shape", "stage", "hp", "kin"],
    }
    section = Section(TRAITS, {}, metadata)
    assert hide_unlearned(section) == ("types", "shape", "hp")
    assert section.metadata["shown"] == ["colour", "stage", "kin"]
