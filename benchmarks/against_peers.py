"""How good creatures get in an equal time, beside two known packages': python -m benchmarks.against_peers

All train on the same data set, on the same machine, for the same time, one after another, each with its own
recipe and batches of 32. Then 5,000 samples of each are measured alike, with features that nobody trains on,
and drawn side by side. The packages' last weights and their average are measured, and all averages of ours;
the best of each counts. Who has finished is not trained again: an interrupted comparison goes on.

`--clock cpu` counts the time that a contender computes for, over its threads, and not the time that passes:
fairer on a machine that has other work to do. With it and `--only`, contenders can also train side by side.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer

from benchmarks.generation_speed import PEERS, peers_python
from benchmarks.measured import COLUMNS, Clock, header, measure, row, stopwatch
from gan.pictures.sheet import table
from gan.pictures.sprite import Pixels
from train.data.dataset import SpriteDataset
from train.eval.candidates import candidates
from train.eval.reference import FeatureExtractor, build_reference
from train.eval.samples import draw
from train.run.changes import Changes
from train.run.launch import launch

OURS = "newmon"
CONTENDERS = (OURS, "stylegan2_pytorch", "lightweight_gan")
# The small stages take about a sixth of an hour; at 64² training goes on until the time is up.
STAGES = "4:15,8:25,16:40,32:60:8,64:100000"
# What our training asks of glibc (`tune_memory`), for the others too: without it a quarter of a step of
# stylegan2-pytorch and half of one of lightweight-gan were page faults. Larger pieces go back all the same:
# those of lightweight-gan have 600 MB, and a heap of them filled 14 GB.
TUNED_MEMORY = {
    "MALLOC_TRIM_THRESHOLD_": str(2**31 - 1),
    "MALLOC_MMAP_THRESHOLD_": str(2**28),
    "THP_MEM_ALLOC_ENABLE": "1",
}
SIDE = 64  # pixels, which larger images of a data set are averaged down to
SAMPLES = 5000
SHOWN = 12  # samples of each in the picture

app = typer.Typer(add_completion=False)


@app.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    minutes: Annotated[float, typer.Option(min=0.1, help="What each may train for.")] = 60,
    clock: Annotated[Clock, typer.Option(help="What a minute is.")] = "wall",
    threads: Annotated[int, typer.Option(min=1)] = torch.get_num_threads(),
    data: Annotated[Path, typer.Option(help="The data set.")] = Path("data/dataset"),
    out: Annotated[Path, typer.Option(help="Where everything goes.")] = Path("runs/peers"),
    only: Annotated[list[str] | None, typer.Option(help="These contenders; default: all.")] = None,
) -> None:
    """Train whoever has not been trained, measure all, and write table.md and samples.png."""
    if context.invoked_subcommand is not None:
        return
    out.mkdir(parents=True, exist_ok=True)
    dataset = SpriteDataset.open(data)
    for name in only or CONTENDERS:
        if not found(out, name):
            typer.echo(f"{name}: {minutes:g} minutes by the {clock} clock, {threads} threads")
            train(name, dataset, out, minutes, clock, threads)
    measured = compare(dataset, out)
    (out / "table.md").write_text(measured)
    typer.echo(measured)


@app.command(hidden=True)
def ours(data: Path, run: Path, minutes: float, clock: Clock, threads: int) -> None:
    """Our side of the comparison: a process of its own, as the others are."""
    torch.set_num_threads(threads)
    spent = stopwatch(clock, threads)

    def on_step(images_seen: int) -> None:
        if spent() >= minutes * 60:
            print(json.dumps({"images": images_seen, "minutes": spent() / 60}), flush=True)
            signal.raise_signal(signal.SIGINT)  # asks the training to save and stop

    launch(data, run, Changes(stages=STAGES), on_step=on_step)


def train(name: str, dataset: SpriteDataset, out: Path, minutes: float, clock: Clock, threads: int) -> None:
    """Train one contender; its samples are then in `out`."""
    environment = os.environ | {"BENCHMARK_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
    environment |= TUNED_MEMORY
    if name == OURS:
        run = out / "run"
        shutil.rmtree(run, ignore_errors=True)  # of an interruption: its minutes would count anew
        module = [sys.executable, "-m", "benchmarks.against_peers", "ours", str(dataset.path), str(run)]
        subprocess.run([*module, str(minutes), clock, str(threads)], check=True, env=environment)
        for average, generator in candidates(run).items():
            np.save(out / f"{OURS}-{average}.npy", draw(generator, SAMPLES).pixels)
        return
    straight = out / "data.npy"
    if not straight.exists():
        shown = np.flatnonzero(dataset.typical)  # the same as ours is shown
        parts = np.array_split(shown, -(-len(shown) // 1000))
        np.save(straight, np.concatenate([straight_alpha(dataset.pixels(part, SIDE)) for part in parts]))
    command = [str(peers_python()), str(PEERS), "train", name, str(straight), str(out / f"{name}.npy")]
    subprocess.run([*command, str(minutes), clock], check=True, env=environment)


def straight_alpha(images: Pixels) -> Pixels:
    """Premultiplied uint8 [N, H, W, 4] → colours as they are in files, which is what the packages read."""
    alpha = images[..., 3:].astype(np.float32) / 255
    colours = np.where(alpha > 0, images[..., :3] / np.maximum(alpha, 1 / 255), 0)
    return np.concatenate([np.clip(colours, 0, 255).round().astype(np.uint8), images[..., 3:]], axis=-1)


def found(out: Path, name: str) -> dict[str, Path]:
    """The samples that are there, by what drew them."""
    return {path.stem.removeprefix(f"{name}-"): path for path in sorted(out.glob(f"{name}-*.npy"))}


def compare(dataset: SpriteDataset, out: Path) -> str:
    """A table in Markdown of the best of each contender, and samples.png."""
    extractor = FeatureExtractor()
    reference = build_reference(dataset, extractor, dataset.path, SIDE)
    lines = [header("", "weights", *COLUMNS)]
    rows: dict[str, list[Pixels | None]] = {}
    for name in CONTENDERS:
        best: tuple[float, str, Pixels] | None = None
        for weights, path in found(out, name).items():
            pixels = np.load(path)
            measured = measure(pixels, reference, extractor)
            line = row(name, weights, *measured.cells)
            typer.echo(line)
            if best is None or measured.kid.mean < best[0]:
                best = (measured.kid.mean, line, pixels)
        if best is not None:
            lines.append(best[1])
            rows[name] = list(best[2][:SHOWN])
    if rows:
        table(list(rows.values()), row_names=list(rows)).save(out / "samples.png")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    app()
