"""python -m gan mix, and grid: many creatures in one PNG."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gan.cli.common import (
    CREATURES,
    MOST_CREATURES,
    CheckpointOption,
    ClearOption,
    ForceOption,
    PickOption,
    PixelsOption,
    PsiOption,
    ScaleOption,
    check_noise_seed,
    check_psi,
    check_target,
    count,
    creatures,
    open_sampler,
    parse_creatures,
    png_bytes,
    progress_bar,
    stack,
)
from gan.cli.program import CommandError
from gan.config import DEFAULT_PSI
from gan.files import write
from gan.package import SHIPPED

if TYPE_CHECKING:
    from gan.latents import Levels

TAKE = "colours"
COLUMNS = 8
GAP = 4
PictureOption = Annotated[Path, typer.Option("--out", help="The picture, a PNG.")]


def mix(
    rows: Annotated[str, typer.Option(help=f"Parents at the left: {CREATURES}.")],
    columns: Annotated[str, typer.Option(help="Parents above, in the same way.")],
    out: PictureOption,
    take: Annotated[
        str | None,
        typer.Option(help="What comes from above: shape, features, colours, or several.", show_default=TAKE),
    ] = None,
    layers: Annotated[
        str | None, typer.Option(help="Instead of --take, single layers of the network: 0-3,5.")
    ] = None,
    amount: Annotated[float, typer.Option(help="How much of it, 0 to 1.")] = 1.0,
    noise_seed: Annotated[int, typer.Option(help="The noise of all pictures.")] = 0,
    psi: PsiOption = DEFAULT_PSI,
    scale: ScaleOption = 2,
    pick: PickOption = True,
    pixels: PixelsOption = False,
    transparent: ClearOption = False,
    force: ForceOption = False,
    checkpoint: CheckpointOption = SHIPPED,
) -> None:
    """Draw a style-mixing grid: each cell is its row's parent with styles of its column's parent.

    The noise is the same everywhere, so every difference comes from the styles.
    """
    check_psi(psi)
    check_noise_seed(noise_seed)
    if not 0 <= amount <= 1:
        raise CommandError(f"--amount must be a number from 0 to 1, not {amount}.")
    if take is not None and layers is not None:
        raise CommandError("Give --take or --layers, not both.")
    left, above = parse_creatures(rows), parse_creatures(columns)
    _check_count((len(left) + 1) * (len(above) + 1))

    from gan.pictures.mixing_grid import mixing_grid
    from gan.pictures.sheet import CLEAR, WHITE, side, table

    sampler = open_sampler(checkpoint)
    chosen = _chosen_layers(take, layers, sampler.levels)
    for cells_long in (len(left) + 1, len(above) + 1):
        side(cells_long, sampler.resolution, scale, GAP)
    row_parents, column_parents = creatures(sampler, left, psi, pick), creatures(sampler, above, psi, pick)
    check_target(out, ".png", force=force)
    cells = mixing_grid(sampler, stack(row_parents), stack(column_parents), chosen, amount, noise_seed)
    shown = [
        [None if cell is None else sampler.shown(cell[None], scale, pixels)[0] for cell in row]
        for row in cells
    ]
    write(out, png_bytes(table(shown, 1, GAP, CLEAR if transparent else WHITE, margin=True)))
    typer.echo(f"Wrote {len(left)} × {len(above)} mixtures of layers {chosen} to {out}.")


def grid(
    seeds: Annotated[str, typer.Option(help=f"What to draw: {CREATURES}.")],
    out: PictureOption,
    psi: Annotated[
        str, typer.Option(help="Truncation ψ, 0 to 2. Several, as 0,0.5,1, give a row for each creature.")
    ] = str(DEFAULT_PSI),
    columns: Annotated[
        int | None, typer.Option(min=1, help="How many side by side.", show_default=str(COLUMNS))
    ] = None,
    scale: ScaleOption = 2,
    noise_seed: Annotated[
        int | None, typer.Option(help="The noise of all pictures, instead of each one's own.")
    ] = None,
    pick: PickOption = True,
    pixels: PixelsOption = False,
    transparent: ClearOption = False,
    force: ForceOption = False,
    checkpoint: CheckpointOption = SHIPPED,
) -> None:
    """Draw a contact sheet; with several ψ, a row for each creature and a column for each ψ."""
    values = _parse_psi(psi)
    check_noise_seed(noise_seed)
    sources = parse_creatures(seeds)
    if len(values) > 1 and columns is not None:
        raise CommandError("With several ψ each has its own column: leave --columns out.")
    if len(values) > 1 and any(isinstance(source, Path) for _, source in sources):
        raise CommandError("ψ belongs to seeds: draw style files with a single one.")
    _check_count(len(sources) * len(values))

    from gan.pictures.sheet import CLEAR, WHITE, in_rows, side, table

    wide = len(values) if len(values) > 1 else min(columns or COLUMNS, len(sources))
    sampler = open_sampler(checkpoint)
    for cells_long in (wide, -(-len(sources) * len(values) // wide)):
        side(cells_long, sampler.resolution, scale, GAP)
    found = [creatures(sampler, sources, value, pick) for value in values]
    cells = [creature for same in zip(*found, strict=True) for creature in same]  # rows of ψ
    check_target(out, ".png", force=force)
    with progress_bar("Drawing", 1):
        noise = [cell.noise_seed if noise_seed is None else noise_seed for cell in cells]
        sprites = sampler.render(stack(cells), noise)
    # The default font has no Greek.
    names = (
        ([name for name, _ in sources], [f"psi {value:g}" for value in values])
        if len(values) > 1
        else ((), ())
    )
    ground = CLEAR if transparent else WHITE
    shown = in_rows(sampler.shown(sprites, scale, pixels), wide)
    write(out, png_bytes(table(shown, 1, GAP, ground, *names)))
    typer.echo(f"Wrote {count(len(sprites), 'picture')} to {out} with checkpoint {sampler.checkpoint_id}.")


def _parse_psi(text: str) -> list[float]:
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError as error:
        raise CommandError(
            f"--psi must be a number from 0 to 2, or several like 0,0.5,1, not {text!r}."
        ) from error
    return list(dict.fromkeys(check_psi(value) for value in values))


def _chosen_layers(take: str | None, layers: str | None, levels: Levels) -> list[int]:
    from gan.latents import layers_of, parse_layers, parse_take

    if layers is not None:
        return parse_layers(layers, levels.num_layers)
    return layers_of(parse_take(TAKE if take is None else take), levels)


def _check_count(number: int) -> None:
    if number > MOST_CREATURES:
        raise CommandError(f"{number} creatures in one picture are too many: {MOST_CREATURES} are the most.")
