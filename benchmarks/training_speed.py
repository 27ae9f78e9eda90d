"""How fast training is: python -m benchmarks.training_speed

In one run on one machine: the same training step in the machine's best number format with channels_last, in
float32 with channels_last and in float32 contiguous, taking turns; what share of the best convolution speed
that this machine shows anywhere the step sustains; and one process with all threads against one a core.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import torch
import torch.nn.functional as F
import typer
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import conv_flop_count, flop_registry

from train.data.dataset import SpriteDataset
from train.recipe import TrainConfig
from train.run.changes import parse_widths
from train.run.loop import tune_memory
from train.run.processes import as_many_as_useful
from train.schedule import Stage
from train.step.precision import Compute, choose
from train.step.trainer import Trainer

ROUNDS = 3
PEAK_SHAPES = ((32, 128, 32), (32, 64, 64), (32, 128, 64), (64, 256, 16))  # batch, channels, side


def convolution_peak(compute: Compute, seconds: float = 1.0) -> float:
    """The best GFLOP/s of a 3×3 convolution in that number format and layout, over a few shapes."""
    best = 0.0
    for n, channels, side in PEAK_SHAPES:
        x = torch.randn(n, channels, side, side).to(compute.device, compute.dtype)
        weight = torch.randn(channels, channels, 3, 3).to(compute.device, compute.dtype)
        x, weight = (t.contiguous(memory_format=compute.memory_format) for t in (x, weight))
        gflop = 2 * n * channels**2 * 9 * side**2 / 1e9
        times: list[float] = []
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            started = time.perf_counter()
            F.conv2d(x, weight, padding=1)
            if compute.device.type == "cuda":
                torch.cuda.synchronize()
            times.append(time.perf_counter() - started)
        best = max(best, gflop / median(times))
    return best


def trainer_for(config: TrainConfig, compute: Compute, dataset: SpriteDataset, resolution: int) -> Trainer:
    """A trainer of this recipe that is past the fade of this resolution."""
    stages = tuple(Stage(r, 1, 0) for r in config.network.resolutions if r >= resolution)
    trainer = Trainer(replace(config, stages=stages), dataset, compute)
    for _ in range(3):
        trainer.step()
    return trainer


class Flops(TorchDispatchMode):
    """Adds up what each operation multiplies and adds. Torch's own counter cannot follow `autograd.grad`."""

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if func._overloadpacket is torch.ops.mkldnn._convolution_pointwise:  # of `gan.pretrained.frozen`
            self.total += conv_flop_count(args[0].shape, args[1].shape, result.shape)
        elif count := flop_registry.get(func._overloadpacket):
            self.total += count(*args, **kwargs, out_val=result)
        return result


def gflop_per_image(trainer: Trainer) -> float:
    """What a step without gradient penalties multiplies and adds for one image, in GFLOP.

    The counter cannot follow a gradient of a gradient. One step in 16 has penalties, so the share of the peak
    that is computed from this is a little too low.
    """
    trainer.images_seen = trainer.config.batch_size
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # a mode of its thread's alone
    with Flops() as counter:
        trainer.step()
    torch.set_num_threads(threads)
    return counter.total / trainer.config.batch_size / 1e9


def images_per_s(trainer: Trainer, steps: int) -> float:
    """The speed over so many steps. Each waits for its figures, and so for all that a GPU has to do."""
    started = time.perf_counter()
    for _ in range(steps):
        trainer.step()
    return steps * trainer.config.batch_size / (time.perf_counter() - started)


def command_speed(config: TrainConfig, data: Path, resolution: int, processes: int, kimg: float) -> float:
    """Images a second of the real command, from its last tick."""
    stages = ",".join(f"{r}:1000" for r in config.network.resolutions if r >= resolution)
    widths = ",".join(map(str, config.network.channels))
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "train", "fit", "--data", str(data), "--run", folder]
        command += ["--widths", widths]
        command += ["--stages", stages, "--until", str(kimg), "--processes", str(processes)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        lines = (Path(folder) / "stats.jsonl").read_text().splitlines()
    return float(json.loads(lines[-1])["images_per_s"])


def main(
    data: Annotated[Path, typer.Option(help="The built data set.")] = Path("data/dataset"),
    resolution: Annotated[int, typer.Option(help="The stage to measure.")] = 64,
    kimg: Annotated[float, typer.Option(help="How long each number of processes trains.")] = 8.1,
    widths: Annotated[str | None, typer.Option(help="The generator's channels, as for `train fit`.")] = None,
) -> None:
    """Print each figure as it comes, and all of them as JSON at the end."""
    tune_memory()
    config = TrainConfig()
    if widths is not None:
        config = replace(config, network=replace(config.network, channels=parse_widths(widths)))
    dataset = SpriteDataset.open(data)
    best = choose()
    cpu = best.device
    variants = {
        "best, channels_last": best,
        "float32, channels_last": Compute(cpu, torch.float32),
        "float32, contiguous": Compute(cpu, torch.float32, torch.contiguous_format),
    }
    figures: dict[str, float] = {}
    peak = figures["convolution peak, GFLOP/s"] = round(convolution_peak(best), 1)
    typer.echo(f"{best}: best 3×3 convolution {peak:.0f} GFLOP/s")
    trainers = {name: trainer_for(config, compute, dataset, resolution) for name, compute in variants.items()}
    work = figures["GFLOP per image"] = round(gflop_per_image(trainers["best, channels_last"]), 3)
    interval = config.penalty_interval
    speeds = {name: [] for name in trainers}
    for _ in range(ROUNDS):
        for name, trainer in trainers.items():
            speeds[name].append(images_per_s(trainer, interval))
    for name, values in speeds.items():
        figures[name] = round(median(values), 1)
        typer.echo(f"{name}: {figures[name]:.1f} img/s (of {', '.join(f'{v:.1f}' for v in values)})")
    base = figures["float32, contiguous"]
    figures["ratio to float32 contiguous"] = round(figures["best, channels_last"] / base, 2)
    figures["share of the peak"] = round(figures["best, channels_last"] * work / peak, 3)
    for count in sorted({1, as_many_as_useful(config.batch_size)}):
        threads = (os.cpu_count() or 1) // count
        name = f"{count} process{'es' if count > 1 else ''} × {threads} threads"
        figures[name] = command_speed(config, data, resolution, count, kimg)
        typer.echo(f"{name}: {figures[name]:.1f} img/s")
    typer.echo(json.dumps(figures))


if __name__ == "__main__":
    typer.run(main)
