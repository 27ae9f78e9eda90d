"""python -m train own: from a folder of pictures to a checkpoint, in one command."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gan.cli.common import ForceOption
from gan.cli.program import CommandError, check_number
from gan.files import check_replaces
from gan.package import SHIPPED
from train.cli.export import check_exports_to
from train.cli.export import export as export_command

LEAST_MINUTES, MOST_MINUTES = 0.001, 100_000  # the same as in train.run.launch, without torch


def own(
    pictures: Annotated[Path, typer.Argument(help="A folder of pictures, or a zip of one.")],
    name: Annotated[
        str, typer.Option(help="Of what is made: data/NAME, runs/NAME and checkpoints/NAME.safetensors.")
    ] = "own",
    minutes: Annotated[float, typer.Option(help="How long to train, once the data set is built.")] = 60.0,
    source: Annotated[
        Path, typer.Option("--from", help="The checkpoint to begin with.", show_default="the shipped one")
    ] = SHIPPED,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin with an untrained network instead.")] = False,
    cache: Annotated[Path, typer.Option(help="Where packages and line art are kept.")] = Path("data/cache"),
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes that decode. Default: all cores.")
    ] = None,
    force: ForceOption = False,
) -> None:
    """Train a checkpoint on your own pictures: build the data set, train for --minutes, and export.

    Stop it with Ctrl-C, and go on with the same command. An older checkpoint of this name is replaced with
    --force alone, after as many minutes more.
    """
    check_number("--minutes", minutes, LEAST_MINUTES, MOST_MINUTES)
    if not name.strip(". ") or Path(name).name != name:
        raise CommandError(f"--name is a name such as mine, not {name!r}.")
    if not fresh and not source.is_file():
        raise CommandError(f"There is no checkpoint {source} to begin with: name another by --from.")
    data, run, out = Path("data") / name, Path("runs") / name, Path("checkpoints") / f"{name}.safetensors"
    check_exports_to(out, run, True, force, "--name", None if fresh else source)
    _build(pictures, data, cache, workers or os.cpu_count() or 1)

    from gan.checkpoint import load
    from train.run.changes import Changes
    from train.run.export import choose_half_life
    from train.run.launch import launch
    from train.run.loop import data_of, stored_state

    if stored_state(run) and data_of(run, None).resolve() != data.resolve():
        raise CommandError(f"{run} trains on other data already: choose another --name.")
    # Every picture is there to learn from: a few hundred are too few to keep some apart for measuring.
    if not launch(data, run, Changes(holdout=0), source=None if fresh else source, minutes=minutes):
        raise CommandError(f"Stopped, so {out} was not written: give the same command again to go on.")
    state = stored_state(run)
    assert state is not None  # it has just been written
    # A long average would still be the checkpoint that the run began with.
    before = 0 if fresh else round(load(source).metadata.get("kimg", 0) * 1000)
    ema = choose_half_life(state.config, state.images_seen - before, None)
    export_command(run, out, ema=str(ema), allow_unfinished=True, force=force, data=data)
    typer.echo(f"How good it is, and how much it copied: python -m train eval {out} --data {data}")
    typer.echo(f"To hatch from it: python -m bot checkpoint use {out}")


def _build(pictures: Path, data: Path, cache: Path, workers: int) -> None:
    """The data set and its contact sheet, if they are not there. Raises `DataError` and `FileError`."""
    from train.data.build import build_from_folder
    from train.data.build_options import OWN_OPTIONS
    from train.data.contact_sheet import contact_sheet
    from train.data.dataset import SpriteDataset
    from train.data.progress import build_progress, summary

    sheet = data.with_name(f"{data.name}-sheet.png")
    if not data.exists():
        check_replaces([sheet], False)
    display = Console(stderr=True)
    with build_progress(display) if display.is_terminal else nullcontext() as progress:
        result = build_from_folder(pictures, data, OWN_OPTIONS, workers, progress, cache, replaces=False)
    if result.rebuilt or not sheet.exists():
        contact_sheet(SpriteDataset.open(data), sheet)
    for line in summary(result):
        typer.echo(line)
    typer.echo(f"A contact sheet to look at: {sheet}")
