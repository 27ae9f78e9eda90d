"""How fast training is on a GPU: python -m benchmarks.gpu_speed

The 64×64 step of a recipe in turns: launched operation by operation, and replayed as one CUDA graph, at a few
batch sizes; and what the best bf16 convolution reaches there, to see which share of it a step sustains.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Annotated

import typer

from benchmarks.training_speed import convolution_peak, images_per_s, trainer_for
from train.data.dataset import SpriteDataset
from train.recipe import TrainConfig
from train.run.changes import parse_widths
from train.step.precision import choose

ROUNDS = 3


def main(
    data: Annotated[Path, typer.Option(help="The built data set.")] = Path("data/dataset"),
    widths: Annotated[str, typer.Option(help="The generator's channels.")] = "256,256,128,64,32",
    batches: Annotated[str, typer.Option(help="Sizes to measure.")] = "32,64,128",
) -> None:
    """Print a line for each size, and all figures as JSON at the end."""
    compute = choose()
    if compute.device.type != "cuda":
        raise SystemExit("This measures a GPU, and there is none: benchmarks.training_speed is for CPUs.")
    dataset = SpriteDataset.open(data)
    config = TrainConfig()
    config = replace(config, network=replace(config.network, channels=parse_widths(widths)))
    figures: dict[str, float] = {"convolution peak, GFLOP/s": round(convolution_peak(compute), 1)}
    typer.echo(f"{compute}: best 3×3 convolution {figures['convolution peak, GFLOP/s']:.0f} GFLOP/s")
    steps = config.penalty_interval
    for batch in map(int, batches.split(",")):
        trainer = trainer_for(replace(config, batch_size=batch), compute, dataset, 64)
        speeds: dict[str, list[float]] = {"one by one": [], "replayed": []}
        for round_ in range(ROUNDS + 1):
            for name, values in speeds.items():
                trainer.runner.uses_graphs = name == "replayed"
                speed = images_per_s(trainer, steps)
                if round_:  # the first one records, and chooses kernels
                    values.append(speed)
        for name, values in speeds.items():
            figures[f"{name}, batches of {batch}"] = round(median(values), 1)
            typer.echo(f"{name}, batches of {batch}: {median(values):.0f} images a second")
    typer.echo(json.dumps(figures))


if __name__ == "__main__":
    typer.run(main)
