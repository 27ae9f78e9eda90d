"""What each choice of the recipe is worth: python -m benchmarks.recipes

Each variant changes one thing of today's recipe, trains at 32×32 for the same time on the same data, and is
measured alike, by its shorter average: the better one while a run is young. All go on from one network that
today's recipe brought up to 16×16, but for those that would have been another network, or another training,
by then: these begin from nothing, and get the time that the common beginning took on top. Who has finished is
not trained again: an interrupted comparison goes on, and a new variant joins the old ones. `--seeds 3` says
how much is luck. `--source CHECKPOINT` begins all at that checkpoint instead, at its size: what matters to a
network that draws blobs is not what matters to one that draws creatures.

Writes table.md, samples.png (the same seeds, variants in the table's order) and for each run its folder.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from PIL import Image
from rich.console import Console

from benchmarks.measured import COLUMNS, VARIETY_COLUMNS, Clock, header, measure, row, stopwatch, variety
from benchmarks.variants import VARIANTS, Change, shown_to
from gan.config import NetworkConfig
from gan.generator import Generator
from gan.pictures.sheet import table
from train.data.dataset import SpriteDataset
from train.eval.candidates import candidates
from train.eval.reference import FeatureExtractor, build_reference
from train.eval.samples import draw
from train.protocol import STATE_FILE
from train.recipe import TrainConfig
from train.run.continuation import read_continuation
from train.run.loop import fit, tune_memory
from train.schedule import parse_stages
from train.state import read
from train.step.trainer import Trainer

ENDLESS_KIMG = 100_000  # of the last stage: it goes on until the time is up
STAGES = f"4:10,8:20,16:40,32:{ENDLESS_KIMG}:8"
FADE_KIMG = 4.0  # of 32²: shorter than in a real run, as the time is
SHARED_IMAGES = 70_000  # of the common beginning: all below 32²
SAMPLES = 2500
SHOWN = 12  # samples of each in the picture

app = typer.Typer(add_completion=False)


@app.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    only: Annotated[list[str] | None, typer.Option(help="These variants; default: all.")] = None,
    minutes: Annotated[float, typer.Option(min=0.1, help="What each trains for.")] = 3,
    clock: Annotated[Clock, typer.Option(help="What a minute is.")] = "cpu",
    threads: Annotated[int, typer.Option(min=1)] = torch.get_num_threads(),
    seeds: Annotated[int, typer.Option(min=1, help="Runs of each.")] = 1,
    source: Annotated[Path | None, typer.Option(help="Begin at this checkpoint.")] = None,
    data: Annotated[Path, typer.Option(help="The data set.")] = Path("data/dataset"),
    out: Annotated[Path, typer.Option(help="Where everything goes.")] = Path("runs/recipes"),
) -> None:
    """Train the variants that have not been trained, and write table.md."""
    if context.invoked_subcommand is not None:
        return
    if unknown := set(only or ()) - set(VARIANTS):
        raise typer.BadParameter(f"no variant {', '.join(sorted(unknown))}; there are {', '.join(VARIANTS)}")
    names = only or [name for name, change in VARIANTS.items() if not source or keeps_networks(change)]
    if others := [name for name in names if source and not keeps_networks(VARIANTS[name])]:
        raise typer.BadParameter(f"a checkpoint's networks cannot become those of {', '.join(others)}")
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    for seed in range(seeds):
        for name in names:
            folder = out / f"{name} {seed}"
            if not (folder / "measured.json").exists():
                options = [name, str(seed), str(data), str(out), str(minutes), clock, str(threads)]
                options += [str(source)] if source else []
                command = [sys.executable, "-m", "benchmarks.recipes", "one", *options]
                subprocess.run(command, check=True, env=environment)
            (out / "table.md").write_text(comparison(out))
    picture(out).save(out / "samples.png")
    typer.echo((out / "table.md").read_text())


@app.command(hidden=True)
def one(
    name: str,
    seed: int,
    data: Path,
    out: Path,
    minutes: float,
    clock: Clock,
    threads: int,
    source: Annotated[Path | None, typer.Argument()] = None,
) -> None:
    """One run of one variant, in a process of its own: train it, measure it, write measured.json."""
    torch.set_num_threads(threads)
    tune_memory()
    dataset = SpriteDataset.open(data)
    folder = out / f"{name} {seed}"
    shutil.rmtree(folder, ignore_errors=True)  # of an interruption: its minutes would count anew
    if source is not None:
        start = read_continuation(source)
        config = VARIANTS[name](grown_recipe(seed, start.config.network))
    else:
        config = VARIANTS[name](small_recipe(seed))
        shared = begin(dataset, out / "beginning", clock, threads)
        if begins_alike(VARIANTS[name]):
            start = read(shared / STATE_FILE)
        else:
            start, minutes = None, minutes + json.loads((shared / "took.json").read_text())
    trainer = Trainer(config, shown_to(name, dataset))
    spent = stopwatch(clock, threads)

    def on_step(_images_seen: int) -> None:
        if spent() >= minutes * 60:
            signal.raise_signal(signal.SIGINT)  # asks the training to save and stop

    fit(trainer, folder, Console(quiet=True), start=start, on_step=on_step)
    extractor = FeatureExtractor()
    reference = build_reference(dataset, extractor, data, trainer.phase.resolution)
    generator = shorter_average(folder)
    figures = measure(draw(generator, SAMPLES).pixels, reference, extractor)
    shares = variety(generator, dataset, trainer.phase.resolution)
    cells = [f"{trainer.images_seen / 1000:.0f}", *figures.cells, *(f"{share:.2f}" for share in shares)]
    measured = {"name": name, "seed": seed, "kid": figures.kid.mean, "minutes": minutes, "cells": cells}
    (folder / "measured.json").write_text(json.dumps(measured, ensure_ascii=False))
    typer.echo(row(name, str(seed), *cells))


def begin(dataset: SpriteDataset, folder: Path, clock: Clock, threads: int) -> Path:
    """The common beginning, which is trained once; took.json says how many minutes."""
    if not (folder / "took.json").exists():
        shutil.rmtree(folder, ignore_errors=True)
        spent = stopwatch(clock, threads)
        fit(Trainer(small_recipe(0), dataset), folder, Console(quiet=True), until_images=SHARED_IMAGES)
        (folder / "took.json").write_text(json.dumps(spent() / 60))
    return folder


def keeps_networks(change: Change) -> bool:
    """Whether a variant trains the recipe's own networks; the pretrained one's heads may begin afresh."""
    own, changed = TrainConfig(), change(TrainConfig())
    return (changed.network, changed.discriminator) == (own.network, own.discriminator)


def begins_alike(change: Change) -> bool:
    """Whether a variant's networks and training are those of the recipe up to 16×16."""
    pretrained = change(TrainConfig()).pretrained
    return keeps_networks(change) and not (pretrained.enabled and pretrained.from_resolution < 32)


