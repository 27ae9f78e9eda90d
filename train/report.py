"""What one sees while it trains: a line or a live bar, a file of figures, and sample grids."""

from __future__ import annotations

import json
import time
from pathlib import Path
from statistics import fmean

import numpy as np
import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from gan.generator import Generator
from gan.latents import z_from_seed
from gan.sprite import contact_sheet, to_rgba
from train.schedule import Phase, total_images
from train.trainer import StepStats, Trainer

GRID_SEEDS = range(32)
GRID_COLUMNS = 8
GRID_SPRITE_SIDE = 128  # pixels, whatever the resolution that is being trained
GRID_PSI = 0.8


@torch.no_grad()
def sample_grid(generator: Generator, phase: Phase, path: Path) -> None:
    """Write the same seeds' creatures at the present resolution as one PNG."""
    device = generator.mapping.w_avg.device
    seeds = np.stack([z_from_seed(seed, generator.config.z_dim) for seed in GRID_SEEDS])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)  # fixed noise, and no trace in the run's own randomness
        images = generator(torch.from_numpy(seeds).to(device), GRID_PSI, phase.resolution, phase.alpha)
    sheet = contact_sheet(to_rgba(images), GRID_COLUMNS, max(GRID_SPRITE_SIDE // phase.resolution, 1))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.convert("RGB").save(path)


class Reporter:
    """Collects the figures of steps; at each tick prints them, appends to `stats.jsonl` and draws a grid."""

    def __init__(self, run: Path, trainer: Trainer, console: Console) -> None:
        self.run = run
        self.trainer = trainer
        self.console = console
        self.steps: list[StepStats] = []
        self.started = time.monotonic()
        self.started_images = trainer.images_seen
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f} kimg"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self.task = self.progress.add_task("training", total=total_images(trainer.config.stages) / 1000)

    def step(self, stats: StepStats) -> None:
        """Note one step."""
        self.steps.append(stats)
        self.progress.update(self.task, completed=self.trainer.images_seen / 1000)

    def tick(self) -> None:
        """Report on all steps since the last tick."""
        trainer, phase = self.trainer, self.trainer.phase
        elapsed_s = time.monotonic() - self.started
        kimg = trainer.images_seen / 1000
        rate = (trainer.images_seen - self.started_images) / elapsed_s
        left_s = (total_images(trainer.config.stages) - trainer.images_seen) / max(rate, 1e-9)
        figures: dict[str, float] = {
            "kimg": round(kimg, 3),
            "resolution": phase.resolution,
            "alpha": round(phase.alpha, 3),
            "images_per_s": round(rate, 2),
        }
        for name in ("loss_d", "loss_g", "penalty", "loss_eyes"):
            values = [v for s in self.steps if (v := getattr(s, name)) is not None]
            if values:
                figures[name] = round(fmean(values), 4)
        with (self.run / "stats.jsonl").open("a") as file:
            file.write(json.dumps(figures) + "\n")
        losses = "  ".join(f"{k} {v:.3f}" for k, v in figures.items() if k.startswith(("loss", "penalty")))
        self.console.print(
            f"{kimg:7.1f} kimg  {phase.resolution}² α {phase.alpha:.2f}  {rate:5.1f} img/s  {losses}  "
            f"about {left_s / 60:.0f} min left at this pace",
            highlight=False,
        )
        for ema in trainer.emas[:1]:
            sample_grid(ema.generator, phase, self.run / "grids" / f"{trainer.images_seen // 1000:06d}.png")
        self.steps.clear()
        self.started, self.started_images = time.monotonic(), trainer.images_seen
