"""From the options of `python -m train fit` to a run under way."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from gan.checkpoint import load
from gan.cli.program import CommandError, check_number
from train.data.dataset import SpriteDataset
from train.recipe import Precision, TrainConfig
from train.run.changes import Changes, changed_recipe, with_new_level
from train.run.continuation import check_keeps_shape, read_continuation, with_noise_as_in
from train.run.kid_tracker import SAMPLES, KidTracker
from train.run.loop import OnStep, check_resumes, fit, stored_state, tune_memory
from train.run.time_box import TimeBox
from train.run.widen import widened
from train.schedule import MOST_KIMG, total_images
from train.state import State
from train.step.precision import choose
from train.step.process_group import ProcessGroup
from train.step.trainer import Trainer

LEAST_KIMG = 0.001  # one image
LEAST_MINUTES, MOST_MINUTES = 0.001, 100_000


def launch(
    data: Path,
    run: Path,
    changes: Changes,
    precision: Precision = "auto",
    until_kimg: float | None = None,
    source: Path | None = None,
    kid_kimg: float | None = None,
    kid_samples: int = SAMPLES,
    tick_images: int | None = None,
    on_step: OnStep | None = None,
    minutes: float | None = None,
) -> bool:
    """Start a run, from scratch or from the networks of a checkpoint, or go on with one.

    Returns whether it got to its end, as `fit` does. `kid_kimg` is how often KID is measured. Raises
    `CommandError` and what `Trainer` and `fit` raise.
    """
    _check_numbers(until_kimg, kid_kimg, minutes, changes.hold_kimg)
    box = None if minutes is None else TimeBox(minutes)
    tune_memory()
    compute = choose(precision)
    group = ProcessGroup.join(compute.device)
    console = Console(quiet=not group.is_main)
    config, start = chosen(run, changes, source, console)
    until = None if until_kimg is None else round(until_kimg * 1000)
    if until is None and box is None:
        until = total_images(config.stages)
    if start and until is not None and start.images_seen >= until:
        seen, end = start.images_seen / 1000, until / 1000
        raise CommandError(
            f"{source} has seen {seen:,.0f} kimg, and this run would end at {end:,.0f}: "
            f"give it more, for example --until {seen + 500:.0f}."
        )
    trainer = Trainer(config, SpriteDataset.open(data), compute, group)
    console.print(config)
    processes = f" × {group.size} processes" if group.size > 1 else ""
    console.print(f"{compute}{processes}; {len(trainer.dataset)} images", highlight=False)
    kid_tracker = None
    if kid_kimg is not None and group.is_main:
        kid_tracker = KidTracker(trainer.dataset, kid_kimg, lambda *_: None, kid_samples)
    try:
        finished = fit(trainer, run, console, until, start, kid_tracker, tick_images, on_step, box)
    finally:
        group.leave()
    complete = "The schedule is" if until_kimg is None else f"{until_kimg:g} kimg are"
    if minutes is not None and until_kimg is None:
        complete = f"{minutes:g} minutes are"
    console.print(f"{complete} complete." if finished else f"Saved. The same command resumes {run}.")
    return finished


def chosen(
    run: Path, changes: Changes, source: Path | None, console: Console
) -> tuple[TrainConfig, State | None]:
    """The recipe of a run, with what it starts from if it is a new one that begins with a checkpoint.

    Raises `CommandError`, and `StateError` for a run that cannot resume like that.
    """
    start = None
    begun = stored_state(run)
    stored = begun and begun.config
    if source is not None and begun is not None:
        if begun.began_with is None or load(source).id != begun.began_with:
            raise CommandError(
                f"{run} has begun already, and its state does not name {source}: leave --from out, or choose "
                "another --run."
            )
    elif source is not None:
        start = read_continuation(source)
        if changes.holdout is not None and changes.holdout > start.config.holdout:
            console.print(f"Note: {source} has seen some of the species that this run holds out.")
    start = with_new_level(stored, start, changes)
    config = changed_recipe(stored, start, changes, console)
    if start:
        check_keeps_shape(start.config.network, config.network)
        start = widened(with_noise_as_in(start, config.network), config.network)
    if stored:
        check_resumes(run, stored, config)
    return config, start


def _check_numbers(
    until_kimg: float | None, kid_kimg: float | None, minutes: float | None, hold_kimg: float | None
) -> None:
    if until_kimg is not None:
        check_number("--until", until_kimg, LEAST_KIMG, MOST_KIMG)
    if kid_kimg is not None:
        check_number("--kid", kid_kimg, LEAST_KIMG, MOST_KIMG)
    if minutes is not None:
        check_number("--minutes", minutes, LEAST_MINUTES, MOST_MINUTES)
    if hold_kimg is not None:
        check_number("--hold-kimg", hold_kimg, 0, MOST_KIMG)
