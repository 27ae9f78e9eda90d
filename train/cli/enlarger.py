"""python -m train enlarger"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from gan.cli.common import ForceOption
from gan.cli.program import check_number
from gan.files import check_replaces

if TYPE_CHECKING:
    from train.enlarger import OnProgress

MOST_MINUTES = 24 * 60


def enlarger(
    out: Annotated[Path, typer.Option(help="The file to write.")] = Path("runs/enlarger.safetensors"),
    minutes: Annotated[float, typer.Option(help="How long it learns, once the line art is there.")] = 10.0,
    width: Annotated[int, typer.Option(min=4, max=512, help="Channels of its convolutions.")] = 48,
    depth: Annotated[int, typer.Option(min=1, max=32, help="Convolutions between the outer two.")] = 6,
    cache: Annotated[Path, typer.Option(help="Where packages and line art are kept.")] = Path("data/cache"),
    seed: Annotated[int, typer.Option(min=0, help="Decides all randomness.")] = 0,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes that draw line art.")] = None,
    force: ForceOption = False,
) -> None:
    """Learn to enlarge the network's small pictures to line art, for `export --enlarger`."""
    check_number("--minutes", minutes, 0.01, MOST_MINUTES)
    check_replaces([out], force)

    from gan.pictures.enlarge import EnlargerConfig
    from train.enlarger import learn, line_art, save

    with _display() as display:
        progress = _teller(display)
        art = line_art(cache, workers or os.cpu_count() or 1, progress)
        learned = learn(art, EnlargerConfig(width, depth), minutes, progress, seed=seed)
    save(out, learned)
    typer.echo(
        f"Wrote {out} after {learned.steps} steps: {learned.psnr_db:.1f} dB on species that it never saw, "
        f"where smooth enlarging has {learned.smooth_psnr_db:.1f}."
    )


def _display() -> Progress:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    return Progress(*columns, console=Console(stderr=True), transient=True)


def _teller(display: Progress) -> OnProgress:
    """Shows one bar at a time: what is going on now."""
    tasks = {}

    def tell(what: str, done: int, total: int) -> None:
        if what not in tasks:
            for task in tasks.values():
                display.update(task, visible=False)
            tasks[what] = display.add_task(what)
        display.update(tasks[what], completed=done, total=total or None)

    return tell
