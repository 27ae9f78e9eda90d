"""From a run to a checkpoint."""

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import torch

from gan.checkpoint import CheckpointError, load, save
from gan.config import Style
from gan.generator import Generator
from gan.layers import upsample
from gan.levels import measure
from gan.package import SHIPPED
from gan.sampler import Sampler
from tests.command_line import CommandLine
from tests.gan.tiny import STYLES, tiny_enlarger, tiny_generator
from tests.train.tiny import differences, steps, tiny_recipe, tiny_trainer
from train.data.dataset import SpriteDataset
from train.errors import StateError
from train.protocol import STATE_FILE
from train.run.export import bake_growth, choose_half_life, export, measure_mean_style
from train.run.loop import data_of
from train.schedule import Phase
from train.state import State, read, write


def trained(dataset: SpriteDataset, run: Path, count: int, style: Style = "demodulation") -> Path:
    """A run that was stopped after `count` steps."""
    write(run / STATE_FILE, steps(tiny_trainer(dataset, tiny_recipe(style)), count).state())
    return run


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    ("resolution", "alpha"), [(16, 1.0), (16, 0.3), (16, 0.0), (8, 1.0), (8, 0.6), (4, 1.0), (4, 0.5)]
)
def test_the_baked_network_draws_what_the_grown_one_shows(
    style: Style, resolution: int, alpha: float
) -> None:
    generator = tiny_generator(style)
    w_plus = torch.randn(3, generator.config.num_layers, 32)
    noise = generator.synthesis.random_noise(3, 16, w_plus)
    expected = generator.synthesis(w_plus, noise, resolution, alpha)
    while expected.shape[-1] < 16:
        expected = upsample(expected)
    bake_growth(generator, Phase(0, resolution, alpha))
    torch.testing.assert_close(generator.synthesis(w_plus, noise), expected, atol=1e-5, rtol=1e-5)


def test_a_run_becomes_a_checkpoint_that_draws(creatures: SpriteDataset, tmp_path: Path) -> None:
    run = trained(creatures, tmp_path / "run", 20)
    done = export(run, tmp_path / "out" / "a.safetensors")
    checkpoint = load(tmp_path / "out" / "a.safetensors")
    assert checkpoint.id == done.id and done.kimg == 0.08 and done.phase.alpha == 1
    state = read(run / STATE_FILE)
    averaged = Generator(checkpoint.config)
    averaged.load_state_dict({k[9:]: t for k, t in state.tensors.items() if k.startswith("ema0.001/")})
    sampler = Sampler(checkpoint, "cpu")
    w = averaged.mapping(torch.randn(1, 32))
    noise = averaged.synthesis.random_noise(1, 16, w)
    drawn, expected = (
        g.synthesis(averaged.broadcast(w), noise) for g in (sampler.generator, averaged.requires_grad_(False))
    )
    torch.testing.assert_close(drawn, expected, atol=0.02, rtol=0)  # half precision


def test_the_checkpoint_says_where_it_comes_from(creatures: SpriteDataset, tmp_path: Path) -> None:
    run = trained(creatures, tmp_path / "run", 20)
    export(run, tmp_path / "a.safetensors", half_life_kimg=0.05)
    metadata = load(tmp_path / "a.safetensors").metadata
    assert metadata["kimg"] == 0.08 and metadata["ema_half_life_kimg"] == 0.05
    assert metadata["recipe"] == json.loads(json.dumps(tiny_recipe().to_dict()))
    assert metadata["dataset"]["sha256"] == creatures.index["sha256"]
    assert metadata["dataset"]["count"] == 12 and metadata["dataset"]["source"] == creatures.index["source"]
    assert [stage["resolution"] for stage in metadata["stages"]] == [4, 8, 16]
    created = datetime.fromisoformat(metadata["created"])
    assert created.utcoffset() is not None


def test_the_levels_of_styles_are_measured(creatures: SpriteDataset, tmp_path: Path) -> None:
    export(trained(creatures, tmp_path / "run", 20), tmp_path / "a.safetensors")
    checkpoint = load(tmp_path / "a.safetensors")
    measured = measure(checkpoint.generator)  # of weights in half precision
    assert checkpoint.measured_levels == checkpoint.levels == measured.levels
    stored = checkpoint.metadata["levels"]
    assert list(stored) == ["colours", "features", "shape"]  # headers are sorted
    for take, changes in measured.to_dict().items():
        assert stored[take] == pytest.approx(changes, abs=0.05)


