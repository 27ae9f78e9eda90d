"""A checkpoint that somebody else trains further."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console

from gan import features
from gan.__main__ import SHIPPED
from gan.checkpoint import CheckpointError, load
from gan.sampler import Sampler
from tests.train.tiny import BATCH, steps, tiny_recipe, tiny_trainer
from train.build import BuildOptions, build_from_folder
from train.continuation import continuation_path, read_continuation
from train.data import SpriteDataset
from train.export import export
from train.fit import STATE_FILE, fit
from train.state import StateError, read, write
from train.synthetic import write_folder


@pytest.fixture
def exported(creatures: SpriteDataset, tmp_path: Path) -> Path:
    """The checkpoint of a finished run, with its continuation beside it."""
    write(tmp_path / "run" / STATE_FILE, steps(tiny_trainer(creatures), 22).state())
    export(tmp_path / "run", tmp_path / "first.safetensors")
    return tmp_path / "first.safetensors"


def test_the_networks_travel_in_half_the_size(exported: Path) -> None:
    full, slim = exported.parent / "run" / STATE_FILE, continuation_path(exported)
    assert slim.name == "first.training.safetensors"
    assert slim.stat().st_size < full.stat().st_size / 4
    parts = {name.split("/")[0] for name in read(slim).tensors}
    assert parts == {"generator", "discriminator"}


def test_a_new_run_begins_where_the_checkpoint_stands(
    exported: Path, creatures: SpriteDataset, tmp_path: Path
) -> None:
    start = read_continuation(exported)
    trainer = tiny_trainer(creatures, start.config)
    trainer.load_state(start)
    run = read(tmp_path / "run" / STATE_FILE)
    assert trainer.images_seen == run.images_seen == 88
    for name, tensor in trainer.generator.state_dict().items():
        torch.testing.assert_close(tensor, run.tensors[f"generator/{name}"], atol=2e-3, rtol=2e-3)
    seeds = [1, 2, 3]
    ours = Sampler(load(exported))
    w = ours.w_from_seeds(seeds, 0.7)
    for ema in trainer.emas:
        torch.testing.assert_close(
            ema.generator.mapping.w_avg, ours.generator.mapping.w_avg, atol=1e-6, rtol=1e-6
        )
        noise = [torch.zeros(3, 1, s, s) for s in ema.generator.synthesis.noise_shapes()]
        codes = torch.from_numpy(w)
        assert torch.equal(ema.generator.synthesis(codes, noise), ours.generator.synthesis(codes, noise)), (
            "an average begins as the checkpoint itself"
        )

    assert fit(trainer, tmp_path / "second", Console(quiet=True), until_images=88 + 3 * BATCH, start=start)
    further = export(tmp_path / "second", tmp_path / "second.safetensors")
    assert further.kimg == pytest.approx((88 + 3 * BATCH) / 1000)
    sampler = Sampler(load(tmp_path / "second.safetensors"))
    drawn = [s.render(s.w_from_seeds(seeds, 0.7), seeds) for s in (ours, sampler)]
    assert not np.array_equal(drawn[0], drawn[1])


@pytest.mark.skipif(not features.available(), reason="the train extra is missing")
def test_the_shipped_checkpoint_can_be_trained_further(tmp_path: Path) -> None:
    """With its own recipe, at its own size: its file and the code that reads it belong together."""
    write_folder(tmp_path / "images", 40)
    options = BuildOptions(resolution=64)
    build_from_folder(tmp_path / "images", tmp_path / "dataset", options, workers=1)
    start = read_continuation(SHIPPED)
    before = start.images_seen
    trainer = tiny_trainer(SpriteDataset.open(tmp_path / "dataset"), start.config)
    trainer.load_state(start)
    trainer.step()
    assert trainer.images_seen == before + start.config.batch_size
    assert trainer.state().finite


def test_a_continuation_is_of_its_checkpoint_alone(
    exported: Path, creatures: SpriteDataset, tmp_path: Path
) -> None:
    write(
        tmp_path / "run" / STATE_FILE,
        steps(tiny_trainer(creatures, replace(tiny_recipe(), seed=1)), 22).state(),
    )
    export(tmp_path / "run", tmp_path / "other.safetensors")
    continuation_path(tmp_path / "other.safetensors").replace(continuation_path(exported))
    with pytest.raises(StateError, match="another checkpoint"):
        read_continuation(exported)


def test_a_checkpoint_without_one_says_what_is_missing(exported: Path) -> None:
    continuation_path(exported).unlink()
    with pytest.raises(StateError, match=r"first\.training\.safetensors is not beside it"):
        read_continuation(exported)
    with pytest.raises(CheckpointError):
        read_continuation(exported.with_name("nobody.safetensors"))


def test_one_can_export_without(exported: Path, tmp_path: Path) -> None:
    export(tmp_path / "run", tmp_path / "bare.safetensors", trainable=False)
    assert not continuation_path(tmp_path / "bare.safetensors").exists()
