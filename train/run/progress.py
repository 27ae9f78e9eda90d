"""What one sees while it trains: a line or a live bar, a file of figures, and sample grids."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from dataclasses import astuple, fields
from pathlib import Path
from statistics import fmean
from types import TracebackType

import numpy as np
import torch
from PIL import Image
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from gan.config import DEFAULT_PSI
from gan.files import whole_file
from gan.generator import Generator
from gan.latents import z_from_seed
from gan.pictures.sheet import in_rows, table
from gan.pictures.sprite import to_rgba
from train.protocol import GRIDS, STATS_FILE
from train.run.kid_tracker import KidTracker
from train.run.tensorboard_log import Board
from train.run.time_box import TimeBox
from train.run.time_left import in_words, seconds_left
from train.run.training_gif import write_film
from train.schedule import Phase
from train.step.objective import StepStats
from train.step.trainer import Trainer
from train.stored_names import FIGURES, to_stored

GRID_SEEDS = range(32)
GRID_COLUMNS = 8
GRID_SPRITE_SIDE = 128  # pixels, whatever the resolution that is being trained


@torch.no_grad()
def sample_grid(generator: Generator, phase: Phase) -> Image.Image:
    """The same seeds' creatures as ever, at the present resolution, as one RGB picture."""
    device = generator.mapping.w_avg.device
    seeds = np.stack([z_from_seed(seed, generator.config.z_dim) for seed in GRID_SEEDS])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)  # fixed noise, and no trace in the run's own randomness
        images = generator(torch.from_numpy(seeds).to(device), DEFAULT_PSI, phase.resolution, phase.alpha)
    rows = in_rows(to_rgba(images), GRID_COLUMNS)
    sheet = table(rows, max(GRID_SPRITE_SIDE // phase.resolution, 1))
    return sheet.convert("RGB")


def write_grid(run: Path, kimg: float, grid: Image.Image) -> None:
    """Keep a `sample_grid` among those of a run, which sorted by name are in order."""
    path = run / GRIDS / f"{kimg:08.2f}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as part:  # whoever watches takes the latest picture
        grid.save(part, format="png")


def means(steps: Sequence[StepStats]) -> dict[str, float]:
    """The mean of each figure over the steps that it took part in; none of those that never did."""
    found: dict[str, float] = {}
    for i, field in enumerate(fields(StepStats)):
        values = [value for step in steps if not math.isnan(value := astuple(step)[i])]
        if values:
            found[field.name] = round(fmean(values), 4)
    return found


class Reporter:
    """Collects the figures of steps; at each tick prints them, writes them down and draws a grid.

    Writes `stats.jsonl`, `grids/KIMG.png`, and where tensorboard is installed `tensorboard/`; when the run
    stops also `training.gif`, the grids in a row. Only the main process says and writes anything.
    """

    def __init__(
        self,
        run: Path,
        trainer: Trainer,
        console: Console,
        limit: int,
        kid_tracker: KidTracker | None = None,
        box: TimeBox | None = None,
    ) -> None:
        self.run = run
        self.kid_tracker = kid_tracker
        self.limit = limit  # the run ends after that many images
        self.box = box  # or when this is over
        self.trainer = trainer
        self.console = console
        self.steps: list[StepStats] = []
        self.is_main = trainer.group.is_main
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:.0f} kimg" if box else "{task.completed:.0f}/{task.total:.0f} kimg"),
            TextColumn("{task.fields[left]}"),
            console=console,
            disable=not (console.is_terminal and self.is_main),
        )
        self.task = self.progress.add_task("", total=None if box else limit / 1000, left="")
        self.board = Board(run / "tensorboard") if self.is_main else None
        self.ticked_at = -math.inf
        self.restart()

    def __enter__(self) -> Reporter:
        self.progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.progress.stop()
        if self.board is not None:
            self.board.close()
        if self.is_main:
            write_film(self.run / GRIDS, self.run / "training.gif")

    def restart(self) -> None:
        """Forget the steps since the last tick."""
        self.steps.clear()
        self.started, self.started_images = time.monotonic(), self.trainer.images_seen

    @property
    def since_tick(self) -> float:
        """Seconds; without end before the first one."""
        return time.monotonic() - self.ticked_at

    def step(self, stats: StepStats) -> None:
        """Note one step."""
        self.steps.append(stats)
        phase = self.trainer.phase
        images = self.trainer.images_seen
        self.progress.update(
            self.task,
            completed=images / 1000,
            description=f"{phase.resolution}×{phase.resolution}",
            left=f"{in_words(self._left_s(images))} left",
        )

    def tick(self) -> None:
        """Report on all steps since the last tick."""
        figures = self.figures()
        if self.is_main:
            if self.kid_tracker is not None and self.kid_tracker.due(self.trainer.images_seen):
                figures |= self.kid_tracker.measure(self.trainer)
            self._write(figures)
        self.restart()  # whatever this took is no training time
        self.ticked_at = self.started

    def _write(self, figures: dict[str, float]) -> None:
        with (self.run / STATS_FILE).open("a") as file:
            file.write(json.dumps(figures) + "\n")
        self.console.print(self._line(figures), highlight=False)
        grid = sample_grid(self.trainer.emas[0].generator, self.trainer.phase)
        write_grid(self.run, figures["kimg"], grid)
        if self.board is not None:
            self.board.write(self.trainer.images_seen, figures, grid)

    def figures(self) -> dict[str, float]:
        """The means of all steps since the last tick, and where the run stands."""
        trainer, phase = self.trainer, self.trainer.phase
        images = trainer.images_seen
        rate = self._pace(images)
        figures: dict[str, float] = {
            "kimg": round(images / 1000, 3),
            "resolution": phase.resolution,
            "alpha": round(phase.alpha, 3),
            "images_per_s": round(rate, 2),
            "augment": round(trainer.augment_probability, 3),
            "augment_pretrained": round(trainer.pretrained_augment_probability, 3),
            "lr_factor": trainer.lr_factor,
            "eta_s": round(self._left_s(images)),
        }
        return to_stored(figures | means(self.steps), FIGURES)

    def _pace(self, images: int) -> float:
        """Images a second since the last tick."""
        return (images - self.started_images) / max(time.monotonic() - self.started, 1e-9)

    def _left_s(self, images: int) -> float:
        """Seconds at this pace until the last image, or until the time is over."""
        left = seconds_left(self.trainer.config, images, self.limit, self._pace(images))
        return left if self.box is None else min(left, self.box.left_s)

    def _line(self, figures: dict[str, float]) -> str:
        shown = ("loss_d", "loss_g", FIGURES["loss_pretrained"], "r1", "r2", "augment", "kid", "kid_error")
        parts = "  ".join(f"{name} {figures[name]:.3f}" for name in shown if name in figures)
        return (
            f"{figures['kimg']:7.1f} kimg  {figures['resolution']:.0f}² α {figures['alpha']:.2f}  "
            f"{figures['images_per_s']:5.1f} img/s  {parts}  "
            f"{in_words(figures['eta_s'])} left"
        )
