"""How fast pictures are drawn: python -m benchmarks.generation_speed

In one run on one machine: loading the shipped checkpoint and the first picture; our generator's images a
second at batches of 1, 8 and 32, alone and through the sampler (which pads to fours, so that a creature has
the same bytes in any company, and makes finished sprites); and the generators of two well-known packages at
the same resolution, in an environment of their own under `.peers`. Turns alternate, so that a busy machine is
busy for all.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Annotated

import numpy as np
import torch
import typer

from gan.checkpoint import load
from gan.generator import Generator
from gan.sampler import Sampler

SHIPPED = Path("checkpoints/newmon.safetensors")
PEERS = Path(__file__).with_name("peers.py")
ENVIRONMENT = Path(".peers")
# Neither package's own list of dependencies can be installed beside a CPU build of torch (see peers.py).
NEEDED = ("torch==2.13.0", "pillow==13.0.0", "einops==0.8.2", "kornia==0.9.0", "fire", "tqdm", "retry")
ALSO_NEEDED = ("adabelief-pytorch==0.2.1", "vector-quantize-pytorch==0.1.0")
PACKAGES = ("stylegan2-pytorch==1.9.0", "lightweight-gan==1.2.1")
BATCHES = (1, 8, 32)
TURNS = 2
ROUNDS = 10

Speeds = dict[str, dict[int, list[float]]]


def peers_python() -> Path:
    """The interpreter of the environment with the other packages, which is made when it is not there."""
    python = ENVIRONMENT / "bin" / "python"
    if not (ENVIRONMENT / ".done").exists():
        typer.echo(f"Installing {' and '.join(PACKAGES)} into {ENVIRONMENT} …")
        subprocess.run([sys.executable, "-m", "venv", str(ENVIRONMENT)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, *NEEDED, *ALSO_NEEDED], check=True)
        subprocess.run([*pip, "--no-deps", *PACKAGES], check=True)
        (ENVIRONMENT / ".done").touch()
    return python


def first_picture(checkpoint: Path) -> float:
    """Seconds from an imported torch to the first finished picture, in a process of its own."""
    code = (
        "import sys, time; from pathlib import Path; import torch; started = time.perf_counter();"
        "from gan.checkpoint import load; from gan.sampler import Sampler;"
        "s = Sampler(load(Path(sys.argv[1]))); s.render(s.w_from_seeds([1], 0.7, pick=False), [1]);"
        "print(time.perf_counter() - started)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(checkpoint)], check=True, stdout=subprocess.PIPE, text=True
    )
    return float(done.stdout)


def timed(draw: Callable[[], object], n: int) -> float:
    """Images a second of a call that draws n: the median of some rounds."""
    times: list[float] = []
    draw()
    for _ in range(ROUNDS):
        started = time.perf_counter()
        draw()
        times.append(time.perf_counter() - started)
    return n / median(times)


def generate(generator: Generator, n: int) -> Callable[[], object]:
    """From latents and fresh noise to raw images, as the other packages are timed."""

    def draw() -> torch.Tensor:
        with torch.inference_mode():
            return generator(torch.randn(n, generator.config.z_dim))

    return draw


def sample(sampler: Sampler, n: int) -> Callable[[], object]:
    """From seeds to finished sprites."""
    seeds = list(range(n))
    return lambda: sampler.render(sampler.w_from_seeds(seeds, 0.7, pick=False), seeds)


def add_ours(speeds: Speeds, sampler: Sampler) -> None:
    """One turn of our own."""
    for n in BATCHES:
        for name, draw in (("generator", generate(sampler.generator, n)), ("sampler", sample(sampler, n))):
            speeds.setdefault(f"newmon {name}", {}).setdefault(n, []).append(timed(draw, n))


def add_peers(speeds: Speeds, python: Path) -> None:
    """One turn of the others, with as many threads as we have."""
    environment = os.environ | {"BENCHMARK_THREADS": str(torch.get_num_threads())}
    command = [str(python), str(PEERS), "draw", *map(str, BATCHES)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    for line in map(json.loads, done.stdout.splitlines()):
        name = f"{line['name']} ({line['parameters'] / 1e6:.1f} M)"
        speeds.setdefault(name, {}).setdefault(line["batch"], []).append(line["images_per_s"])


def main(
    checkpoint: Annotated[Path, typer.Option(help="The checkpoint to draw with.")] = SHIPPED,
    peers: Annotated[bool, typer.Option(help="Also install and time the other packages.")] = True,
) -> None:
    """Print a table of images a second, and how many times faster ours is."""
    starts = [first_picture(checkpoint) for _ in range(3)]
    typer.echo(
        f"checkpoint loaded and first picture drawn: {median(starts):.2f} s (slowest {max(starts):.2f})"
    )
    sampler = Sampler(load(checkpoint))
    parameters = sum(p.numel() for p in sampler.generator.parameters())
    typer.echo(f"our generator has {parameters / 1e6:.1f} M parameters; {torch.get_num_threads()} threads")
    speeds: Speeds = {}
    python = peers_python() if peers else None
    for _ in range(TURNS):
        add_ours(speeds, sampler)
        if python is not None:
            add_peers(speeds, python)
    middle = {name: {n: median(values) for n, values in by.items()} for name, by in speeds.items()}
    ours = middle["newmon generator"]
    for name, by in middle.items():
        figures = "  ".join(f"{by[n]:8.1f}" for n in BATCHES)
        ratios = "  ".join(f"×{ours[n] / by[n]:.1f}" for n in BATCHES)
        typer.echo(f"{name:32s} {figures}   ours is {ratios}")
    assert np.isfinite([value for by in middle.values() for value in by.values()]).all()


if __name__ == "__main__":
    typer.run(main)
