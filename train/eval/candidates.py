"""A checkpoint, or all averages of a run, measured against a data set on the same latents."""

from __future__ import annotations

import contextlib
import copy
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from gan.checkpoint import load
from gan.files import check_replaces
from gan.generator import Generator
from train import stored_names as stored
from train.data.dataset import SpriteDataset
from train.errors import MetricsError
from train.eval.evaluate import Evaluation, Report, evaluate
from train.eval.held_out import held_out
from train.eval.reference import FeatureExtractor, Progress, build_reference
from train.eval.report import REPORT_FILES, report_folder, write_pictures
from train.protocol import STATE_FILE
from train.run.export import averaged_generator, bake_growth, measure_mean_style
from train.schedule import phase_at
from train.state import State, read, restore

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


def evaluate_all(request: Request, display: Console, progress: Progress) -> tuple[dict[str, Report], str]:
    """The reports by generator, on the same latents, and which has the lowest KID; its pictures if
    asked for. Notes go to `display`.

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
    chosen = held_out(request.what, request.holdout, dataset, display)
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(report_folder(request.report)) if request.report else None
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


def best_half_life(run: Path, data: Path, display: Console, progress: Progress) -> float:
    """The half-life in kimg of the run's average with the lowest KID, as `eval` finds it."""
    config = read(run / STATE_FILE).config
    _, best = evaluate_all(Request(run, data, BEST_SAMPLES), display, progress)
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