def test_exporting_twice_gives_the_same_id(creatures: SpriteDataset, tmp_path: Path) -> None:
    run = trained(creatures, tmp_path / "run", 20)
    ids = {export(run, tmp_path / "a.safetensors", ema).id for ema in (None, 0.001, None)}
    assert len(ids) == 1
    assert export(run, tmp_path / "a.safetensors", 0.05).id not in ids


def test_the_mean_style_is_measured_anew() -> None:
    generator = tiny_generator()
    generator.mapping.w_avg.fill_(9.0)
    measure_mean_style(generator)
    z = np.random.RandomState(0).standard_normal((10_000, 32)).astype(np.float32)
    torch.testing.assert_close(
        generator.mapping.w_avg, generator.mapping(torch.from_numpy(z)).mean(dim=0), atol=1e-5, rtol=1e-5
    )


@pytest.mark.parametrize(("kimg", "chosen"), [(10, 5), (60, 5), (199.9, 5), (200, 20), (900, 20)])
def test_the_default_average_has_forgotten_the_start(kimg: float, chosen: float) -> None:
    config = replace(tiny_recipe(), ema_half_lives_kimg=(5.0, 20.0))
    assert choose_half_life(config, round(kimg * 1000), None) == chosen
    assert choose_half_life(config, round(kimg * 1000), 20) == 20


def test_an_average_that_the_run_does_not_keep_is_refused(creatures: SpriteDataset, tmp_path: Path) -> None:
    run = trained(creatures, tmp_path / "run", 20)
    with pytest.raises(StateError, match=r"0\.001 and 0\.05 kimg, not 7"):
        export(run, tmp_path / "a.safetensors", 7)
    assert not (tmp_path / "a.safetensors").exists()


def test_a_run_below_full_resolution_is_exported_only_on_request(
    creatures: SpriteDataset, tmp_path: Path
) -> None:
    run = trained(creatures, tmp_path / "run", 6)
    with pytest.raises(StateError, match="8 of 16 pixels"):
        export(run, tmp_path / "a.safetensors")
    done = export(run, tmp_path / "a.safetensors", allow_unfinished=True)
    assert done.phase == Phase(1, 8, 0.5)
    generator = load(tmp_path / "a.safetensors").generator
    w = generator.broadcast(torch.randn(2, 32))
    noise = generator.synthesis.random_noise(2, 16, w)
    smaller = generator.synthesis(w, noise, resolution=8)  # the fade of this level is baked in by now
    torch.testing.assert_close(generator.synthesis(w, noise), upsample(smaller))


def test_a_run_in_its_last_fade_is_exported_as_it_looks(creatures: SpriteDataset, tmp_path: Path) -> None:
    run = trained(creatures, tmp_path / "run", 13)
    assert export(run, tmp_path / "a.safetensors").phase == Phase(2, 16, 0.5)


def test_exporting_leaves_the_run_as_it_was(creatures: SpriteDataset, tmp_path: Path) -> None:
    run = trained(creatures, tmp_path / "run", 13)
    before = (run / STATE_FILE).read_bytes()
    export(run, tmp_path / "a.safetensors")
    assert (run / STATE_FILE).read_bytes() == before and [p.name for p in run.iterdir()] == [STATE_FILE]
    assert not differences(read(run / STATE_FILE), read(run / STATE_FILE))


def test_impossible_exports_are_refused(creatures: SpriteDataset, tmp_path: Path) -> None:
    with pytest.raises(StateError, match="no training state"):
        export(tmp_path / "none", tmp_path / "a.safetensors")
    run = trained(creatures, tmp_path / "run", 20)
    with pytest.raises(CheckpointError, match="could not be written"):
        export(run, run / STATE_FILE / "a.safetensors")
    state = read(run / STATE_FILE)
    partial = {k: t for k, t in state.tensors.items() if "constant" not in k}
    write(run / STATE_FILE, State(partial, state.values))
    with pytest.raises(StateError, match="weights"):
        export(run, tmp_path / "a.safetensors")


# -- python -m train export ---------------------------------------------------------------------------------


def test_export_writes_a_checkpoint(command: CommandLine, creatures: SpriteDataset, tmp_path: Path) -> None:
    write(tmp_path / "run" / STATE_FILE, steps(tiny_trainer(creatures), 13).state())
    out = tmp_path / "out" / "a.safetensors"
    done = command("export", tmp_path / "run", "--out", out, "--ema", 0.05)
    checkpoint = load(out)
    assert done.code == 0 and checkpoint.id in done.out and "fading in (50%)" in done.out
    assert sorted(path.name for path in out.parent.iterdir()) == ["a.safetensors", "a.training.safetensors"]


