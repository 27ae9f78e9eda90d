"""`python -m train eval`: a checkpoint, or all averages of a run, measured against a data set."""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gan.checkpoint import load
from gan.generator import Generator
from train.data import SpriteDataset
from train.errors import MetricsError
from train.eval_report import print_comparison, print_report, report_folder, write_pictures
from train.evaluate import Evaluation, Report, evaluate
from train.export import averaged_generator, bake_growth, measure_mean_style
from train.fit import STATE_FILE
from train.holdout import by_name, by_share
from train.reference import FeatureExtractor, build_reference
from train.schedule import phase_at
from train.state import State, read, restore

WHOLE = "none"  # instead of species that are held out: measure against the whole data set
BEST_SAMPLES = 2000  # enough to tell averages of one run apart


@dataclass(frozen=True)
class Request:
    """What to evaluate, and how."""

    what: Path  # a checkpoint, or the folder of a run
    data: Path
    samples: int = 5000
    psi: float = 1.0
    seed: int = 0
    holdout: str | None = None
    report: Path | None = None
    cache: Path | None = None  # None: the data set's own folder
    raw: bool = False  # of a run, also the generator that is not averaged


def run_eval(request: Request, as_json: bool, console: Console) -> None:
    """Carry out a request: figures to `console`, or one JSON object to stdout; progress to stderr."""
    reports, best = evaluate_all(request, Console(stderr=True))
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


def evaluate_all(request: Request, display: Console) -> tuple[dict[str, Report], str]:
    """The reports by generator, on the same latents, and which has the lowest KID; its pictures if asked for.

    Raises `MetricsError`, `DataError`, `CheckpointError` or `StateError`, all with a sentence for users.
    """
    generators = candidates(request.what, request.raw)
    dataset = SpriteDataset.open(request.data)
    expected = next(iter(generators.values())).config.resolution
    if dataset.resolution % expected:
        raise MetricsError(
            f"The data set's images are {dataset.resolution} pixels wide, but this network draws {expected}: "
            "evaluate with a data set of that resolution, or of a multiple of it."
        )
    chosen = held_out(request, dataset)
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(report_folder(request.report)) if request.report else None
        progress = stack.enter_context(bars(display))
        extractor = FeatureExtractor()
        cache = request.cache or request.data
        reference = build_reference(dataset, extractor, cache, expected, progress)
        evaluations: dict[str, Evaluation] = {}
        for name, generator in generators.items():
            evaluations[name] = evaluate(
                name,
                generator,
                reference,
                extractor,
                request.samples,
                request.psi,
                request.seed,
                chosen,
                progress,
            )
        best = best_of({name: e.report for name, e in evaluations.items()})
        if folder is not None:
            write_pictures(folder, evaluations[best], generators[best], dataset, request.seed)
    return {name: e.report for name, e in evaluations.items()}, best


def held_out(request: Request, dataset: SpriteDataset) -> tuple[str, NDArray[np.bool_]] | None:
    """Which images to measure against alone, bool [N], and what to call them: as asked for, or as trained."""
    if request.holdout == WHOLE:
        return None
    if request.holdout:
        return request.holdout, by_name(dataset, request.holdout)
    share = trained_without(request.what)
    return (f"{share:.0%} of the species", by_share(dataset, share)) if share else None


def trained_without(what: Path) -> float:
    """The share of the species that a run, or the run of a checkpoint, never saw."""
    if what.is_dir():
        return read(what / STATE_FILE).config.holdout
    recipe = load(what).metadata.get("recipe")
    return float(recipe.get("holdout", 0)) if isinstance(recipe, dict) else 0.0


def best_half_life(run: Path, data: Path) -> float:
    """The half-life in kimg of the run's average with the lowest KID, as `eval` finds it."""
    config = read(run / STATE_FILE).config
    _, best = evaluate_all(Request(run, data, BEST_SAMPLES), Console(stderr=True))
    return next(h for h in config.ema_half_lives_kimg if best == f"ema{h:g}")


def best_of(reports: dict[str, Report]) -> str:
    """The name with the lowest KID, usable ones before others."""
    return min(reports, key=lambda name: (bool(reports[name].problems), reports[name].kid.mean))


def candidates(what: Path, raw: bool = False) -> dict[str, Generator]:
    """The generator of a checkpoint, or the averages of a run (`ema5`, …), as `export` would write them."""
    if not what.is_dir():
        checkpoint = load(what)
        return {checkpoint.id: checkpoint.generator}
    state = read(what / STATE_FILE)
    found = {f"ema{h:g}": averaged_generator(state, h) for h in state.config.ema_half_lives_kimg}
    if raw:
        found["raw"] = _raw_generator(state, next(iter(found.values())))
    for generator in found.values():
        bake_growth(generator, phase_at(state.config.stages, state.images_seen))
        measure_mean_style(generator)
    return found


def _raw_generator(state: State, like: Generator) -> Generator:
    generator = copy.deepcopy(like)
    restore(state, {"generator": generator}, {})
    return generator


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
