"""Odd values of every option of `python -m train`: each ends well or with one sentence."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import train.__main__ as program
from tests.command_line import CommandLine, odd_command_lines
from tests.gan.tiny import tiny_checkpoint
from tests.train.tiny import steps, tiny_recipe, tiny_trainer
from train import recipe as recipes
from train.data.dataset import SpriteDataset
from train.data.synthetic import write_folder
from train.protocol import STATE_FILE
from train.state import write

USUAL: dict[str, dict[str, object]] = {
    "data": {"--source": "pictures", "--out": "set", "--resolution": "8", "--no-enhance": None},
    "fit": {"--data": "data", "--run": "run", "--no-eyes": None, "--until": "0.004"},
    "export": {"--data": "data", "--out": "o.safetensors", "--allow-unfinished": None},
    "eval": {"--data": "data", "--samples": "1"},
    "scorer": {
        "--checkpoint": "a.safetensors",
        "--grades": "another.csv",
        "--samples": "1000",
        "--steps": "10",
    },
    "retrain": {"--from": "none.safetensors", "--run": "run", "--kimg": "1", "--data": "data"},
}
GIVEN = {"export": ["finished"], "eval": ["a.safetensors"]}
PER_COMMAND = 25


@pytest.fixture
def here(tmp_path: Path, creatures: SpriteDataset, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with pictures, a data set, a run and a checkpoint; new runs train the tiny recipe."""
    here = tmp_path / "a" / "b"
    here.mkdir(parents=True)
    monkeypatch.chdir(here)
    write_folder(here / "pictures", 3)
    shutil.copytree(creatures.path, here / "data")
    tiny_checkpoint(here / "a.safetensors")
    (here / "another.csv").write_text("seed,grade\n" + "".join(f"{seed},fair\n" for seed in range(100)))
    write(here / "finished" / STATE_FILE, steps(tiny_trainer(creatures), 17).state())

    def recipe(**changes: object) -> recipes.TrainConfig:
        return replace(tiny_recipe(), **changes)  # type: ignore[arg-type]

    monkeypatch.setattr(recipes, "TrainConfig", recipe)
    monkeypatch.setattr("train.run.processes.run_in_processes", lambda count, command: 0)
    return here


@pytest.mark.parametrize("name", list(USUAL))
def test_no_option_of_train_gives_a_traceback(command: CommandLine, here: Path, name: str) -> None:
    ends = set()
    for arguments in odd_command_lines(program.app, name, USUAL[name], PER_COMMAND):
        shutil.rmtree(here / "run", ignore_errors=True)
        if "pokeapi" in arguments:
            continue
        done = command(*arguments, *GIVEN.get(name, []))
        assert done.code in (0, 1, 2), (arguments, done)
        assert done.code != 1 or done.refusal, arguments
        ends.add(done.code)
    assert {1, 2} <= ends


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("data", "--source", "pictures", "--out", "."), "exists and is no data set"),
        (("data", "--source", "pictures", "--out", "/"), "has no name"),
        (("fit", "--data", "data", "--run", "new", "--until", "nan"), "--until must be a number"),
        (("fit", "--data", "data", "--run", "new", "--until", "-1"), "--until must be a number"),
        (("fit", "--data", "data", "--run", "new", "--until", "inf"), "--until must be a number"),
        (("fit", "--data", "data", "--run", "new", "--kid", "0"), "--kid must be a number"),
        (("fit", "--data", "data", "--run", "new", "--stages", "4:nan"), "kimg, not nan"),
        (("fit", "--data", "data", "--run", "new", "--stages", "4:1,8:inf"), "kimg, not inf"),
        (("fit", "--data", "data", "--run", "new", "--widths", "8,8"), "names 2 widths, up to 8 pixels"),
        (("eval", "a.safetensors", "--data", "data", "--psi", "nan"), "--psi must be a number from 0 to 2"),
        (("export", "finished", "--out", "finished/state.safetensors", "--force"), "which is read"),
        (("export", "finished", "--out", "."), "ends in .safetensors"),
        (("retrain", "--from", "a", "--run", "new", "--kimg", "inf"), "--kimg must be a number"),
    ],
)
@pytest.mark.usefixtures("here")
def test_odd_values_are_refused_by_their_name(
    command: CommandLine, arguments: tuple[str, ...], words: str
) -> None:
    assert words in command(*arguments).refusal
    assert not Path("new").exists()
