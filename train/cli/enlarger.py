"""python -m train enlarger"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from gan.cli.common import ForceOption
from gan.cli.program import CommandError, check_number
from gan.files import check_replaces
from train.cli.progress import one_bar

MOST_MINUTES = 24 * 60


def enlarger(
    out: Annotated[Path, typer.Option(help="The file to write.")] = Path("runs/enlarger.safetensors"),
    minutes: Annotated[float, typer.Option(help="How long it learns, once the line art is there.")] = 10.0,
    width: Annotated[int, typer.Option(min=4, max=512, help="Channels of its convolutions.")] = 48,
    depth: Annotated[int, typer.Option(min=1, max=32, help="Convolutions between the outer two.")] = 6,
    cache: Annotated[Path, typer.Option(help="Where packages and line art are kept.")] = Path("data/cache"),
    generated: Annotated[
        Path | None,
        typer.Option(
            help="A checkpoint: learn from its creatures, too, as the pretrained network enlarges them. "
            "Without it from line art alone."
        ),
    ] = None,
    count: Annotated[int, typer.Option(min=100, max=100_000, help="Creatures of --generated.")] = 3000,
    seed: Annotated[int, typer.Option(min=0, help="Decides all randomness.")] = 0,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes that draw line art.")] = None,
    force: ForceOption = False,
) -> None:
    """Learn to enlarge the network's small pictures to line art, for `export --enlarger`."""
    check_number("--minutes", minutes, 0.01, MOST_MINUTES)
    check_replaces([out], force)

    from gan import checkpoint
    from gan.pictures.enlarge import EnlargerConfig
    from train.enlarger import SMALLEST, learn, line_art, save
    from train.enlarger_pairs import taught

    source = None if generated is None else checkpoint.load(generated)
    if source is not None and source.config.resolution < SMALLEST:
        raise CommandError(
            f"The creatures of {generated} are too small to learn from: {SMALLEST} pixels or more."
        )
    with one_bar() as progress:
        art = line_art(cache, workers or os.cpu_count() or 1, progress)
        pairs = None if source is None else taught(source, count, cache, seed, progress)
        learned = learn(art, EnlargerConfig(width, depth), minutes, progress, pairs=pairs, seed=seed)
    save(out, learned)
    typer.echo(
        f"Wrote {out} after {learned.steps} steps: {learned.psnr_db:.1f} dB on species that it never saw, "
        f"where smooth enlarging has {learned.smooth_psnr_db:.1f}."
    )
    if learned.generated_psnr_db is not None:
        typer.echo(
            f"On new creatures {learned.generated_psnr_db:.1f} dB from the pretrained network's pictures, "
            f"where smooth enlarging has {learned.generated_smooth_psnr_db:.1f}."
        )
