"""python -m train traits"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gan.cli.common import ForceOption
from gan.cli.program import CommandError
from gan.files import check_replaces
from train.cli.options import DEFAULT_DATA
from train.cli.progress import one_bar

READER = Path("checkpoints/reader.safetensors")


def traits(
    checkpoint: Annotated[
        Path | None,
        typer.Argument(help="Give this checkpoint heads, into NAME.traits.safetensors beside it."),
    ] = None,
    reader: Annotated[Path, typer.Option(help="The file of the reader.")] = READER,
    data: Annotated[Path, typer.Option("--data", help="The built data set that it learns from.")] = (
        DEFAULT_DATA
    ),
    report: Annotated[
        Path | None, typer.Option(help="Also write what was measured of the reader, as Markdown.")
    ] = None,
    creatures: Annotated[
        int, typer.Option(min=100, help="How many creatures are drawn for the heads.")
    ] = 22_000,
    force: ForceOption = False,
) -> None:
    """Learn to read types, colour, shape, size, stats and stage from labelled sprites; or, with a checkpoint,
    distil what was learned into heads on its W+, which travel with it and leave its id as it is.
    """
    if checkpoint is None:
        check_replaces([reader] if report is None else [reader, report], force)
        _learn(reader, data, report)
    elif report is not None:
        raise CommandError("--report belongs to learning the reader: leave the checkpoint or --report out.")
    else:
        _give_heads(checkpoint, reader, creatures, force)


def _learn(out: Path, data: Path, report: Path | None) -> None:
    from gan.files import write
    from train.data.dataset import SpriteDataset
    from train.traits.learn import learn
    from train.traits.reader import save
    from train.traits.report import accuracy_table

    dataset = SpriteDataset.open(data)
    with one_bar() as tell:
        learned = learn(dataset, tell)
    out.parent.mkdir(parents=True, exist_ok=True)
    save(learned.reader, out)
    if report is not None:
        write(report, learned.page().encode())
    typer.echo(accuracy_table(learned.figures))
    typer.echo(f"\nWrote {out}: {out.stat().st_size / 1e6:.1f} MB.")


def _give_heads(checkpoint: Path, reader: Path, creatures: int, force: bool) -> None:
    from gan.checkpoint import load
    from gan.sections import TRAITS, path_beside, write_beside
    from train.traits.learn import heads_for
    from train.traits.reader import read
    from train.traits.report import agreement_table

    loaded = load(checkpoint)
    if TRAITS in loaded.own_sections:
        raise CommandError(f"{checkpoint} holds its traits itself, and its id depends on them: leave it.")
    check_replaces([path_beside(checkpoint, TRAITS)], force, option="checkpoint")
    known = read(reader)
    with one_bar() as tell:
        section = heads_for(loaded, known, creatures, tell)
    written = write_beside(checkpoint, loaded.id, section)
    typer.echo("Heads and reader agree, on creatures that the heads did not see:\n")
    typer.echo(agreement_table(section.metadata["agreement"]))
    typer.echo(f"\nWrote {written}: {written.stat().st_size / 1e6:.1f} MB, for checkpoint {loaded.id}.")