def test_an_export_makes_line_art_or_pixel_art(
    command: CommandLine, creatures: SpriteDataset, tmp_path: Path
) -> None:
    run, out = trained(creatures, tmp_path / "run", 20), tmp_path / "a.safetensors"
    lender = tmp_path / "lender.safetensors"
    save(lender, tiny_generator(), {}, enlarger=tiny_enlarger())

    def exported(*options: object) -> tuple[bool, bool]:
        assert command("export", run, "--out", out, "--force", *options).code == 0
        checkpoint = load(out)
        return checkpoint.enlarger is not None, checkpoint.finish is not None

    assert exported("--enlarger", lender) == (True, False)
    assert exported("--enlarger", lender, "--no-finish") == (True, False)
    assert exported("--finish") == (False, True)
    assert exported("--no-finish") == (False, False)
    shipped = load(SHIPPED).enlarger is not None
    assert exported() == (shipped, not shipped)  # with whichever the shipped one has
    assert "choose one" in command("export", run, "--out", out, "--enlarger", lender, "--finish").refusal


def test_old_states_take_the_description_of_their_data_from_the_data(
    command: CommandLine, creatures: SpriteDataset, tmp_path: Path
) -> None:
    state = steps(tiny_trainer(creatures), 17).state()
    del state.values["dataset"]
    write(tmp_path / "run" / STATE_FILE, state)
    for data, sha256 in ((creatures.path, creatures.index["sha256"]), ("nowhere", None)):
        out = tmp_path / f"{sha256}.safetensors"
        assert command("export", tmp_path / "run", "--out", out, "--data", data).code == 0
        dataset = load(out).metadata["dataset"]
        assert (dataset and dataset["sha256"]) == sha256


def test_impossible_exports_end_with_a_sentence(
    command: CommandLine, creatures: SpriteDataset, tmp_path: Path
) -> None:
    out = tmp_path / "a.safetensors"
    assert "no training state" in command("export", tmp_path / "none", "--out", out).refusal
    write(tmp_path / "run" / STATE_FILE, steps(tiny_trainer(creatures), 5).state())
    assert "8 of 16 pixels" in command("export", tmp_path / "run", "--out", out).refusal
    assert (
        "not 9" in command("export", tmp_path / "run", "--out", out, "--allow-unfinished", "--ema", 9).refusal
    )
    assert not out.exists()
    blocked = tmp_path / "run" / STATE_FILE / "a.safetensors"
    assert command("export", tmp_path / "run", "--allow-unfinished", "--out", blocked).refusal


def test_without_out_the_checkpoint_is_named_after_its_run(
    command: CommandLine, creatures: SpriteDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "checkpoints").mkdir()
    shipped = tmp_path / "checkpoints" / "newmon.safetensors"
    shipped.write_bytes(b"shipped")
    trained(creatures, tmp_path / "runs" / "mine", 20)
    assert command("export", "runs/mine").code == 0
    written = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
    assert written == ["mine.safetensors", "mine.training.safetensors", "newmon.safetensors"]
    monkeypatch.chdir(tmp_path / "runs" / "mine")
    assert command("export", ".").code == 0 and Path("checkpoints/mine.safetensors").is_file()
    assert shipped.read_bytes() == b"shipped"


@pytest.mark.parametrize("there", ["a.safetensors", "a.training.safetensors"])
def test_an_export_replaces_nothing_without_force(
    command: CommandLine, creatures: SpriteDataset, tmp_path: Path, there: str
) -> None:
    run = trained(creatures, tmp_path / "run", 20)
    (tmp_path / there).write_bytes(b"mine")
    arguments = ("export", run, "--out", tmp_path / "a.safetensors")
    assert f"{there} is there already" in command(*arguments).refusal
    assert (tmp_path / there).read_bytes() == b"mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == [there, "run"]
    assert command(*arguments, "--force").code == 0 and load(tmp_path / "a.safetensors")


def test_a_run_remembers_where_its_data_lay(
    command: CommandLine, creatures: SpriteDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trained(creatures, tmp_path / "run", 20)
    monkeypatch.chdir(tmp_path)
    assert data_of(run, None) == creatures.path.resolve()
    assert data_of(run, Path("other")) == Path("other")
    assert data_of(tmp_path / "new", None) == Path("data/dataset")
    assert command("fit", "--run", run, "--no-eyes").code == 0  # no --data, and none at data/dataset
    command("export", run, "--out", "a.safetensors")
    for name in ("a.safetensors", "a.training.safetensors"):  # which may be given away
        assert str(creatures.path.resolve()).encode() not in (tmp_path / name).read_bytes()
    state = read(run / STATE_FILE)
    write(run / STATE_FILE, State(state.tensors, {**state.values, "data_path": str(tmp_path / "gone")}))
    assert data_of(run, None) == Path("data/dataset")
