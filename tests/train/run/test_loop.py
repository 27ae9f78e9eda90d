"""What happens to a run: kills, divergence, full disks, two at once."""

import io
import math
import os
import random
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from rich.console import Console

from tests.train.tiny import BATCH, differences, steps, tiny_recipe, tiny_trainer
from train.data.dataset import SpriteDataset
from train.errors import StateError, TrainingError
from train.protocol import STATE_FILE
from train.run.loop import MOST_ROLLBACKS, fit
from train.schedule import Stage
from train.state import State, read, write
from train.step.objective import StepStats
from train.step.trainer import Trainer

ENDLESS = (Stage(4, 1000, 0), Stage(8, 1000, 0), Stage(16, 1000, 0))


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=200)


def said(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def poison(trainer: Trainer, at_images: int, times: int = 1) -> list[float]:
    """Make a weight NaN before the step at `at_images`; the list fills with the rates it was met with."""
    step, met = trainer.step, []

    def poisoned() -> StepStats:
        if trainer.images_seen == at_images and len(met) < times:
            met.append(trainer.optimizers.generator.param_groups[0]["lr"])
            with torch.no_grad():
                trainer.generator.synthesis.constant.fill_(math.nan)
        return step()

    trainer.step = poisoned  # type: ignore[method-assign]
    return met


def test_a_run_ends_where_it_is_told_to_and_goes_on_beyond_its_schedule(
    creatures: SpriteDataset, tmp_path: Path, console: Console
) -> None:
    assert fit(tiny_trainer(creatures), tmp_path / "run", console, until_images=5 * BATCH)
    assert read(tmp_path / "run" / STATE_FILE).images_seen == 5 * BATCH
    again = tiny_trainer(creatures)
    assert fit(again, tmp_path / "run", console)
    assert again.done and again.images_seen == 88
    beyond = tiny_trainer(creatures)
    assert fit(beyond, tmp_path / "run", console, until_images=96)
    assert beyond.images_seen == 96 and beyond.phase.resolution == 16


def test_a_diverged_run_goes_back_and_learns_more_slowly(
    creatures: SpriteDataset, tmp_path: Path, console: Console
) -> None:
    steps_of_good_state = 3
    good = steps(tiny_trainer(creatures), steps_of_good_state)
    write(tmp_path / "run" / STATE_FILE, good.state())
    trainer = tiny_trainer(creatures)
    met = poison(trainer, at_images=5 * BATCH, times=2)
    assert fit(trainer, tmp_path / "run", console, until_images=8 * BATCH)
    lr = trainer.config.lr
    assert met == pytest.approx([lr, lr / 2])  # met a second time, after the first return
    state = read(tmp_path / "run" / STATE_FILE)
    assert state.images_seen == 8 * BATCH and state.finite and state.values["lr_factor"] == 0.25
    assert said(console).count(f"Back to {steps_of_good_state * BATCH / 1000:.1f} kimg") == 2
    resumed = tiny_trainer(creatures)
    resumed.load_state(state)
    assert resumed.optimizers.generator.param_groups[0]["lr"] == pytest.approx(lr / 4)


def test_each_return_halves_the_learning_rate_also_where_it_was_saved_meanwhile(
    creatures: SpriteDataset, tmp_path: Path, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("train.run.loop.SAVE_INTERVAL_S", 0)
    trainer = tiny_trainer(creatures)
    met = [poison(trainer, at_images=n * BATCH) for n in (2, 4, 6)]
    assert fit(trainer, tmp_path / "run", console, until_images=8 * BATCH)
    lr = trainer.config.lr
    assert [rate for rates in met for rate in rates] == pytest.approx([lr, lr / 2, lr / 4])
    assert read(tmp_path / "run" / STATE_FILE).values["lr_factor"] == 1 / 8


def test_a_run_may_diverge_before_it_was_saved_with_any_moments(
    creatures: SpriteDataset, tmp_path: Path, console: Console
) -> None:
    trainer = tiny_trainer(creatures)
    met = poison(trainer, at_images=2 * BATCH)
    assert fit(trainer, tmp_path / "run", console, until_images=4 * BATCH)
    assert len(met) == 1 and said(console).count("Back to 0.0 kimg") == 1
    assert read(tmp_path / "run" / STATE_FILE).finite


def test_a_run_that_keeps_diverging_ends_with_its_good_state(
    creatures: SpriteDataset, tmp_path: Path, console: Console
) -> None:
    good = steps(tiny_trainer(creatures), 2).state()
    write(tmp_path / "run" / STATE_FILE, good)
    trainer = tiny_trainer(creatures)
    met = poison(trainer, at_images=4 * BATCH, times=100)
    with pytest.raises(TrainingError, match="another recipe"):
        fit(trainer, tmp_path / "run", console)
    assert len(met) == MOST_ROLLBACKS + 1
    assert differences(read(tmp_path / "run" / STATE_FILE), good) == []


def test_weights_that_are_not_finite_are_never_saved(
    creatures: SpriteDataset, tmp_path: Path, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("train.run.loop.SAVE_INTERVAL_S", 0)
    trainer = tiny_trainer(creatures)
    step, spoilt = trainer.step, []

    def quietly_spoilt() -> StepStats:
        stats = step()
        if trainer.images_seen == 6 * BATCH and not spoilt:
            spoilt.append(True)
            trainer.optimizers.discriminator.state[trainer.discriminator.conv.weight]["exp_avg_sq"].fill_(
                math.inf
            )
        return stats

    trainer.step = quietly_spoilt  # type: ignore[method-assign]
    assert fit(trainer, tmp_path / "run", console, until_images=8 * BATCH)
    assert spoilt and f"Back to {5 * BATCH / 1000:.1f} kimg" in said(console)
    assert read(tmp_path / "run" / STATE_FILE).finite


def test_a_disk_that_fills_up_ends_the_run_and_keeps_the_last_state(
    creatures: SpriteDataset, tmp_path: Path, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit(tiny_trainer(creatures), tmp_path / "run", console, until_images=2 * BATCH)
    before = (tmp_path / "run" / STATE_FILE).read_bytes()
    monkeypatch.setattr("train.run.loop.SAVE_INTERVAL_S", 0)
    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(StateError, match="No space left"):
        fit(tiny_trainer(creatures), tmp_path / "run", console)
    assert (tmp_path / "run" / STATE_FILE).read_bytes() == before


def full_disk(_descriptor: int) -> None:
    raise OSError(28, "No space left on device")


class Interrupted(io.StringIO):
    """A terminal on which Ctrl-C is pressed in the middle of the first line, and that takes one at a time."""

    writing = False

    def write(self, text: str) -> int:
        assert not self.writing, "as a real stream: reentrant call"
        self.writing = True
        if not self.getvalue():
            signal.raise_signal(signal.SIGINT)
        self.writing = False
        return super().write(text)


def test_a_run_can_be_stopped_while_it_says_something(creatures: SpriteDataset, tmp_path: Path) -> None:
    trainer = tiny_trainer(creatures, replace(tiny_recipe(), stages=ENDLESS))
    out = Interrupted()
    assert not fit(trainer, tmp_path, Console(file=out, width=200))
    assert "Training" in out.getvalue() and "Stopping, and saving" in out.getvalue()
    assert read(tmp_path / STATE_FILE).images_seen == trainer.images_seen == BATCH


# -- real processes ------------------------------------------------------------------------------------------


def start(run: Path, data: Path) -> subprocess.Popen[str]:
    """A real process that trains as fast as it can and saves after every step."""
    code = (
        "import sys; from pathlib import Path; from rich.console import Console; import train.run.loop as f;"
        "from tests.train.tiny import tiny_trainer; from train.data.dataset import SpriteDataset;"
        "from train.protocol import STATE_FILE; from train.state import read;"
        "f.SAVE_INTERVAL_S = 0; run = Path(sys.argv[1]); data = SpriteDataset.open(Path(sys.argv[2]));"
        "f.fit(tiny_trainer(data, read(run / STATE_FILE).config), run, Console())"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, str(run), str(data)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"},
    )


def wait_for(process: subprocess.Popen[str], words: str) -> None:
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if words in line:
            return
    pytest.fail("".join(lines))


@pytest.mark.slow
def test_a_killed_run_is_readable_and_the_same_run_from_there(
    creatures: SpriteDataset, tmp_path: Path
) -> None:
    recipe = replace(tiny_recipe(), stages=ENDLESS)
    state_path = tmp_path / "run" / STATE_FILE
    write(state_path, tiny_trainer(creatures, recipe).state())
    seen, state = 0, read(state_path)
    chance = random.Random(0)
    for _ in range(3):
        process = start(tmp_path / "run", creatures.path)
        try:
            wait_for(process, "Training.")
            # Killed while a state is being written, or at any other moment.
            until = state_path.stat().st_mtime_ns
            for _ in range(chance.randrange(2, 6)):
                while (now := state_path.stat().st_mtime_ns) == until:
                    assert process.poll() is None
                until = now
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        state = read(state_path)
        assert state.images_seen > seen and state.finite
        seen = state.images_seen
    straight = steps(tiny_trainer(creatures, recipe), seen // BATCH).state()
    assert differences(state, straight) == []


def test_two_processes_cannot_train_one_run(
    creatures: SpriteDataset, tmp_path: Path, console: Console
) -> None:
    recipe = replace(tiny_recipe(), stages=ENDLESS)
    write(tmp_path / "run" / STATE_FILE, tiny_trainer(creatures, recipe).state())
    process = start(tmp_path / "run", creatures.path)
    try:
        wait_for(process, "Training.")
        with pytest.raises(StateError, match="Another process is training"):
            fit(tiny_trainer(creatures, recipe), tmp_path / "run", console)
    finally:
        process.kill()
        process.wait()
    assert fit(
        tiny_trainer(creatures, recipe), tmp_path / "run", console, until_images=0
    )  # freed by the kill


def test_other_data_than_before_is_pointed_out(
    creatures: SpriteDataset, tmp_path: Path, console: Console
) -> None:
    state = steps(tiny_trainer(creatures), 1).state()
    write(tmp_path / "same" / STATE_FILE, state)
    state.values["dataset"] = {**state.values["dataset"], "sha256": "0" * 64}
    write(tmp_path / "other" / STATE_FILE, state)
    fit(tiny_trainer(creatures), tmp_path / "same", console, until_images=0)
    assert "other data" not in said(console)
    fit(tiny_trainer(creatures), tmp_path / "other", console, until_images=0)
    assert "other data" in said(console)


def test_old_states_go_on_with_todays_augmentation(creatures: SpriteDataset) -> None:
    trainer = steps(tiny_trainer(creatures), 2)
    values = {
        k: v for k, v in trainer.state().values.items() if k not in ("augment_probability", "lr_factor")
    }
    again = tiny_trainer(creatures)
    again.load_state(State(trainer.state().tensors, values))
    assert again.augment_probability == again.config.augment.probability and again.lr_factor == 1


def on_huge_pages(code: str) -> int:
    """KiB of a new process that lie on huge pages, after it has run this."""
    code += "print(sum(int(line.split()[1]) for line in open('/proc/self/smaps') if 'AnonHuge' in line))"
    environment = {name: value for name, value in os.environ.items() if name != "THP_MEM_ALLOC_ENABLE"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="this system does not tell of its pages")
def test_big_tensors_lie_on_huge_pages() -> None:
    asked = "from mmap import *; x = mmap(-1, 2**26, MAP_PRIVATE | MAP_ANONYMOUS); x.madvise(MADV_HUGEPAGE);"
    asked += "x.write(bytes(2**26));"
    if on_huge_pages(asked) < 2**15:
        pytest.skip("this system gives no huge pages to who asks for them")
    tensor = "from train.run.loop import tune_memory; tune_memory(); import torch; x = torch.ones(2**24);"
    assert on_huge_pages(tensor) > 2**15  # of its 64 MiB
