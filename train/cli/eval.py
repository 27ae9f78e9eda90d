"""`python -m train eval`: a checkpoint, or all averages of a run, measured against a data set."""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gan.checkpoint import load
from gan.files import check_replaces
from gan.generator import Generator
from train import stored_names as stored
from train.data.dataset import SpriteDataset
from train.data.holdout import by_name, by_share
from train.errors import DataError, MetricsError
from train.eval.evaluate import Evaluation, Report, evaluate
from train.eval.reference import FEWEST_IMAGES, FeatureExtractor, build_reference
from train.eval.report import REPORT_FILES, print_comparison, print_report, report_folder, write_pictures
from train.protocol import STATE_FILE
from train.run.export import averaged_generator, bake_growth, measure_mean_style
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
    force: bool = False  # a report that is there already is replaced


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
    if request.report is not None:
        check_replaces([request.report / name for name in REPORT_FILES], request.force)
    generators = candidates(request.what, request.raw)
    dataset = SpriteDataset.open(request.data)
    expected = next(iter(generators.values())).config.resolution
    if dataset.resolution % expected:
        raise MetricsError(
            f"The data set's images are {dataset.resolution} pixels wide, but this network draws {expected}: "
            "evaluate with a data set of that resolution, or of a multiple of it."
        )
    chosen = held_out(request, dataset, display)
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


def held_out(
    request: Request, dataset: SpriteDataset, display: Console
) -> tuple[str, NDArray[np.bool_]] | None:
    """Which images to measure against alone, bool [N], and what to call them: as asked for, or as trained.

    None, with a word on `display`, where these data have nothing that the training held out.
    """
    if request.holdout == WHOLE:
        return None
    if request.holdout:
        return request.holdout, by_name(dataset, request.holdout)
    share, trained_on = trained_without(request.what)
    if not share:
        return None
    chosen = _held_out_in(dataset, share) if same_species(trained_on, dataset) else None
    if chosen is None:
        why = "these are other data than it was trained on"
    elif (there := chosen.sum()) < FEWEST_IMAGES:
        why = f"only {there} of these images show one"
    elif (others := len(chosen) - there) < FEWEST_IMAGES:
        why = f"only {others} of these images show others"
    else:
        return f"{share:.0%} of the species", chosen
    display.print(
        f"Note: {share:.0%} of the species were held out of training, but {why}: measuring against all "
        f"{len(dataset)} images.",
        highlight=False,
        soft_wrap=True,
    )
    return None


def _held_out_in(dataset: SpriteDataset, share: float) -> NDArray[np.bool_]:
    try:
        return by_share(dataset, share)
    except DataError:  # all of them were
        return np.ones(len(dataset), np.bool_)


def same_species(trained_on: dict[str, Any], dataset: SpriteDataset) -> bool:
    """Whether species of one name are the same ones in the data of a training and in these.

    Names are all that decides what is held out; and anybody's folders may be called "1" or "cats".
    """
    if trained_on.get("sha256") == dataset.index["sha256"]:
        return True
    then, now = trained_on.get("source"), dataset.index["source"]
    if not isinstance(then, dict):
        return True  # old checkpoints do not say
    return then.get("package") == now.get("package") if "package" in then else then == now


def trained_without(what: Path) -> tuple[float, dict[str, Any]]:
    """The share of the species that a run, or the run of a checkpoint, never saw; and of which data."""
    if what.is_dir():
        state = read(what / STATE_FILE)
        return state.config.holdout, state.values.get(stored.DATASET) or {}
    metadata = load(what).metadata
    recipe, dataset = metadata.get("recipe"), metadata.get("dataset")
    share = float(recipe.get("holdout", 0)) if isinstance(recipe, dict) else 0.0
    return share, dataset if isinstance(dataset, dict) else {}


def best_half_life(run: Path, data: Path) -> float:
    """The half-life in kimg of the run's average with the lowest KID, as `eval` finds it."""
    config = read(run / STATE_FILE).config
    _, best = evaluate_all(Request(run, data, BEST_SAMPLES), Console(stderr=True))
    return next(h for h in config.ema_half_lives_kimg if best == stored.ema(h))


def best_of(reports: dict[str, Report]) -> str:
    """The name with the lowest KID, usable ones before others."""
    return min(reports, key=lambda name: (bool(reports[name].problems), reports[name].kid.mean))


def candidates(what: Path, raw: bool = False) -> dict[str, Generator]:
    """The generator of a checkpoint, or the averages of a run (`ema5`, …), as `export` would write them."""
    if not what.is_dir():
        checkpoint = load(what)
        return {checkpoint.id: checkpoint.generator}
    state = read(what / STATE_FILE)
    found = {stored.ema(h): averaged_generator(state, h) for h in state.config.ema_half_lives_kimg}
    if raw:
        found["raw"] = _raw_generator(state, next(iter(found.values())))
    for generator in found.values():
        bake_growth(generator, phase_at(state.config.stages, state.images_seen))
        measure_mean_style(generator)
    return found


def _raw_generator(state: State, like: Generator) -> Generator:
    generator = copy.deepcopy(like)
    restore(state, {stored.GENERATOR: generator}, {})
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
