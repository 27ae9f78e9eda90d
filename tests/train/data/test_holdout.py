"""Species that training never sees."""

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import train.__main__ as program
from gan.config import ConfigError
from gan.pretrained import efficientnet
from tests.command_line import CommandLine
from tests.train.tiny import steps, tiny_recipe, tiny_trainer
from train.data.build import BuildOptions, build_from_folder
from train.data.dataset import SpriteDataset
from train.data.holdout import by_name, by_share
from train.data.synthetic import write_folder
from train.errors import DataError
from train.protocol import STATE_FILE
from train.run.export import export
from train.state import write

SHARE = 0.3


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> SpriteDataset:
    """Ninety synthetic creatures at 16×16."""
    root = tmp_path_factory.mktemp("many")
    write_folder(root / "images", 90)
    build_from_folder(root / "images", root / "dataset", BuildOptions(resolution=16), workers=1)
    return SpriteDataset.open(root / "dataset")


def names(dataset: SpriteDataset, chosen: np.ndarray) -> set[str]:
    return {dataset.index["species"][i] for i in dataset.species[chosen]}


def test_species_are_held_out_by_name(many: SpriteDataset) -> None:
    first, second = many.index["species"][:2]
    assert set(many.species[by_name(many, f"{first}, {second}")]) == {0, 1}
    with pytest.raises(DataError, match="no species Missingno"):
        by_name(many, f"{first},Missingno")


def test_a_share_is_held_out_as_whole_species(many: SpriteDataset) -> None:
    chosen = by_share(many, SHARE)
    assert not names(many, chosen) & names(many, ~chosen)
    assert 0.1 < len(names(many, chosen)) / many.num_species < 0.5
    assert not by_share(many, 0).any()
    assert names(many, by_share(many, SHARE / 2)) < names(many, chosen)


def test_which_species_these_are_does_not_hang_on_the_others(many: SpriteDataset) -> None:
    fewer = copy.copy(many)
    fewer.index = {**many.index, "species": many.index["species"][20:]}
    here = many.species >= 20
    fewer.species = many.species[here] - 20
    assert np.array_equal(by_share(fewer, SHARE), by_share(many, SHARE)[here])


def test_something_is_left_to_learn_from(many: SpriteDataset) -> None:
    with pytest.raises(DataError, match="none to learn from"):
        by_share(many, 1.0)
    for share in (-0.1, 0.6, float("nan")):
        with pytest.raises(ConfigError, match="held out"):
            replace(tiny_recipe(), holdout=share)


def test_training_shows_all_species_but_those(many: SpriteDataset, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: set[int] = set()
    batch = SpriteDataset.batch

    def watched(self: SpriteDataset, indices: np.ndarray, *rest: Any) -> torch.Tensor:
        shown.update(indices.tolist())
        return batch(self, indices, *rest)

    monkeypatch.setattr(SpriteDataset, "batch", watched)
    steps(tiny_trainer(many, replace(tiny_recipe(), holdout=SHARE)), 30)
    chosen = by_share(many, SHARE)
    assert names(many, np.array(sorted(shown))) == names(many, ~chosen)


def test_a_run_keeps_what_it_holds_out(
    many: SpriteDataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = tmp_path / "run"
    write(run / STATE_FILE, steps(tiny_trainer(many, replace(tiny_recipe(), holdout=SHARE)), 2).state())
    command = CommandLine(program.app, monkeypatch, capsys)
    done = command("fit", "--data", many.path, "--run", run, "--holdout", 0.1)
    assert "holds out 30% of the species" in done.refusal


@pytest.mark.slow
@pytest.mark.skipif(not efficientnet.available("lite1"), reason="the train extra is missing")
@pytest.mark.parametrize("exported", [False, True])
def test_quality_is_measured_against_what_was_held_out(
    many: SpriteDataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    exported: bool,
) -> None:
    holdout = 0.5  # so that enough images are left to measure against
    run, checkpoint = tmp_path / "run", tmp_path / "tiny.safetensors"
    write(run / STATE_FILE, steps(tiny_trainer(many, replace(tiny_recipe(), holdout=holdout)), 20).state())
    export(run, checkpoint)
    command = CommandLine(program.app, monkeypatch, capsys)
    what = checkpoint if exported else run

    def measured(*options: object) -> dict[str, Any]:
        args = ("--data", many.path, "--samples", 50, "--cache", tmp_path, "--json", *options)
        return json.loads(command("eval", what, *args).out)

    report = measured()
    assert report["held_out"] == "50% of the species"
    named = ",".join(names(many, by_share(many, holdout)))
    again, whole = measured("--holdout", named), measured("--holdout", "none")
    assert again["kid"] == report["kid"] and again["held_out"] == named
    assert whole["kid"] != report["kid"] and whole["held_out"] is None


@pytest.mark.skipif(not efficientnet.available("lite1"), reason="the train extra is missing")
@pytest.mark.slow
def test_of_pictures_that_no_one_held_out_all_are_measured_against_and_it_is_said(
    many: SpriteDataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run, own = tmp_path / "run", tmp_path / "own"
    write(run / STATE_FILE, steps(tiny_trainer(many, replace(tiny_recipe(), holdout=0.5)), 20).state())
    write_folder(tmp_path / "pictures", 40)
    build_from_folder(tmp_path / "pictures", own, BuildOptions(resolution=16), workers=1)
    command = CommandLine(program.app, monkeypatch, capsys)
    usual = ("eval", run, "--samples", 50, "--json")
    done = command(*usual, "--data", own)
    assert json.loads(done.out)["held_out"] is None and json.loads(done.out)["real_images"] == 40
    assert "these are other data than it was trained on: measuring against all 40 images" in done.err
    few = command(*usual, "--data", own, "--holdout", "none")
    assert json.loads(few.out)["kid"] == json.loads(done.out)["kid"] and "Note" not in few.err
    # Of the same data as the training's, but with too few of the species that it held out.
    monkeypatch.setattr("train.eval.held_out.FEWEST_IMAGES", 10_000)
    done = command(*usual)  # the run knows where its data lie
    assert json.loads(done.out)["held_out"] is None
    assert f"of these images show one: measuring against all {len(many)} images" in done.err
