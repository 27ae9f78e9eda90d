"""python -m train export"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gan.cli.common import ForceOption
from gan.cli.program import CommandError
from gan.files import check_replaces, named
from train.cli.options import Data


def export(
    run: Annotated[Path, typer.Argument(help="The folder of the run.")],
    out: Annotated[
        Path | None,
        typer.Option(help="The checkpoint to write.", show_default="checkpoints/RUN.safetensors"),
    ] = None,
    ema: Annotated[
        str | None,
        typer.Option(
            help="Half-life in kimg, or `best`: the one with the lowest KID by eval, which takes minutes. "
            "Default: the longest not above a tenth of what was shown."
        ),
    ] = None,
    allow_unfinished: Annotated[
        bool, typer.Option("--allow-unfinished", help="Even if the run is below its network's resolution.")
    ] = False,
    trainable: Annotated[
        bool, typer.Option(help="Also write OUT's networks for `fit --from`, as OUT.training.safetensors.")
    ] = True,
    enlarger: Annotated[
        Path | None,
        typer.Option(
            help="What makes its pictures line art: a file of `enlarger`, or a checkpoint that has one.",
            show_default="the shipped checkpoint's",
        ),
    ] = None,
    finish: Annotated[
        bool | None,
        typer.Option(
            "--finish/--no-finish",
            help="Instead of it hard edges, few colours and no stray pixels; or neither.",
        ),
    ] = None,
    colours: Annotated[
        int, typer.Option(min=2, max=256, help="The most colours of a finished picture.")
    ] = 16,
    traits: Annotated[
        bool,
        typer.Option(
            "--traits/--no-traits",
            help="Also let it learn to say what its creatures are, from what the reader sees.",
        ),
    ] = True,
    creatures: Annotated[
        int | None,
        typer.Option(min=100, help="How many creatures are drawn and read for that.", show_default="10000"),
    ] = None,
    force: ForceOption = False,
    data: Data = None,
) -> None:
    """Write the run's averaged generator as a checkpoint that `python -m gan` and the bot load."""
    from gan.package import SHIPPED
    from gan.pictures.finish import Finish
    from train.data.dataset import SpriteDataset
    from train.enlarger import read as read_enlarger
    from train.errors import DataError
    from train.run.export import export as export_run
    from train.run.loop import data_of

    out = named(out) if out else Path("checkpoints") / f"{named(run).name}.safetensors"
    if finish and enlarger:
        raise CommandError("--finish makes pixel art, and --enlarger line art: choose one of them.")
    check_exports_to(out, run, trainable, force)
    data = data_of(run, data)
    try:
        index = SpriteDataset.open(data).index
        dataset = {key: index[key] for key in ("sha256", "count", "source")}
    except DataError:
        dataset = None  # it only documents runs whose state does not name their data
    if ema == "best":
        from train.cli.eval import bars
        from train.eval.candidates import best_half_life

        display = Console(stderr=True)
        with bars(display) as progress:
            half_life: float | None = best_half_life(run, data, display, progress)
    else:
        try:
            half_life = None if ema is None else float(ema)
        except ValueError:
            raise CommandError(f"--ema is a half-life in kimg or `best`, not {ema!r}.") from None
    large = read_enlarger(enlarger or SHIPPED) if enlarger or finish is None else None
    touch = Finish(colours=colours) if finish or (finish is None and large is None) else None
    done = export_run(run, out, half_life, allow_unfinished, dataset, trainable, touch, large)
    identity, told = _with_traits(out, creatures) if traits else (None, None)
    typer.echo(
        f"Wrote {out}: checkpoint {identity or done.id}, {done.kimg:.1f} kimg, "
        f"EMA of {done.ema_half_life_kimg:g} kimg."
    )
    if told:
        typer.echo(told)
    if done.phase.alpha < 1:
        typer.echo(f"Its {done.phase.resolution}-pixel level was still fading in ({done.phase.alpha:.0%}).")


def _with_traits(out: Path, creatures: int | None) -> tuple[str | None, str]:
    """Give the checkpoint heads; returns its new id, if it got any, and a sentence about them."""
    from train.cli.progress import one_bar
    from train.errors import DataError
    from train.traits.at_export import give_traits

    try:
        with one_bar() as tell:
            given = give_traits(out, creatures=creatures, on_progress=tell)
    except DataError as error:
        return None, f"It says nothing of its creatures' traits. {error}"
    return given.checkpoint_id, (
        f"It says what its creatures are: with the reader of pictures it agrees on the first type in "
        f"{given.agreement['first_type']:.0%}, and on the height by {given.agreement['log_height_m']:.2f}."
    )


def check_exports_to(
    out: Path,
    run: Path,
    trainable: bool,
    force: bool,
    option: str = "--out",
    source: Path | None = None,  # the checkpoint that the run begins with
) -> None:
    """Raises `CommandError` or `FileError` where a checkpoint of a run cannot or must not be written."""
    from train.protocol import STATE_FILE
    from train.run.continuation import continuation_path

    if out.suffix != ".safetensors":
        raise CommandError(f"{option} must be a file that ends in .safetensors, not {out}.")
    targets = [out, continuation_path(out)] if trainable else [out]
    read = [run / STATE_FILE] if source is None else [run / STATE_FILE, source, continuation_path(source)]
    check_replaces(targets, force, read, option)
