"""`python -m train retrain`: all its stages, what it writes for the bot, and all ways in which it can end."""

import contextlib
import errno
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from rich.console import Console

import train.__main__ as program
from gan.checkpoint import CheckpointError, load
from gan.cli.program import CommandError
from gan.files import locked
from gan.pictures.finish import Finish
from gan.pretrained import efficientnet
from gan.sections import TRAITS
from tests.command_line import CommandLine
from tests.gan.tiny import tiny_enlarger
from tests.train.tiny import differences, steps, tiny_trainer
from train import protocol
from train import retrain as retraining
from train.data.build import BuildOptions, build_from_folder
from train.data.dataset import SpriteDataset
from train.data.synthetic import write_folder
from train.errors import DataError, StateError
from train.eval import reference as references
from train.protocol import STATE_FILE, Journal
from train.retrain import Request, UnwrittenError, describe, retrain
from train.run.continuation import continuation_path, read_continuation
from train.run.export import export
from train.state import read, write
from train.traits import at_export, heads

pytestmark = pytest.mark.skipif(not efficientnet.available("lite1"), reason="the train extra is missing")

FINISH = Finish(colours=7)
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> SpriteDataset:
    """Forty synthetic creatures at 16×16."""
    root = tmp_path_factory.mktemp("many")
    write_folder(root / "images", 40)
    build_from_folder(root / "images", root / "dataset", BuildOptions(resolution=16), workers=1)
    return SpriteDataset.open(root / "dataset")