def small_recipe(seed: int) -> TrainConfig:
    """Today's recipe up to 32×32."""
    config = TrainConfig()
    channels = config.network.channels[:-1]
    *smaller, last = parse_stages(STAGES)
    return replace(
        config,
        network=replace(config.network, channels=channels),
        discriminator_channels=config.discriminator_channels[:-1],
        stages=(*smaller, replace(last, fade_kimg=FADE_KIMG)),
        seed=seed,
    )


def grown_recipe(seed: int, network: NetworkConfig) -> TrainConfig:
    """Today's recipe for a network that is there already, with a last stage that does not end."""
    config = TrainConfig(network=network, seed=seed)
    *smaller, last = config.stages
    return replace(config, stages=(*smaller, replace(last, kimg=ENDLESS_KIMG)))


def shorter_average(folder: Path) -> Generator:
    """What a run is judged by."""
    return next(iter(candidates(folder).values()))


def measured_runs(out: Path) -> list[dict[str, Any]]:
    """What stands in each run's measured.json, best first."""
    return sorted((json.loads(p.read_text()) for p in out.glob("*/measured.json")), key=lambda r: r["kid"])


def comparison(out: Path) -> str:
    """All runs so far, best first, as a table in Markdown."""
    lines = [header("variant", "seed", "kimg", *COLUMNS, *VARIETY_COLUMNS)]
    lines += [row(r["name"], str(r["seed"]), *r["cells"]) for r in measured_runs(out)]
    return "\n".join(lines) + "\n"


def picture(out: Path) -> Image.Image:
    """The same seeds of all runs so far, a row each, best first."""
    names = [f"{r['name']} {r['seed']}" for r in measured_runs(out)]
    rows = [list(draw(shorter_average(out / name), SHOWN).pixels) for name in names]
    return table(rows, row_names=names)


if __name__ == "__main__":
    app()
