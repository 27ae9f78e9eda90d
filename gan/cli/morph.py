"""python -m gan morph"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from gan.cli.common import (
    CREATURES,
    CheckpointOption,
    ForceOption,
    PickOption,
    PixelsOption,
    PsiOption,
    ScaleOption,
    check_noise_seed,
    check_psi,
    check_target,
    creatures,
    open_sampler,
    parse_creatures,
    progress_bar,
    stack,
)
from gan.cli.program import CommandError
from gan.config import DEFAULT_PSI
from gan.files import write
from gan.package import SHIPPED

Easing = Literal["cosine", "linear"]  # the same as in gan.morph, without numpy
BATCH = 64
MOST_FRAMES = 3000
MOST_SIDE = 1024  # pixels
FPS_MAX = 50  # the same as in gan.pictures.animation


def morph(
    through: Annotated[str, typer.Option(help=f"Two stops or more: {CREATURES}.")],
    out: Annotated[Path, typer.Option(help="The animation: .gif, or .png or .apng for soft edges.")],
    frames: Annotated[int, typer.Option(min=1, max=500, help="Frames from one stop to the next.")] = 24,
    fps: Annotated[float, typer.Option(min=0.1, max=FPS_MAX, help="Frames per second.")] = 20,
    easing: Annotated[Easing, typer.Option(help="How the speed changes between two stops.")] = "cosine",
    loop: Annotated[bool, typer.Option(help="Return to the first stop, and play for ever.")] = True,
    scale: ScaleOption = 3,
    pick: PickOption = True,
    pixels: PixelsOption = False,
    noise_seed: Annotated[
        int | None, typer.Option(help="The noise of all frames. Default: the first stop's own.")
    ] = None,
    psi: PsiOption = DEFAULT_PSI,
    force: ForceOption = False,
    checkpoint: CheckpointOption = SHIPPED,
) -> None:
    """Draw an animation in which each creature turns into the next, on a transparent background."""
    check_psi(psi)
    check_noise_seed(noise_seed)
    sources = parse_creatures(through)
    if len({source for _, source in sources}) < 2:
        raise CommandError("A morph needs two different creatures or more, such as --through Ash,Misty.")
    if (count := (len(sources) - (not loop)) * frames + (not loop)) > MOST_FRAMES:
        raise CommandError(f"{count} frames are too many: {MOST_FRAMES} are the most.")

    import numpy as np

    from gan.morph import way_through
    from gan.pictures.animation import FORMATS, encode

    sampler = open_sampler(checkpoint)
    if sampler.resolution * scale > MOST_SIDE:
        raise CommandError(f"An animation may be {MOST_SIDE} pixels wide: use a smaller --scale.")
    stops = creatures(sampler, sources, psi, pick)
    check_target(out, *FORMATS, force=force)
    way = way_through(stack(stops), frames, easing, loop)
    noise = stops[0].noise_seed if noise_seed is None else noise_seed
    drawn = []
    with progress_bar("Drawing", len(way)) as (progress, task):
        for start in range(0, len(way), BATCH):
            codes = way[start : start + BATCH]
            drawn.append(sampler.shown(sampler.render(codes, [noise] * len(codes)), scale, pixels))
            progress.advance(task, len(codes))
    write(out, encode(np.concatenate(drawn), FORMATS[out.suffix.casefold()], fps, loop=loop))
    names = ", ".join(stop.name for stop in stops)
    typer.echo(f"Wrote {len(way)} frames ({len(way) / fps:.1f} s) through {names} to {out}.")
