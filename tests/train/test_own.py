"""python -m train own: one command from a folder of pictures to a checkpoint, which replaces nothing."""

from dataclasses import replace
from pathlib import Path

import pytest

from gan.checkpoint import load
from gan.sampler import Sampler
from tests.command_line import CommandLine
from tests.train.tiny import steps, tiny_recipe, tiny_trainer
from train import recipe as recipes
from train.data.dataset import SpriteDataset
from train.data.synthetic import write_folder
from train.protocol import STATE_FILE
from train.run.export import export
from train.run.loop import stored_state
from train.state import write

MINUTES = ("--minutes", 0.005, "--workers", 1)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, enlarger: Path) -> Path:
    """An empty folder to work in, with pictures in it; new runs train the tiny recipe."""

    def recipe(**changes: object) -> recipes.TrainConfig:
        return replace(tiny_recipe(), **changes)  # type: ignore[arg-type]

    monkeypatch.setattr(recipes, "TrainConfig", recipe)
    monkeypatch.chdir(tmp_path)
    write_folder(tmp_path / "pictures", 5)
    return tmp_path


def test_a_folder_of_pictures_becomes_a_checkpoint_that_draws(command: CommandLine, folder: Path) -> None:
    done = command("own", "pictures", "--fresh", *MINUTES)
    assert done.code == 0, done.err
    assert "python -m bot checkpoint use checkpoints/own.safetensors" in done.out
    assert len(SpriteDataset.open(folder / "data/own")) == 5 and (folder / "data/own-sheet.png").is_file()
    first = load(folder / "checkpoints/own.safetensors")
    sampler = Sampler(first)
    assert sampler.render(sampler.w_from_seeds([1], 1.0), [1]).shape == (1, 16, 16, 4)

    begun = ("own", "pictures", "--name", "further", "--from", "checkpoints/own.safetensors", *MINUTES)
    assert command(*begun).code == 0
    assert load(folder / "checkpoints/further.safetensors").config == first.config
    state = stored_state(folder / "runs/further")
    assert state is not None and state.began_with == first.id
    assert load(folder / "checkpoints/own.safetensors").id == first.id


@pytest.mark.slow
def test_a_short_run_exports_what_it_learned_itself(
    command: CommandLine, folder: Path, creatures: SpriteDataset
) -> None:
    begun = steps(tiny_trainer(creatures), 150)  # 600 images: the average of 50 would count as learned
    write(folder / "begun" / STATE_FILE, begun.state())
    export(folder / "begun", folder / "begun.safetensors")
    assert load(folder / "begun.safetensors").metadata["ema_half_life_kimg"] == 0.05
    assert command("own", "pictures", "--from", "begun.safetensors", *MINUTES).code == 0
    assert load(folder / "checkpoints/own.safetensors").metadata["ema_half_life_kimg"] == 0.001


def test_what_is_there_already_stays(command: CommandLine, folder: Path) -> None:
    assert command("own", "pictures", "--fresh", *MINUTES).code == 0
    before = load(folder / "checkpoints/own.safetensors")
    again = command("own", "pictures", "--fresh", *MINUTES)
    assert "own.safetensors (and 1 more) is there already" in again.refusal and "--force" in again.refusal
    assert load(folder / "checkpoints/own.safetensors").id == before.id
    assert command("own", "pictures", "--fresh", "--force", *MINUTES).code == 0  # goes on with its run
    assert load(folder / "checkpoints/own.safetensors").metadata["kimg"] >= before.metadata["kimg"]
    write_folder(folder / "others", 3)
    others = command("own", "others", "--fresh", "--force", *MINUTES)
    assert "holds a data set of other pictures" in others.refusal
    (folder / "data/own").rename(folder / "data/elsewhere")
    (folder / "data/own").symlink_to(folder / "data/elsewhere")
    (folder / "runs/own").rename(folder / "runs/second")
    taken = command("own", "others", "--name", "second", "--fresh", *MINUTES)
    assert "runs/second trains on other data already" in taken.refusal


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere",), "nowhere"),
        (("pictures", "--name", "../else"), "--name"),
        (("pictures", "--name", "."), "--name"),
        (("pictures", "--name", ""), "--name"),
        (("pictures", "--minutes", "nan"), "--minutes"),
        (("pictures", "--from", "missing.safetensors"), "missing.safetensors"),
    ],
)
def test_impossible_wishes_are_refused(
    command: CommandLine, folder: Path, arguments: tuple[str, ...], words: str
) -> None:
    assert words in command("own", *arguments).refusal
    assert sorted(path.name for path in folder.iterdir() if path.name != "data") == ["pictures"]
    assert not (folder / "data" / "own").exists()
