"""The least typical images: found, marked, left out of training and of nothing else."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gan.pretrained import efficientnet
from tests.command_line import CommandLine
from tests.train.tiny import tiny_recipe, tiny_trainer
from train.data import typicality
from train.data.build import build_from_folder
from train.data.build_options import BuildOptions
from train.data.dataset import SpriteDataset
from train.data.synthetic import draw, write_folder
from train.data.typicality import least_typical
from train.errors import DataError

needs_packages = pytest.mark.skipif(not efficientnet.available("lite0"), reason="the train extra is missing")


def quiet(_stage: str, _done: int, _total: int) -> None:
    pass


def creatures(count: int) -> np.ndarray:
    """Synthetic creatures, premultiplied uint8 [count, 96, 96, 4]."""
    return np.stack([np.asarray(draw(seed).convert("RGBa")) for seed in range(count)])


@needs_packages
def test_what_is_unlike_all_others_is_found() -> None:
    images = creatures(20)
    rows, columns = np.mgrid[:96, :96]
    images[4] = np.where((rows // 6 + columns // 6) % 2, 255, 0)[..., None]  # a chequered flag
    images[11] = np.random.default_rng(0).integers(0, 256, (96, 96, 1), np.uint8)  # and noise
    images[11, ..., 3] = 255
    species = np.arange(20) // 2
    assert least_typical(images, species, 0.1, quiet) == [4, 11]
    assert least_typical(images, species, 0.05, quiet) in ([4], [11])
    assert least_typical(images, species, 0.04, quiet) == []


@needs_packages
def test_no_species_loses_more_than_half_of_its_images() -> None:
    images = creatures(12)
    images[:4] = 255 - images[:4]
    images[:4, ..., 3] = 255
    images[4] = 255
    named = least_typical(images, np.array([0] * 4 + [1] + [2] * 7), 0.5, quiet)
    kept = np.setdiff1d(np.arange(12), named)
    assert 4 in kept and len(np.intersect1d(kept, np.arange(4))) == 2 and len(named) == 2 + 3


@needs_packages
def test_one_species_alone_has_nothing_to_be_compared_with() -> None:
    assert least_typical(creatures(6), np.zeros(6, int), 0.5, quiet) == []


@needs_packages
def test_marked_images_are_not_trained_on_and_stay_in_the_data_set(tmp_path: Path) -> None:
    write_folder(tmp_path / "in", 6, animated=True, frames=4)
    options = BuildOptions(resolution=16, least_typical=0.25)
    build_from_folder(tmp_path / "in", tmp_path / "out", options, workers=1)
    dataset = SpriteDataset.open(tmp_path / "out", verify=True)
    marked = np.flatnonzero(~dataset.typical)
    assert len(marked) == len(dataset) // 4 and set(dataset.species[dataset.typical]) == set(range(6))
    assert (
        dataset.index["least_typical"] == marked.tolist()
        and dataset.index["options"]["least_typical"] == 0.25
    )
    trainer = tiny_trainer(dataset, replace(tiny_recipe(), holdout=0))
    assert np.intersect1d(trainer.shown, marked).size == 0
    assert len(trainer.shown) == len(dataset) - len(marked)


def test_without_the_network_there_is_a_sentence(
    tmp_path: Path, command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typicality, "available", lambda _variant: False)
    write_folder(tmp_path / "in", 3)
    arguments = ("--source", tmp_path / "in", "--out", tmp_path / "out", "--no-enhance", "--workers", 1)
    done = command("data", *arguments, "--least-typical", 0.1)
    assert "make retrain-ready" in done.refusal and not (tmp_path / "out").exists()
    with pytest.raises(DataError, match="--least-typical 0"):
        least_typical(creatures(2), np.arange(2), 0.5, quiet)
