"""python -m train fit | export, and what stops them."""

import json
import os
import re
import signal
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from gan.checkpoint import load
from gan.pretrained import efficientnet
from gan.sampler import Sampler
from tests.command_line import CommandLine
from tests.forked import ForkedProgram
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


def fit(run: Path, dataset: SpriteDataset, *more: object) -> tuple[object, ...]:
    """The arguments of a fit without the pretrained discriminator."""
    return "fit", "--data", dataset.path, "--run", run, "--no-pretrained", *more


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


@pytest.mark.slow
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


def test_pretrained_packages_that_are_missing_are_refused_only_by_name(
    command: CommandLine, creatures: SpriteDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(efficientnet, "available", lambda: False)
    monkeypatch.setattr(recipes, "TrainConfig", lambda: tiny_recipe(pretrained=True))
    arguments = ("fit", "--data", creatures.path, "--run", tmp_path / "run")
    assert "`train` extra" in command(*arguments, "--pretrained").refusal
    assert "without the pretrained discriminator" in command(*arguments, "--stages", "16:0.004").out
    assert not read(tmp_path / "run" / STATE_FILE).config.pretrained.enabled


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


async def until(process: ForkedProgram, words: str) -> str:
    """All output up to the first line with these words."""
    said = ""
    while line := (await process.stdout.readline()).decode():
        said += line
        if words in line:
            return said
    pytest.fail(f"{words!r} never came: {said}")


async def ended(process: ForkedProgram) -> tuple[int, str]:
    """The exit status, and the rest of the output."""
    rest = await process.stdout.read()
    return await process.wait(), rest.decode()


@pytest.mark.slow
async def test_a_stopped_process_saves_and_the_same_command_goes_on(
    creatures: SpriteDataset, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    recipe = replace(tiny_recipe(), stages=parse_stages(SCHEDULE))
    state = tiny_trainer(creatures, recipe).state()  # gives a real command a tiny network to train
    state.values["images_seen"] = 3996  # one step before a tick, whose line says that training is under way
    write(run / STATE_FILE, state)

    async def start() -> ForkedProgram:
        words = ("train", "fit", "--run", run, "--data", creatures.path, "--stages", SCHEDULE)
        environment = dict(os.environ)
        return await ForkedProgram.start(
            "tests.forked:run_module", *words, environment=environment, folder=tmp_path
        )

    async with await start() as first:
        await until(first, "4.0 kimg  4²")
        first.send_signal(signal.SIGTERM)
        code, out = await ended(first)
    assert code == 0 and "Saved" in out and "Traceback" not in out, out
    stopped = read(run / STATE_FILE)
    assert 4000 <= stopped.images_seen < 4100 and stopped.config.network == tiny_recipe().network

    async with await start() as second:
        assert f"at {stopped.images_seen / 1000:.1f} kimg" in await until(second, "Resuming")
        code, out = await ended(second)
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
