"""python -m train eval"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gan.cli.common import PSI_MAX, ForceOption
from gan.cli.program import check_number
from train.cli.options import Data

if TYPE_CHECKING:
    from train.eval.candidates import Request


def evaluate(
    what: Annotated[Path, typer.Argument(help="A checkpoint, or the folder of a run for all its averages.")],
    data: Data = None,
    samples: Annotated[int, typer.Option(max=1_000_000, help="How many creatures are drawn.")] = 5000,
    psi: Annotated[float, typer.Option(help="Truncation ψ of the samples.")] = 1.0,
    seed: Annotated[int, typer.Option(min=0, max=2**30, help="Decides the latents.")] = 0,
    holdout: Annotated[
        str | None,
        typer.Option(
            help="Measure quality against these species alone: their names, separated by commas; `none`: "
            "against the whole data set. Default: those that the training held out, if it did."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
    report: Annotated[
        Path | None, typer.Option(help="A folder for report.json, index.html and pictures.")
    ] = None,
    cache: Annotated[
        Path | None, typer.Option(help="Where features of the real images are kept. Default: with the data.")
    ] = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="Of a run, also the generator without averaging.")
    ] = False,
    force: ForceOption = False,
) -> None:
    """Measure a checkpoint: KID, FID, precision, recall, memorisation, and the nearest real images."""
    check_number("--psi", psi, 0, PSI_MAX)

    from train.eval.candidates import Request
    from train.run.loop import data_of

    data = data_of(what, data)
    _run(Request(what, data, samples, psi, seed, holdout, report, cache, raw, force), as_json, Console())


def _run(request: Request, as_json: bool, console: Console) -> None:
    """Carry out a request: figures to `console`, or one JSON object to stdout; progress to stderr."""
    from train.eval.candidates import evaluate_all
    from train.eval.report import print_comparison, print_report

    display = Console(stderr=True)
    with bars(display) as progress:
        reports, best = evaluate_all(request, display, progress)
    if as_json:
        values = reports[best].to_dict()
        if len(reports) > 1:
            values |= {"best": best, "candidates": {name: r.to_dict() for name, r in reports.items()}}
        print(json.dumps(values))
        return
    if len(reports) > 1:
        print_comparison(console, reports, best)
    print_report(console, reports[best])
    if request.report is not None:
        console.print(f"Pictures: {request.report / 'index.html'}")


@contextlib.contextmanager
def bars(display: Console) -> Iterator[Callable[[str, int, int], None]]:
    """A callback (what is going on, done, in all) that draws one bar, where a person is watching."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=display, disable=not display.is_terminal, transient=True) as progress:
        task = progress.add_task("")

        def show(what: str, done: int, total: int) -> None:
            if progress.tasks[0].description != what or done < progress.tasks[0].completed:
                progress.reset(task, description=what, total=total)
            progress.update(task, completed=done)

        yield show
