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
    force: ForceOption = False,
) -> None:
    """Build the file of syllables and refusals that the bot names creatures with. Minutes at most, once."""
    check_replaces([out], force)

    from train.names.build import build
    from train.names.sources import fetch

    sources = fetch(cache)
    size = build(sources, out)
    typer.echo(f"Wrote {out}: {size / 1000:.0f} kB, from the names of {len(sources.species)} species.")
