"""A run in a time box: its rate falls towards the end, its state is like any other, its record replays it."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from gan.checkpoint import load
from tests.command_line import CommandLine
from tests.train.tiny import BATCH, differences, steps, tiny_trainer
from train.data.dataset import SpriteDataset
from train.errors import StateError
from train.protocol import STATE_FILE
from train.run.loop import fit
from train.run.time_box import TimeBox, annealed
from train.state import State, read, write
from train.step.annealing import Annealing
from train.step.trainer import Trainer


def two_seconds_a_step(trainer: Trainer) -> Callable[[], float]:
    """A clock by which a step takes two seconds and all else no time."""
    return lambda: 2.0 * trainer.images_seen / BATCH


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=200)


def test_the_rate_falls_in_the_last_third() -> None:
    assert [annealed(share) for share in (0, 0.5, 2 / 3, 5 / 6, 1, 2)] == [1, 1, 1, 0.55, 0.1, 0.1]


def test_a_box_ends_the_run_wherever_it_is_and_leaves_a_state_like_any_other(
    creatures: SpriteDataset, tmp_path: Path, console: Console
) -> None:
    begun = steps(tiny_trainer(creatures), 15).state()
    write(tmp_path / "run" / STATE_FILE, begun)
    trainer = from_state(creatures, begun)
    assert fit(trainer, tmp_path / "run", console, box=TimeBox(0.3, two_seconds_a_step(trainer)))
    state = read(tmp_path / "run" / STATE_FILE)
    assert state.images_seen == 24 * BATCH  # nine steps, beyond the schedule's 22
    assert trainer.annealing.record == [(22 * BATCH, 0.7), (23 * BATCH, 0.4)]
    assert state.values["lr_factor"] == 1.0, "nothing of it lasts"

    replayed = from_state(creatures, begun)
    for _ in range(9):
        replayed.annealing.set(replayed.images_seen, trainer.annealing.at(replayed.images_seen))
        replayed.step()
    assert differences(replayed.state(), state) == [], "the record says all that the clock decided"

    resumed, straight = tiny_trainer(creatures), steps(from_state(creatures, state), 2)
    assert fit(resumed, tmp_path / "run", console, until_images=26 * BATCH)
    assert differences(read(tmp_path / "run" / STATE_FILE), straight.state()) == []
    assert straight.annealing.record[-1] == (24 * BATCH, 1.0)
    unboxed = steps(from_state(creatures, State(state.tensors, {**state.values, "annealed": []})), 2)
    assert rate(straight) == rate(unboxed)


def from_state(creatures: SpriteDataset, state: State) -> Trainer:
    """A trainer that goes on from there."""
    trainer = tiny_trainer(creatures)
    trainer.load_state(state)
    return trainer


def rate(trainer: Trainer) -> float:
    """The generator's learning rate in the last step."""
    return trainer.optimizers.generator.param_groups[0]["lr"]


def test_an_end_before_the_box_is_an_end(creatures: SpriteDataset, tmp_path: Path, console: Console) -> None:
    trainer = tiny_trainer(creatures)
    box = TimeBox(1, two_seconds_a_step(trainer))
    assert fit(trainer, tmp_path / "run", console, until_images=3 * BATCH, box=box)
    assert read(tmp_path / "run" / STATE_FILE).images_seen == 3 * BATCH


def test_a_record_says_from_where_on_each_factor_holds() -> None:
    annealing = Annealing()
    for images, factor in ((4, 1.0), (8, 0.5), (12, 0.5), (16, 0.3)):
        annealing.set(images, factor)
    assert annealing.record == [(8, 0.5), (16, 0.3)]
    assert [annealing.at(images) for images in (0, 7, 8, 15, 16, 99)] == [1, 1, 0.5, 0.5, 0.3, 0.3]
    annealing.set(8, 0.9)  # gone back to a saved state
    assert annealing.record == [(8, 0.9)]


@pytest.mark.parametrize("record", ["much", [1], [["a", 1]]])
def test_a_record_that_is_none_is_refused(creatures: SpriteDataset, record: object) -> None:
    state = tiny_trainer(creatures).state()
    with pytest.raises(StateError, match="annealing"):
        tiny_trainer(creatures).load_state(State(state.tensors, {**state.values, "annealed": record}))


def test_a_box_from_the_command_line_saves_and_exports(
    command: CommandLine, creatures: SpriteDataset, tmp_path: Path
) -> None:
    write(tmp_path / "run" / STATE_FILE, steps(tiny_trainer(creatures), 20).state())
    out = tmp_path / "out.safetensors"
    arguments = "fit", "--no-eyes", "--data", creatures.path, "--run", tmp_path / "run"
    done = command(*arguments, "--minutes", 0.005, "--export", out)
    assert done.code == 0 and "0.005 minutes are complete" in done.out
    assert load(out).id in done.out
    assert load(out).metadata["kimg"] == read(tmp_path / "run" / STATE_FILE).images_seen / 1000
    again = command(*arguments, "--minutes", 0.005, "--export", out)
    assert str(out) in again.refusal and "choose another --export" in again.refusal
    assert "--export must be a file that ends in" in command(*arguments, "--export", tmp_path / "out").refusal
    for none in ("0", "-1", "nan", "inf"):
        assert "--minutes" in command(*arguments, "--minutes", none).refusal
