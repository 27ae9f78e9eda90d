"""A trained network gets a level more: the same picture at first, and then a larger one."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from gan.checkpoint import load
from gan.cli.program import CommandError
from gan.config import ConfigError, Style
from gan.layers import downsample, upsample
from gan.package import SHIPPED
from tests.gan.tiny import STYLES
from tests.train.tiny import BATCH, differences, steps, tiny_recipe, tiny_trainer
from train.data.build import BuildOptions, build_from_folder
from train.data.dataset import SpriteDataset
from train.data.synthetic import write_folder
from train.errors import StateError
from train.protocol import STATE_FILE
from train.run.changes import Changes
from train.run.continuation import read_continuation
from train.run.export import averaged_generator, export
from train.run.grow import grown
from train.run.launch import launch
from train.schedule import phase_at
from train.state import State, read, write
from train.step.trainer import Trainer

SEEN = 22 * BATCH  # images of the run that is grown
HOLD = Changes(grow=32, hold_kimg=0.008)  # two steps


@pytest.fixture(scope="module")
def larger(tmp_path_factory: pytest.TempPathFactory) -> SpriteDataset:
    """Eight synthetic creatures at 32×32."""
    root = tmp_path_factory.mktemp("larger")
    write_folder(root / "images", 8)
    build_from_folder(root / "images", root / "dataset", BuildOptions(resolution=32), workers=1)
    return SpriteDataset.open(root / "dataset")


def exported(dataset: SpriteDataset, folder: Path, style: Style = "demodulation", count: int = 22) -> Path:
    """The checkpoint of a run at 16×16, with its continuation beside it."""
    write(folder / "run" / STATE_FILE, steps(tiny_trainer(dataset, tiny_recipe(style)), count).state())
    export(folder / "run", folder / "first.safetensors", allow_unfinished=True)
    return folder / "first.safetensors"


@pytest.fixture(scope="module")
def source(creatures: SpriteDataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint that can be trained further; its run lies beside it."""
    return exported(creatures, tmp_path_factory.mktemp("source"))


def test_the_shipped_network_draws_exactly_its_own_picture_enlarged() -> None:
    old = load(SHIPPED).generator
    side = 2 * old.config.resolution
    state = grown(read_continuation(SHIPPED), side)
    phase = phase_at(state.config.stages, state.images_seen)
    assert (phase.resolution, phase.alpha, phase.holds) == (side, 0, True)
    assert not state.config.network.has_noise
    z = torch.randn(1, old.config.z_dim)
    with torch.inference_mode():
        noise = old.synthesis.random_noise(1, old.config.resolution, z)
        more = [*noise, *(torch.randn(1, 1, side, side) for _ in range(2))]
        expected = upsample(old.synthesis(old.broadcast(old.mapping(z)), noise))
        for half_life in state.config.ema_half_lives_kimg:
            new = averaged_generator(state, half_life)
            new.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]; as `load` does
            codes = new.broadcast(new.mapping(z))
            assert torch.equal(new.synthesis(codes, more, side, alpha=0.0), expected)
            assert not torch.equal(new.synthesis(codes, more, side, alpha=1.0), expected)
    drawn = {name.removeprefix("generator/"): t for name, t in state.tensors.items() if "generator/" in name}
    theirs = averaged_generator(state, state.config.ema_half_lives_kimg[0]).state_dict()
    assert all(torch.equal(t, theirs[name]) for name, t in drawn.items()), "it learns on from what is shown"


@pytest.mark.parametrize("style", STYLES)
def test_both_networks_begin_as_they_were(
    creatures: SpriteDataset, larger: SpriteDataset, tmp_path: Path, style: Style
) -> None:
    start = read_continuation(exported(creatures, tmp_path, style))
    old = tiny_trainer(creatures, start.config)
    old.load_state(start)
    state = grown(start, 32)
    new = tiny_trainer(larger, state.config)
    new.load_state(state)
    assert new.images_seen == SEEN and new.phase.alpha == 0
    ours, theirs = old.emas[0].generator, new.generator
    z = torch.randn(3, 32)
    noise = theirs.synthesis.random_noise(3, 32, z)
    before = ours.synthesis(ours.broadcast(ours.mapping(z)), noise[:5])
    after = theirs.synthesis(theirs.broadcast(theirs.mapping(z)), noise, 32, alpha=0.0)
    assert torch.equal(after, upsample(before))
    images = torch.randn(4, 4, 32, 32)
    assert torch.equal(new.discriminator(images, 0.0), old.discriminator(downsample(images)))


