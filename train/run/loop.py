"""A whole run: steps, ticks, saves, and a clean end on Ctrl-C, SIGTERM or the schedule's last image."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

from rich.console import Console

from gan.config import NetworkConfig
from gan.files import locked, remove_half_written
from train.errors import DivergedError, StateError, TrainingError
from train.protocol import DEFAULT_DATA, STATE_FILE
from train.recipe import TrainConfig
from train.run.kid_tracker import KidTracker
from train.run.progress import Reporter
from train.run.time_box import TimeBox, annealed
from train.schedule import total_images
from train.state import State, read, write
from train.step.trainer import Trainer
from train.stored_names import DATA_PATH, DATASET

TICK_IMAGES = 4000
LEAST_TICK_S = 10  # a GPU shows thousands of images a second: that many grids nobody looks at
SAVE_INTERVAL_S = 120
MOST_ROLLBACKS = 4  # in one process: a run that keeps diverging needs another recipe
ROLLBACK_LR = 0.5  # what the learning rates are multiplied by each time

OnStep = Callable[[int], None]  # images seen so far


def tune_memory() -> None:
    """Let glibc keep what tensors free, and put big ones on huge pages. Before the first tensor.

    Every step allocates the same big buffers: returned to the system and faulted in again, they made 64×64
    steps 13 % slower on two cores, and small pages cost 5 % more.
    """
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")  # torch asks for huge pages, where the system has them
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        trim_threshold, mmap_threshold = -1, -3  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of malloc.h
        libc.mallopt(trim_threshold, 2**31 - 1)
        libc.mallopt(mmap_threshold, 2**30)


def stored_state(run: Path) -> State | None:
    """What a run's state says, without its weights, or None if it has not begun. Raises `StateError`."""
    path = run / STATE_FILE
    return State({}, read(path).values) if path.exists() else None


def data_of(run: Path, wanted: Path | None) -> Path:
    """Where the data of a run lie: as asked for, where they lay last if they still do, or `DEFAULT_DATA`.

    Raises `StateError` for a damaged state.
    """
    if wanted is not None:
        return wanted
    begun = stored_state(run) if run.is_dir() else None
    remembered = begun and begun.values.get(DATA_PATH)
    if isinstance(remembered, str) and Path(remembered).is_dir():
        return Path(remembered)
    return DEFAULT_DATA


def describe(network: NetworkConfig) -> str:
    """What of a network can be chosen on the command line."""
    noise = f"noise from {network.noise_from_resolution}" if network.has_noise else "no noise"
    widths = ", ".join(map(str, network.channels))
    return f"style {network.style}, {network.mapping_layers} mapping layers, widths {widths}, {noise}"


def check_resumes(run: Path, stored: TrainConfig, wanted: TrainConfig) -> None:
    """Raises `StateError` where `wanted` changes what a run cannot change halfway."""
    if stored.network != wanted.network:
        raise StateError(
            f"{run} trains another network ({describe(stored.network)}): choose another --run, or leave it "
            "as it was."
        )
    if stored.holdout != wanted.holdout:
        raise StateError(
            f"{run} holds out {stored.holdout:.0%} of the species, and has seen the others: choose another "
            "--run, or leave --holdout out."
        )
    if stored.seed != wanted.seed:
        raise StateError(
            f"{run} was begun with seed {stored.seed}: choose another --run, or leave the seed out."
        )


