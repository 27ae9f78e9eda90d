"""Several processes train what one alone would."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from gan.pretrained import efficientnet
from tests.command_line import CommandLine
from tests.train.tiny import steps, tiny_recipe, tiny_trainer
from train.data.dataset import SpriteDataset
from train.errors import TrainingError
from train.protocol import STATE_FILE
from train.run import processes
from train.run.export import export
from train.run.processes import as_many_as_useful
from train.schedule import Stage
from train.state import State, read, write
from train.step.process_group import ProcessGroup

needs_pretrained = pytest.mark.skipif(
    not efficientnet.available(), reason="the packages of the train extra are missing"
)
BATCH = 16


def in_two_processes(run: Path, data: Path, images: int) -> str:
    """What the real command prints. The processes talk over loopback."""
    command = ["-m", "train", "fit", "--run", str(run), "--data", str(data), "--precision", "fp32"]
    done = subprocess.run(
        [sys.executable, *command, "--processes", "2", "--until", str(images / 1000)],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@needs_pretrained
@pytest.mark.slow
def test_two_processes_take_the_step_of_one(creatures: SpriteDataset, tmp_path: Path) -> None:
    before = 3  # the next one is at 16×16, half faded in, with both discriminators and a gradient penalty
    recipe = replace(tiny_recipe(pretrained=True), batch_size=BATCH, penalty_interval=1)
    trainer = steps(tiny_trainer(creatures, recipe), before)
    write(tmp_path / "run" / STATE_FILE, trainer.state())
    out = in_two_processes(tmp_path / "run", creatures.path, (before + 1) * BATCH)
    together = read(tmp_path / "run" / STATE_FILE)
    alone = steps(trainer, 1).state()

    assert "2 processes" in out and out.count("Training.") == 1
    assert together.images_seen == alone.images_seen == (before + 1) * BATCH
    assert set(together.tensors) == set(alone.tensors)
    assert together.values["augment_probability"] == pytest.approx(alone.values["augment_probability"])
    w_avg = "generator/mapping.w_avg"
    torch.testing.assert_close(together.tensors[w_avg], alone.tensors[w_avg], atol=1e-6, rtol=1e-4)
    # β1 is 0, so the first moments are the very gradients. The generator's come after an update of the
    # discriminator, which magnifies rounding: where a gradient is next to nothing, Adam sees only its sign.
    for part, tolerance in (("optimizer_d", 1e-4), ("optimizer_eyes", 1e-4), ("optimizer_g", 0.02)):
        ours, theirs = (_gradients(state, part) for state in (together, alone))
        assert theirs.norm() > 0.01
        assert (ours - theirs).norm() < tolerance * theirs.norm()


def _gradients(state: State, optimizer: str) -> torch.Tensor:
    """The first moments of all its parameters in one vector."""
    names = [n for n in sorted(state.tensors) if n.startswith(f"{optimizer}/") and n.endswith("/exp_avg")]
    return torch.cat([state.tensors[name].flatten() for name in names])


def test_batches_that_cannot_be_shared_are_refused(creatures: SpriteDataset) -> None:
    with pytest.raises(TrainingError, match="--batch-size that 24 divides"):
        tiny_trainer(creatures, replace(tiny_recipe(), batch_size=32), group=ProcessGroup(0, 3))


@pytest.mark.slow
def test_processes_stop_together_and_save(creatures: SpriteDataset, tmp_path: Path) -> None:
    recipe = replace(tiny_recipe(), batch_size=BATCH, stages=tuple(Stage(r, 1000, 0) for r in (4, 8, 16)))
    write(tmp_path / "run" / STATE_FILE, tiny_trainer(creatures, recipe).state())
    command = ["-m", "train", "fit", "--run", str(tmp_path / "run"), "--data", str(creatures.path)]
    process = subprocess.Popen(
        [sys.executable, *command, "--processes", "2"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert any("Training." in line for line in process.stdout)
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 0 and "The same command resumes" in out
    assert read(tmp_path / "run" / STATE_FILE).images_seen % BATCH == 0


@pytest.mark.slow
def test_a_failure_of_all_is_said_once_by_each_and_ends_the_command(tmp_path: Path) -> None:
    command = ["-m", "train", "fit", "--data", str(tmp_path / "nothing"), "--run", str(tmp_path / "run")]
    done = subprocess.run(
        [sys.executable, *command, "--processes", "2"], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 1 and "no data set" in done.stderr and "Traceback" not in done.stderr


def test_processes_are_as_many_as_can_share_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert [as_many_as_useful(n) for n in (32, 128, 12, 48)] == [4, 16, 1, 6]


def test_as_many_as_useful_share_the_batches_of_a_checkpoint(
    command: CommandLine, creatures: SpriteDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tiny_trainer(creatures, replace(tiny_recipe(), batch_size=24)).state()
    write(tmp_path / "before" / STATE_FILE, state)
    export(tmp_path / "before", tmp_path / "a.safetensors", allow_unfinished=True)
    asked: list[int] = []
    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(processes, "run_in_processes", lambda count, _command: asked.append(count))
    run = ["fit", "--run", tmp_path / "run", "--data", creatures.path, "--processes", 0]
    assert command(*run, "--from", tmp_path / "a.safetensors").code == 0
    assert command(*run).code == 0
    assert asked == [3, 4]  # today's batches are of 32
