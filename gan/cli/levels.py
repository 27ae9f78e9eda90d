"""python -m gan levels"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gan.cli.common import open_sampler, progress_bar
from gan.package import SHIPPED

if TYPE_CHECKING:
    from gan.latents import Levels
    from gan.levels import Change, Layers


def levels(
    checkpoint: Annotated[Path, typer.Argument(help="The checkpoint. Default: the shipped one.")] = SHIPPED,
) -> None:
    """Measure what each layer's styles change, and which layers are shape, features and colours.

    Changes nothing: an export measures the same, and the checkpoint keeps what was measured then.
    """
    from gan.latents import Levels
    from gan.levels import markdown_table, measure

    sampler = open_sampler(checkpoint)
    with progress_bar("Mixing", 1):
        measured = measure(sampler.generator)
    typer.echo(f"Checkpoint {sampler.checkpoint_id}, raw pictures.\n")
    typer.echo(markdown_table(by_crossover(measured.changes, sampler.num_layers)))
    fixed = Levels.by_resolution(sampler.config)
    kinds = {
        "used by this checkpoint": sampler.levels,
        "measured now": measured.levels,
        "by resolution": fixed,
    }
    for name, found in kinds.items():
        typer.echo(f"\nLevels {name}:\n")
        typer.echo(markdown_table(by_level(measured.changes, found)))


def by_crossover(changes: dict[Layers, Change], num_layers: int) -> dict[str, Change]:
    """The rows for what comes before each crossover and for what comes after it."""
    befores = {_named(0, k): changes[0, k] for k in range(1, num_layers + 1)}
    return befores | {_named(k, num_layers): changes[k, num_layers] for k in range(1, num_layers)}


def by_level(changes: dict[Layers, Change], levels: Levels) -> dict[str, Change]:
    """The rows for the levels, with their layers."""
    return {
        f"{take}, {_named(part.start, part.stop)}": changes[part.start, part.stop]
        for take, part in levels.by_name()
        if part
    }


def _named(first: int, end: int) -> str:
    return f"layers {first}–{end - 1}" if end - first > 1 else f"layer {first}"