@contextlib.contextmanager
def stop_signals() -> Iterator[list[int]]:
    """Yield a list that fills once Ctrl-C or SIGTERM asks the run to stop."""
    stop: list[int] = []

    def ask_to_stop(number: int, _frame: FrameType | None) -> None:
        stop.append(number)  # and no word: the signal may come while another is being written

    previous = {s: signal.signal(s, ask_to_stop) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


class StateSaver:
    """The saved state of a run: written now and then, and gone back to when the run diverges.

    The main process writes; all read, from a folder that they share.
    """

    def __init__(self, trainer: Trainer, path: Path, console: Console) -> None:
        self.trainer = trainer
        self.path = path
        self.console = console
        self.rollbacks = 0
        self.saved_at = time.monotonic()

    def begin(self, start: State | None) -> None:
        """Resume from the saved state, else save a first one: `start`, or a network that knows nothing."""
        if self.trainer.group.is_main:
            remove_half_written(self.path.parent)  # a state is large, and a run may be killed often
        resumes = self.trainer.group.any(self.path.exists())
        if resumes:
            start = read(self.path)
        if start is not None:
            self.trainer.load_state(start)
            trained_on = start.values.get(DATASET, {}).get("sha256")
            if trained_on != self.trainer.dataset.index["sha256"]:
                self.console.print("Note: so far this was trained on other data.")
            verb = "Resuming" if resumes else "Beginning"
            self.console.print(
                f"{verb} {self.path.parent} at {self.trainer.images_seen / 1000:.1f} kimg.", soft_wrap=True
            )
        if not resumes:
            self.save()

    def save(self) -> None:
        """Write the state. Raises `DivergedError` instead if it is beyond use, and `StateError`."""
        state = self.trainer.state()
        if not state.finite:
            raise DivergedError(f"Weights stopped being finite by {state.images_seen / 1000:.1f} kimg.")
        if self.trainer.group.is_main:
            write(self.path, state)
        self.trainer.group.barrier()
        self.saved_at = time.monotonic()

    def save_if_due(self) -> None:
        """`save`, some time after the last one."""
        if self.trainer.group.any(time.monotonic() - self.saved_at > SAVE_INTERVAL_S):
            self.save()

    def roll_back(self, error: DivergedError) -> None:
        """Go back to the last saved state, which is sound, with a lower learning rate.

        Raises `TrainingError` if this has happened too often.
        """
        self.rollbacks += 1
        if self.rollbacks > MOST_ROLLBACKS:
            raise TrainingError(
                f"{error} That was the {self.rollbacks}th time, however low the learning rate. The last "
                "saved state is intact: resume from it with a lower --lr or another recipe."
            )
        lowered = self.trainer.lr_factor * ROLLBACK_LR  # whatever the state had: this one led nowhere
        self.trainer.load_state(read(self.path))
        self.trainer.lower_lr(lowered / self.trainer.lr_factor)
        self.console.print(
            f"{error} Back to {self.trainer.images_seen / 1000:.1f} kimg, with learning rates at "
            f"{self.trainer.lr_factor:.1%} of the recipe's.",
            soft_wrap=True,
        )


def fit(
    trainer: Trainer,
    run: Path,
    console: Console,
    until_images: int | None = None,
    start: State | None = None,
    kid_tracker: KidTracker | None = None,
    tick_images: int | None = None,  # TICK_IMAGES
    on_step: OnStep | None = None,
    box: TimeBox | None = None,
) -> bool:
    """Train until the schedule ends (or `until_images` have been shown instead), or a signal asks to stop.

    `box` ends it too, with learning rates that fall towards its end (`train.run.annealing`); without
    `until_images` it alone does.

    Returns whether that end was reached. Resumes from `run` if there is a state; `start` is what a new run
    begins with; `kid_tracker` measures KID on the way; figures and a grid come every `tick_images`, or else
    every `TICK_IMAGES` but no more often than every `LEAST_TICK_S`. Raises `StateError` and `TrainingError`.
    """
    run.mkdir(parents=True, exist_ok=True)
    busy = StateError(f"Another process is training {run}: wait for it, or choose another --run.")
    if until_images is not None:
        limit = until_images
    else:
        limit = total_images(trainer.config.stages) if box is None else sys.maxsize
    with locked(run / ".lock", busy) if trainer.group.is_main else contextlib.nullcontext():
        return _fit(trainer, run, console, limit, start, kid_tracker, tick_images, on_step, box)


def _fit(
    trainer: Trainer,
    run: Path,
    console: Console,
    limit: int,
    start: State | None,
    kid_tracker: KidTracker | None,
    tick_images: int | None,
    on_step: OnStep | None,
    box: TimeBox | None,
) -> bool:
    saver = StateSaver(trainer, run / STATE_FILE, console)
    saver.begin(start)
    reporter = Reporter(run, trainer, console, limit, kid_tracker, box)
    group = trainer.group
    over = False  # the time in the box
    every, least_s = (tick_images, 0) if tick_images else (TICK_IMAGES, LEAST_TICK_S)
    with stop_signals() as stop, reporter:
        console.print("Training. Ctrl-C saves and stops.")
        while trainer.images_seen < limit:
            if box is not None:
                if over := (used := box.used(group)) >= 1:
                    break
                trainer.annealing.set(trainer.images_seen, annealed(used))
            before = trainer.images_seen
            try:
                reporter.step(trainer.step())
                saver.save_if_due()
            except DivergedError as error:
                saver.roll_back(error)
                reporter.restart()
                continue
            if on_step is not None:
                on_step(trainer.images_seen)
            if trainer.images_seen // every > before // every and reporter.since_tick >= least_s:
                reporter.tick()
            if group.any(bool(stop)):
                console.print("Stopping, and saving …")
                break
        saver.save()
    return over or trainer.images_seen >= limit
