"""A checkpoint that somebody else trains further."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console
from torch import Tensor

from gan.checkpoint import CheckpointError, load
from gan.cli.program import CommandError
from gan.config import ConfigError, Style
from gan.generator import Generator, StyledConv
from gan.package import SHIPPED
from gan.pretrained import efficientnet
from gan.sampler import Sampler
from tests.train.tiny import BATCH, steps, tiny_recipe, tiny_trainer
from train.data.build import BuildOptions, build_from_folder
from train.data.dataset import SpriteDataset
from train.data.synthetic import write_folder
from train.errors import StateError
from train.protocol import STATE_FILE
from train.run.changes import Changes, parse_widths
from train.run.continuation import continuation_path, read_continuation, with_noise_as_in
from train.run.export import averaged_generator, export
from train.run.launch import launch
from train.run.loop import fit
from train.run.widen import widened
from train.state import State, read, write


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


@pytest.mark.parametrize("noise_from", [4, 8, 32])
def test_noise_can_be_left_out_and_taken_up_again(
    exported: Path, creatures: SpriteDataset, tmp_path: Path, noise_from: int
) -> None:
    run = tmp_path / "without"
    changes = Changes(noise_from=noise_from)
    launch(creatures.path, run, changes, until_kimg=0.088 + BATCH / 1000, source=exported)
    state = read(run / STATE_FILE)
    assert state.images_seen == 88 + BATCH
    noisy = [m.noise is not None for m in noise_layers(averaged_generator(state, 0.001))]
    assert noisy == [side >= noise_from for side in (4, 8, 8, 16, 16)]
    export(run, tmp_path / "second.safetensors")
    again = Changes(noise_from=4)
    launch(creatures.path, tmp_path / "again", again, until_kimg=0.1, source=tmp_path / "second.safetensors")
    generator = averaged_generator(read(tmp_path / "again" / STATE_FILE), 0.05)
    layers = list(noise_layers(generator))
    assert all(m.noise is not None for m in layers)
    with pytest.raises(StateError, match="noise from 4"):
        launch(creatures.path, tmp_path / "again", Changes(noise_from=16))


@pytest.mark.parametrize("before", [4, 32])
def test_no_noise_is_none_at_any_size(
    exported: Path, creatures: SpriteDataset, tmp_path: Path, before: int
) -> None:
    """What old files write as a resolution beyond the network's keeps its words, and with them its id."""
    first, second = tmp_path / "before", tmp_path / "second.safetensors"
    launch(creatures.path, first, Changes(noise_from=before), until_kimg=0.092, source=exported)
    export(first, second)
    run = tmp_path / "without"
    launch(creatures.path, run, Changes(noise_from="none"), until_kimg=0.096, source=second)
    launch(creatures.path, run, Changes(noise_from="none"), until_kimg=0.1)  # the same command goes on
    network = read(run / STATE_FILE).config.network
    assert network.noise_from_resolution == (None if before == 4 else 32) and not network.has_noise
    export(run, tmp_path / "third.safetensors")
    assert load(tmp_path / "third.safetensors").config == network


@pytest.mark.parametrize(
    "changes", [Changes(style="adain"), Changes(mapping_layers=3), Changes(article=True)]
)
def test_a_trained_network_stays_of_its_kind(
    exported: Path, creatures: SpriteDataset, tmp_path: Path, changes: Changes
) -> None:
    with pytest.raises(ConfigError, match="begin a run without --from"):
        launch(creatures.path, tmp_path / "other", changes, until_kimg=0.1, source=exported)
    assert not (tmp_path / "other").exists()


def test_the_same_command_goes_on_with_what_it_began(
    exported: Path, creatures: SpriteDataset, tmp_path: Path
) -> None:
    run, changes = tmp_path / "further", Changes(widths=(24, 16, 12))
    launch(creatures.path, run, changes, until_kimg=0.092, source=exported)
    launch(creatures.path, run, changes, until_kimg=0.1, source=exported)
    assert read(run / STATE_FILE).images_seen == 100
    export(run, tmp_path / "second.safetensors")
    assert (
        read_continuation(tmp_path / "second.safetensors").began_with
        == load(tmp_path / "second.safetensors").id
    )
    with pytest.raises(CommandError, match="does not name"):
        launch(creatures.path, run, changes, until_kimg=0.2, source=tmp_path / "second.safetensors")
    fit(tiny_trainer(creatures), tmp_path / "own", Console(quiet=True), until_images=BATCH)
    with pytest.raises(CommandError, match="does not name"):
        launch(creatures.path, tmp_path / "own", Changes(), source=exported)