@pytest.fixture(scope="module")
def parent(many: SpriteDataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint that has seen 88 images, with a finish, and what it is trained further from."""
    folder = tmp_path_factory.mktemp("parent")
    write(folder / "run" / STATE_FILE, steps(tiny_trainer(many), 22).state())
    export(folder / "run", folder / "parent.safetensors", finish=FINISH, enlarger=tiny_enlarger())
    return folder / "parent.safetensors"


@pytest.fixture
def request_(parent: Path, many: SpriteDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Request:
    """Eight steps more, measured with as few samples as can be."""
    monkeypatch.setattr(protocol, "INTERVAL_S", 0.0)
    return Request(parent, many.path, tmp_path / "run", 0.032, samples=50)


def run(request: Request) -> bool:
    return retrain(request, Console(quiet=True))


def outcome(request: Request) -> dict:
    return json.loads((request.run / "outcome.json").read_text())


class Watched:
    """What was written into `progress.json`, and what to do once a stage has got somewhere."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: list[dict] = []
        self.react: Callable[[dict], None] = lambda values: None
        real = Journal._write

        def noted(journal: Journal, name: str, values: dict) -> None:
            real(journal, name, values)
            if name == protocol.PROGRESS_FILE:
                self.seen.append(values)
                self.react(values)

        monkeypatch.setattr(Journal, "_write", noted)

    def at(self, stage: str, share: float, act: Callable[[], object]) -> None:
        """Act once, when that much of the stage is done."""

        def react(values: dict) -> None:
            if values["stage"] == stage and values["total"] and values["done"] / values["total"] >= share:
                self.react = lambda values: None
                act()

        self.react = react


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(monkeypatch)


@pytest.mark.slow
def test_a_checkpoint_becomes_another_measured_and_compared(
    request_: Request, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at_export, "LEAST_SIDE", 16)
    monkeypatch.setattr(at_export, "CREATURES", 100)
    monkeypatch.setattr(heads, "EPOCHS", 5)
    assert run(request_)
    done, before = outcome(request_), load(request_.checkpoint)
    assert done["result"] == "done" and done["parent_metrics"]["checkpoint"] == before.id
    made = load(request_.run / done["checkpoint"])
    assert made.id == done["id"] == done["metrics"]["checkpoint"] != before.id
    assert made.own_sections == {TRAITS}  # it reads its creatures
    assert made.finish == before.finish == FINISH
    assert made.enlarger is not None and before.enlarger is not None
    for name, weight in before.enlarger.state_dict().items():
        assert torch.equal(made.enlarger.state_dict()[name], weight)
    assert made.metadata["kimg"] == pytest.approx(before.metadata["kimg"] + request_.kimg)
    assert read_continuation(request_.run / done["checkpoint"]).images_seen == 120
    assert done["worse"] == (done["verdict"] == "worse") and done["verdict"] in ("better", "same", "worse")
    kids = [done[name]["kid"]["mean"] for name in ("parent_metrics", "metrics")]
    assert done["change"]["mean"] == pytest.approx(kids[1] - kids[0], abs=0.05)
    assert done["change"]["low"] < done["change"]["mean"] < done["change"]["high"]
    with Image.open(request_.run / done["comparison"]) as picture:
        assert picture.width > 6 * 128 and picture.height > 4 * 128
    stages = list(dict.fromkeys(values["stage"] for values in watched.seen))
    assert stages == ["data", "measuring", "training", "evaluating", "comparing"]
    beats = [values["beats"] for values in watched.seen]
    assert beats == sorted(set(beats))  # a sign of life each
    training = [values["done"] for values in watched.seen if values["stage"] == "training"]
    assert training[-1] == pytest.approx(0.032) and training == sorted(training)
    figures = [json.loads(line) for line in (request_.run / "stats.jsonl").read_text().splitlines()]
    assert any("kid" in line for line in figures) and all("loss_d" in line for line in figures)
    assert len(list((request_.run / "grids").glob("*.png"))) >= 2
    assert run(request_)  # the same command again trains no more, and measures the same
    again = outcome(request_)
    assert again["id"] == done["id"] and again["metrics"]["kid"] == done["metrics"]["kid"]
    assert read(request_.run / STATE_FILE).images_seen == 120


@pytest.mark.parametrize(
    ("stage", "share"),
    [
        ("training", 0.5),
        pytest.param("measuring", 0.1, marks=pytest.mark.slow),
        pytest.param("evaluating", 0.1, marks=pytest.mark.slow),
    ],
)
def test_one_that_is_stopped_goes_on_with_the_same_command(
    request_: Request, watched: Watched, stage: str, share: float
) -> None:
    watched.at(stage, share, lambda: os.kill(os.getpid(), signal.SIGTERM))
    assert not run(request_)
    assert outcome(request_)["result"] == "stopped"
    if stage == "training":
        assert 88 < read(request_.run / STATE_FILE).images_seen < 120
    assert run(request_)
    assert outcome(request_)["result"] == "done"
    assert load(request_.run / outcome(request_)["checkpoint"]).metadata["kimg"] == pytest.approx(0.12)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_looking_at_the_real_images_goes_on_where_it_was_stopped(
    request_: Request, watched: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And something is seen meanwhile: the creatures as they are, and how long it takes."""
    monkeypatch.setattr(references, "BATCH", 8)
    monkeypatch.setattr(references, "CHUNK", 8)
    data = tmp_path / "dataset"
    shutil.copytree(request_.data, data, ignore=shutil.ignore_patterns("features-*"))
    request = replace(request_, data=data)
    watched.at("measuring", 0.6, lambda: os.kill(os.getpid(), signal.SIGTERM))
    assert not run(request)
    (grid,) = (request.run / "grids").glob("*.png")
    with Image.open(grid) as picture:
        assert picture.width > 8 * 128 and picture.height > 4 * 128
    looking = [values for values in watched.seen if values["what"].startswith("Looking at the real")]
    assert looking[-1]["done"] == 24 and looking[-1]["left_s"] >= 0
    watched.seen.clear()
    watched.at("training", 0.1, lambda: os.kill(os.getpid(), signal.SIGTERM))
    assert not run(request)
    looking = [values for values in watched.seen if values["what"].startswith("Looking at the real")]
    assert [values["done"] for values in looking] == [16, 24, 32, 40]


@pytest.mark.slow
def test_one_that_is_killed_while_it_is_measured_trains_nothing_twice(request_: Request) -> None:
    words = {"--from": request_.checkpoint, "--run": request_.run, "--kimg": request_.kimg}
    words |= {"--data": request_.data, "--samples": 100}
    command = [
        sys.executable,
        "-m",
        "train",
        "retrain",
        *(str(word) for pair in words.items() for word in pair),
    ]
    progress = request_.run / protocol.PROGRESS_FILE
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT) as process:
        while not (progress.exists() and json.loads(progress.read_text())["stage"] == "evaluating"):
            with contextlib.suppress(subprocess.TimeoutExpired):
                pytest.fail(f"it ended with {process.wait(0.02)}")
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert not (request_.run / "outcome.json").exists()
    learned = read(request_.run / STATE_FILE)
    assert learned.images_seen == 120
    assert run(request_)
    assert outcome(request_)["result"] == "done"
    kept = read(request_.run / STATE_FILE)  # of which the file's header may be in another order
    assert kept.values == learned.values and differences(kept, learned) == []


@contextlib.contextmanager
def limited(what: int, to: int) -> Iterator[None]:
    before = resource.getrlimit(what)
    resource.setrlimit(what, (to, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(what, before)


@pytest.mark.slow
def test_a_full_disk_is_the_reason_and_room_is_all_that_it_takes(request_: Request) -> None:
    with limited(resource.RLIMIT_FSIZE, 50_000), pytest.raises(StateError):
        run(request_)
    failed = outcome(request_)
    assert (failed["result"], failed["stage"]) == ("failed", "training")
    assert os.strerror(errno.EFBIG) in failed["reason"]
    assert run(request_)


@pytest.mark.slow
def test_what_cannot_even_be_written_down_is_said_otherwise(request_: Request) -> None:
    with limited(resource.RLIMIT_FSIZE, 10), pytest.raises(UnwrittenError, match="File too large"):
        run(request_)
    assert not (request_.run / "outcome.json").exists()
    assert run(request_)


@pytest.mark.parametrize("allocate", [lambda: bytearray(2**60), lambda: torch.empty(2**55)])
def test_memory_that_runs_out_is_the_reason(
    request_: Request, watched: Watched, allocate: Callable[[], object]
) -> None:
    watched.at("training", 0.5, allocate)
    with pytest.raises((RuntimeError, MemoryError)):
        run(request_)
    failed = outcome(request_)
    assert (failed["result"], failed["stage"]) == ("failed", "training")
    assert failed["reason"] == "The memory ran out."
    assert read(request_.run / STATE_FILE).images_seen == 88  # as it was last saved


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (MemoryError(), "The memory ran out."),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried …"), "memory"),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), "The memory ran out."),
        (RuntimeError("unable to mmap 205096 bytes: Cannot allocate memory (12)"), "The memory ran out."),
        (RuntimeError("std::bad_alloc"), "The memory ran out."),
        (RuntimeError("could not create a primitive"), "Most likely the memory ran out"),
        (OSError(errno.ENOSPC, "No space left on device", "a/b"), "a/b: No space left on device."),
        (DataError("There is no\ndata set."), "There is no data set."),
        (KeyError(), "KeyError"),
    ],
)
def test_reasons_are_one_line(error: BaseException, sentence: str) -> None:
    assert sentence in describe(error) and "\n" not in describe(error)


@pytest.mark.slow
def test_a_result_that_could_not_be_trained_further_is_not_handed_in(
    request_: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk loses a part of what was written beside the checkpoint."""

    def damaged(*arguments: Any, **more: Any) -> Any:
        made = export(*arguments, **more)
        weights = continuation_path(arguments[1])
        weights.write_bytes(weights.read_bytes()[:-100])
        return made

    monkeypatch.setattr(retraining, "export", damaged)
    with pytest.raises(StateError):
        run(request_)
    assert outcome(request_)["result"] == "failed" and "is damaged" in outcome(request_)["reason"]
    monkeypatch.undo()
    assert run(request_)


def test_a_picture_that_is_half_written_has_no_name_yet(
    request_: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever watches takes the latest one."""
    real = Image.Image.save

    def half(image: Image.Image, file: Any, *arguments: Any, **more: Any) -> None:
        real(image, file, *arguments, **more)
        if Path(file).parent.name == "grids":
            os.truncate(file, 200)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Image.Image, "save", half)
    with pytest.raises(OSError):
        run(request_)
    assert outcome(request_)["reason"].endswith("No space left on device.")
    assert list((request_.run / "grids").glob("*.png")) == []


def test_it_fails_before_it_trains_where_data_or_weights_are_not_there(
    request_: Request, parent: Path, tmp_path: Path
) -> None:
    nowhere = Request(parent, tmp_path / "nowhere", request_.run, 1, samples=50)
    with pytest.raises(DataError):
        run(nowhere)
    assert "There is no data set" in outcome(request_)["reason"]
    lonely = tmp_path / "lonely.safetensors"
    lonely.write_bytes(parent.read_bytes())
    with pytest.raises(StateError):
        run(Request(lonely, request_.data, request_.run, 1, samples=50))
    assert "not be trained further" in outcome(request_)["reason"]
    lonely.write_bytes(b"damaged")
    with pytest.raises(CheckpointError):
        run(Request(lonely, request_.data, request_.run, 1, samples=50))
    assert not (request_.run / STATE_FILE).exists()


@pytest.mark.slow
def test_data_are_built_first_if_they_are_not_there(
    request_: Request, tmp_path: Path, enlarger: Path
) -> None:
    write_folder(tmp_path / "images", 40)
    new = Request(
        request_.checkpoint,
        tmp_path / "built",
        request_.run,
        request_.kimg,
        source=str(tmp_path / "images"),
        cache=tmp_path / "cache",
        samples=50,
    )
    assert run(new)
    built = SpriteDataset.open(tmp_path / "built")
    assert len(built) == 40 and built.index["options"]["enhance"]


@pytest.mark.slow
def test_a_state_that_was_damaged_is_set_aside(request_: Request, watched: Watched) -> None:
    watched.at("training", 0.5, lambda: os.kill(os.getpid(), signal.SIGTERM))
    run(request_)
    state = request_.run / STATE_FILE
    state.write_bytes(state.read_bytes()[:-100])
    assert run(request_)
    assert state.with_suffix(".damaged").exists()
    assert read(state).images_seen == 120


@pytest.mark.slow
def test_a_run_is_of_one_checkpoint_and_of_one_process(request_: Request, many: SpriteDataset) -> None:
    request_.run.mkdir(parents=True)
    with (
        locked(request_.run / ".retrain.lock", RuntimeError()),
        pytest.raises(CommandError, match="Another process"),
    ):
        run(request_)
    assert not (request_.run / "outcome.json").exists()  # which would be the other process's
    run(request_)
    made = request_.run / outcome(request_)["checkpoint"]
    assert continuation_path(made).is_file()
    with pytest.raises(CommandError, match="another checkpoint"):
        run(Request(made, many.path, request_.run, 1, samples=50))


def test_the_command_line_says_how_it_ended(
    request_: Request, watched: Watched, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = CommandLine(program.app, monkeypatch, capsys)
    words = ("retrain", "--from", request_.checkpoint, "--run", request_.run, "--data", request_.data)
    watched.at("training", 0.5, lambda: os.kill(os.getpid(), signal.SIGTERM))
    assert command(*words, "--kimg", 0.032, "--samples", 50).code == protocol.STOPPED
    missing = command("retrain", "--from", "missing", "--run", request_.run, "--kimg", 1)
    assert "There is no checkpoint" in missing.refusal
