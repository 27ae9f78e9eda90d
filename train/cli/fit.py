"""python -m train fit"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from gan.cli.common import ForceOption
from gan.cli.program import CommandError
from gan.config import Style
from gan.files import named
from train.cli.export import check_exports_to
from train.cli.export import export as export_command
from train.cli.options import Data, Run
from train.recipe import Loss, Precision, TrainConfig


def fit(
    data: Data = None,
    run: Run = Path("runs/default"),
    stages: Annotated[str | None, typer.Option(help="RESOLUTION:KIMG[:BATCH],… from low to high.")] = None,
    until: Annotated[float | None, typer.Option(help="Stop after so many kimg in all.")] = None,
    minutes: Annotated[
        float | None,
        typer.Option(help="Stop after so many minutes; in their last third the learning rate falls."),
    ] = None,
    export_to: Annotated[
        Path | None, typer.Option("--export", help="At its end, write the run as this checkpoint.")
    ] = None,
    source: Annotated[
        Path | None, typer.Option("--from", help="A new run starts with this checkpoint's networks.")
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(help="Images a step, over all processes, in all stages that are not given their own."),
    ] = None,
    lr: Annotated[float | None, typer.Option(help="Learning rate of both networks before it falls.")] = None,
    loss: Annotated[Loss | None, typer.Option(help="The adversarial loss and its penalties.")] = None,
    seed: Annotated[int | None, typer.Option(help="Decides all randomness of a new run.")] = None,
    pretrained: Annotated[
        bool | None,
        typer.Option(
            "--pretrained/--no-pretrained",
            "--eyes/--no-eyes",
            help="A second discriminator, which looks through a pretrained network.",
        ),
    ] = None,
    style: Annotated[Style | None, typer.Option(help="How w enters a layer, in a new run.")] = None,
    mapping_layers: Annotated[
        int | None, typer.Option(help="Depth of the mapping network, in a new run.")
    ] = None,
    article: Annotated[
        bool,
        typer.Option(
            "--article", help="The article's own form: AdaIN, 8 mapping layers, noise at every layer."
        ),
    ] = False,
    noise_from: Annotated[
        str | None, typer.Option(help="Smallest resolution whose layers get noise: 4, 8, …; or `none`.")
    ] = None,
    widths: Annotated[
        str | None,
        typer.Option(help="The generator's channels at 4×4, 8×8, …; with --from: those or more."),
    ] = None,
    grow: Annotated[
        int | None, typer.Option(help="With --from: add a level for so many pixels, twice the checkpoint's.")
    ] = None,
    hold_kimg: Annotated[
        float | None,
        typer.Option(help="How long the trained levels hold still while the last stage's learns."),
    ] = None,
    augment: Annotated[
        float | None, typer.Option(help="A fixed probability of augmentation. Default: it adapts.")
    ] = None,
    holdout: Annotated[
        float | None, typer.Option(help="Share of the species that a new run never sees, for `eval`.")
    ] = None,
    precision: Annotated[Precision, typer.Option(help="The number format of convolutions.")] = "auto",
    processes: Annotated[
        int, typer.Option(min=0, help="Processes that share the work; 0: one a core, or a GPU.")
    ] = 1,
    kid: Annotated[float | None, typer.Option(help="Measure KID every so many kimg. Takes a while.")] = None,
    update_recipe: Annotated[
        bool, typer.Option("--update-recipe", help="Resume with today's defaults, not the run's own recipe.")
    ] = False,
    force: ForceOption = False,
) -> None:
    """Train progressively. Stop and start as you like: a run goes on exactly where it was.

    A run keeps its recipe when it resumes; options given again change it from there on. On several
    machines: torchrun … -m -- train fit …
    """
    from train.run.changes import Changes, parse_noise_from, parse_widths
    from train.run.continuation import read_continuation
    from train.run.launch import launch
    from train.run.loop import data_of, stored_state
    from train.run.processes import LAUNCHED, RANK, as_many_as_useful, check_devices, run_in_processes

    if export_to is not None:
        export_to = named(export_to)
        check_exports_to(export_to, run, True, force, "--export", source)
    channels = None if widths is None else parse_widths(widths)
    changes = Changes(
        stages=stages,
        batch_size=batch_size,
        lr=lr,
        loss=loss,
        seed=seed,
        pretrained=pretrained,
        style=style,
        mapping_layers=mapping_layers,
        article=article,
        noise_from=None if noise_from is None else parse_noise_from(noise_from),
        widths=channels,
        grow=grow,
        hold_kimg=hold_kimg,
        augment=augment,
        holdout=holdout,
        update_recipe=update_recipe,
    )
    if not processes:
        begun = stored_state(run)
        state = begun or (read_continuation(source) if source else None)
        recipe = state.config if state else TrainConfig()
        processes = as_many_as_useful(batch_size or recipe.batch_size)
    check_devices(processes)
    if processes > 1 and LAUNCHED not in os.environ:
        if status := run_in_processes(processes, ["-m", "train", *sys.argv[1:]]):
            raise typer.Exit(1 if status < 0 else status)
        return
    finished = launch(data_of(run, data), run, changes, precision, until, source, kid, minutes=minutes)
    if export_to is not None and int(os.environ.get(RANK, "0")) == 0:
        if not finished:
            raise CommandError(
                f"{run} was stopped before its end, so {export_to} was not written: give the same command "
                "again, or write it by `export`."
            )
        export_command(run, export_to, allow_unfinished=True, force=force, data=data)