def test_an_end_that_the_checkpoint_has_passed_is_refused_before_anything_is_written(
    exported: Path, creatures: SpriteDataset, tmp_path: Path
) -> None:
    for until in (None, 0.088):  # the recipe's own end, and the same in kimg
        with pytest.raises(CommandError, match="give it more, for example --until"):
            launch(creatures.path, tmp_path / "further", Changes(), until_kimg=until, source=exported)
    assert not (tmp_path / "further").exists()


def test_noise_that_is_taken_up_begins_at_zero(exported: Path) -> None:
    start = read_continuation(exported)
    without = with_noise_as_in(start, replace(start.config.network, noise_from_resolution=16))
    back = with_noise_as_in(without, start.config.network)
    assert set(back.tensors) == set(start.tensors)
    for name, tensor in back.tensors.items():
        if name.endswith("noise.strength") and "levels.2" not in name:
            assert not tensor.any()
        else:
            assert torch.equal(tensor, start.tensors[name])


@pytest.mark.parametrize("style", ["demodulation", "adain"])
def test_a_widened_generator_draws_what_it_drew_and_learns_with_all_of_it(
    creatures: SpriteDataset, tmp_path: Path, style: Style
) -> None:
    trainer = steps(tiny_trainer(creatures, tiny_recipe(style)), 22)
    start = trainer.state()
    network = replace(start.config.network, channels=(24, 16, 12))
    wide = widened(start, network)
    assert set(wide.tensors) == set(start.tensors) and wide.values == start.values
    grown = tiny_trainer(creatures, replace(start.config, network=network))
    grown.load_state(State(without_moments(wide.tensors), wide.values))
    pairs = [(trainer.generator, grown.generator)]
    pairs += [(a.generator, b.generator) for a, b in zip(trainer.emas, grown.emas, strict=True)]
    z = torch.randn(3, 32)
    for before, after in pairs:
        noise = [torch.randn(3, 1, side, side) for side in before.synthesis.noise_shapes()]
        codes = before.broadcast(before.mapping(z))
        torch.testing.assert_close(
            after.synthesis(codes, noise), before.synthesis(codes, noise), atol=1e-5, rtol=1e-5
        )
    untouched = {name: p.detach().clone() for name, p in grown.generator.synthesis.named_parameters()}
    steps(grown, 3)
    for name, parameter in grown.generator.synthesis.named_parameters():
        assert (parameter != untouched[name]).flatten(1).any(1).all() if parameter.ndim > 1 else True, name


def without_moments(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The networks alone, as a checkpoint travels with them."""
    return {name: tensor for name, tensor in tensors.items() if not name.startswith("optimizer")}


def test_a_checkpoint_goes_on_with_more_channels_and_never_with_fewer(
    exported: Path, creatures: SpriteDataset, tmp_path: Path
) -> None:
    run = tmp_path / "wide"
    launch(creatures.path, run, Changes(widths=(16, 24, 8)), until_kimg=0.1, source=exported)
    assert averaged_generator(read(run / STATE_FILE), 0.05).config.channels == (16, 24, 8)
    launch(creatures.path, run, Changes(), until_kimg=0.11)
    with pytest.raises(StateError, match="widths 16, 24, 8"):
        launch(creatures.path, run, Changes(widths=(24, 24, 8)))
    for widths, error in (((16, 16, 4), ConfigError), ((16, 16, 16, 8), CommandError)):
        with pytest.raises(error):
            launch(creatures.path, tmp_path / "other", Changes(widths=widths), source=exported)
    with pytest.raises(CommandError, match="not widths"):
        parse_widths("16,many")


def noise_layers(generator: Generator) -> Iterator[StyledConv]:
    """The layers that may have noise, first to last."""
    return (module for module in generator.modules() if isinstance(module, StyledConv))


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


@pytest.mark.skipif(not efficientnet.available(), reason="the train extra is missing")
@pytest.mark.slow
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