def test_the_new_level_learns_first_then_all_do(source: Path, larger: SpriteDataset, tmp_path: Path) -> None:
    run = tmp_path / "grown"
    launch(larger.path, run, HOLD, until_kimg=(SEEN + 4) / 1000, source=source)
    begun = grown(read_continuation(source), 32)
    held = read(run / STATE_FILE)
    assert held.config.stages[-1].hold_kimg == 0.008 and held.config.network.resolution == 32
    moved = changed(begun, held)
    assert {name for name in moved if not is_newest(name)} == set()
    launch(larger.path, run, HOLD, until_kimg=(SEEN + 8) / 1000, source=source)  # the same command goes on
    later = changed(begun, read(run / STATE_FILE))
    assert {name for name in later if not is_newest(name)} == set()
    assert any(name.startswith("generator/synthesis.levels.3.") for name in later)
    assert any(name.startswith("ema0.05/synthesis.levels.3.") for name in later)
    assert any(name.startswith("discriminator/blocks.2.") for name in later)
    launch(larger.path, run, Changes(), until_kimg=(SEEN + 12) / 1000)
    after = changed(begun, read(run / STATE_FILE))
    for part in (
        "generator/mapping",
        "generator/synthesis.levels.0",
        "discriminator/dense",
        "ema0.001/mapping",
    ):
        assert any(name.startswith(part) for name in after), part


def changed(before: State, after: State) -> set[str]:
    """Names of the networks' weights that differ. The mean style is no weight, and follows what is drawn."""
    names = [n for n in before.tensors if not n.endswith("w_avg") and n in after.tensors]
    return {name for name in names if not torch.equal(before.tensors[name], after.tensors[name])}


def is_newest(name: str) -> bool:
    """Whether it belongs to the level of 32×32."""
    return any(part in name for part in ("synthesis.levels.3.", "discriminator/from_image.3.", "/blocks.2."))


def test_a_run_that_holds_still_resumes_bit_for_bit(
    source: Path, larger: SpriteDataset, tmp_path: Path
) -> None:
    start = grown(read_continuation(source), 32)
    *earlier, last = start.config.stages
    config = replace(start.config, stages=(*earlier, replace(last, fade_kimg=0.012, hold_kimg=0.016)))

    def from_state(state: State) -> Trainer:
        trainer = tiny_trainer(larger, config)
        trainer.load_state(state)
        return trainer

    straight = steps(from_state(start), 6)
    stopped = from_state(start)
    for _ in range(6):  # while it fades, while it holds, and after
        path = tmp_path / "between.safetensors"
        write(path, steps(stopped, 1).state())
        stopped = from_state(read(path))
    assert differences(straight.state(), stopped.state()) == []


def test_a_grown_run_is_exported_and_grown_again(source: Path, larger: SpriteDataset, tmp_path: Path) -> None:
    run = tmp_path / "grown"
    changes = replace(HOLD, widths=(16, 16, 8, 12))
    launch(larger.path, run, changes, until_kimg=(SEEN + 4) / 1000, source=source)
    export(run, tmp_path / "second.safetensors")
    assert load(tmp_path / "second.safetensors").config.channels == (16, 16, 8, 12)
    with pytest.raises(StateError, match="not learned their own 32 pixels"):
        grown(read_continuation(tmp_path / "second.safetensors"), 64)


@pytest.mark.parametrize("resolution", [16, 64, 24])
def test_levels_are_added_one_at_a_time(source: Path, resolution: int) -> None:
    with pytest.raises(ConfigError, match="grows to 32"):
        grown(read_continuation(source), resolution)


def test_what_cannot_grow_is_refused(source: Path, larger: SpriteDataset, tmp_path: Path) -> None:
    run = tmp_path / "other"
    with pytest.raises(CommandError, match="with --from"):
        launch(larger.path, run, HOLD)
    with pytest.raises(CommandError, match="leave --stages out"):
        launch(larger.path, run, replace(HOLD, stages="32:1"), source=source)
    with pytest.raises(CommandError, match="another --run"):
        launch(larger.path, source.parent / "run", HOLD)
    assert not run.exists()
