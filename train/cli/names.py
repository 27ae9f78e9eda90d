"""python -m train names"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gan.cli.common import ForceOption
from gan.files import check_replaces


def names(
    out: Annotated[Path, typer.Option(help="The file to write.")] = Path("bot/creature/names.safetensors"),
    cache: Annotated[Path, typer.Option(help="Where packages are kept.")] = Path("data/cache"),
    further: Annotated[
        Path | None,
        typer.Option(
            help="A CSV of species' names, in columns that begin with `name`: those that the packages do not "
            "have are refused from now on. Kept as fingerprints beside the code."
        ),
    ] = None,
    force: ForceOption = False,
) -> None:
    """Build the file of syllables and refusals that the bot names creatures with. Minutes at most, once."""
    check_replaces([out], force)

    from train.names.build import build
    from train.names.refused import write_further
    from train.names.sources import fetch, read_names

    more = [] if further is None else read_names(further)
    sources = fetch(cache)
    if further is not None:
        write_further(more, sources.names)
    size = build(sources, out)
    typer.echo(f"Wrote {out}: {size / 1000:.0f} kB, from the names of {len(sources.species)} species.")
