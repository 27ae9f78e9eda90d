"""`python -m benchmarks.watching`: what the animation of a mix costs, with one thread of a CPU."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer

from bot.engine import DEFAULT_PSI, Picture, morph_orders
from bot.engine.styles import w_plus_of
from bot.features.mixing.watching import STEPS
from bot.ui.morphing import morph_gif
from gan import checkpoint
from gan.cli.program import run
from gan.package import SHIPPED
from gan.sampler import Sampler

app = typer.Typer(add_completion=False)


@app.command()
def main(
    path: Annotated[Path, typer.Option("--checkpoint", help="What draws.")] = SHIPPED,
    pairs: Annotated[int, typer.Option(min=1, help="How many animations.")] = 12,
) -> None:
    """Draw, enlarge and encode animations between creatures of random seeds, as Watch does."""
    torch.set_num_threads(1)
    sampler = Sampler(checkpoint.load(path), "cpu")
    sampler.enlarge(sampler.render(sampler.w_from_seeds([0], DEFAULT_PSI), [0]))  # the first pass is slow
    measured = [_measure(sampler, 2 * pair, 2 * pair + 1) for pair in range(1, pairs + 1)]
    drawing, enlarging, encoding, sizes = zip(*measured, strict=True)
    for name, times in (("drawing", drawing), ("enlarging", enlarging), ("encoding", encoding)):
        typer.echo(f"{name:<10}{statistics.median(times):.2f} s of one core, at most {max(times):.2f}")
    typer.echo(f"{'size':<10}{statistics.median(sizes) / 1e3:.0f} kB, at most {max(sizes) / 1e3:.0f}")


def _measure(sampler: Sampler, first: int, second: int) -> tuple[float, float, float, int]:
    """CPU seconds of drawing, enlarging and encoding, and bytes."""
    a, b = sampler.w_from_seeds([first, second], DEFAULT_PSI)
    began = time.process_time()
    orders = morph_orders(a, b, STEPS, first, None)
    codes = np.stack([a, *(w_plus_of(order, sampler) for order in orders), b])
    sprites = sampler.render(codes, [first] * len(codes))
    drawn = time.process_time()
    if sampler.enlarger is None:
        pictures = [Picture(sprite, pixel_art=True) for sprite in sprites]
    else:
        pictures = [Picture(picture) for picture in sampler.enlarge(sprites)]
    enlarged = time.process_time()
    data = morph_gif(pictures, "Fizz", "Moltigo")
    return drawn - began, enlarged - drawn, time.process_time() - enlarged, len(data)


if __name__ == "__main__":
    run(app)
