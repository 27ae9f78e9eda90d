"""python -m gan sample"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from gan.cli import CommandError, UserErrors, run

if TYPE_CHECKING:
    from gan.sampler import Sampler
    from gan.sprite import Pixels

# Commands import torch and what needs it themselves: help and refusals come at once without it.

SHIPPED = Path(__file__).resolve().parent.parent / "checkpoints" / "newmon.safetensors"
PSI_MAX = 2.0
BATCH = 64  # seeds rendered between two updates of the progress bar

app = typer.Typer(help="Draw creatures with a trained generator.", no_args_is_help=True, add_completion=False)


@app.callback()
def main() -> None:
    """Draw creatures with a trained generator."""


@app.command()
def sample(
    seeds: Annotated[str, typer.Option(help="Numbers, ranges and words: 0-15 or 3,7,20-22 or Ash,Misty.")],
    out: Annotated[Path, typer.Option(help="The folder for the pictures.")],
    psi: Annotated[float, typer.Option(help="Truncation ψ, 0 to 2: lower is tamer, higher is wilder.")] = 0.8,
    checkpoint: Annotated[Path, typer.Option(help="The checkpoint to draw with.")] = SHIPPED,
) -> None:
    """Write one RGBA PNG for each seed: seed0000.png and so on. A seed always gives the same bytes."""
    from gan.latents import parse_seeds

    if not 0 <= psi <= PSI_MAX:  # false for NaN too
        raise CommandError(f"ψ must be a number from 0 to {PSI_MAX:g}, not {psi}.")
    numbers = list(dict.fromkeys(parse_seeds(seeds)))

    from gan.checkpoint import load
    from gan.sampler import Sampler
    from gan.sprite import to_png

    sampler = Sampler(load(checkpoint))
    make_folder(out)
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Drawing", total=len(numbers))
        for seed, sprite in draw(sampler, numbers, psi):
            write(out / f"seed{seed:04d}.png", to_png(sprite))
            progress.advance(task)
    typer.echo(f"Wrote {len(numbers)} pictures to {out} with checkpoint {sampler.checkpoint_id}.")


def draw(sampler: Sampler, seeds: Sequence[int], psi: float) -> Iterator[tuple[int, Pixels]]:
    """Each seed and its sprite uint8 [H, W, 4], in order."""
    for start in range(0, len(seeds), BATCH):
        batch = seeds[start : start + BATCH]
        yield from zip(batch, sampler.render(sampler.w_from_seeds(batch, psi), batch), strict=True)


def make_folder(path: Path) -> None:
    """Raises `CommandError` if `path` is no folder and cannot be made one."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise CommandError(f"{path} is not a folder: choose another --out.") from error
    except OSError as error:
        raise CommandError(f"The folder {path} cannot be made: {error.strerror or error}.") from error


def write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all. Raises `CommandError`."""
    part = path.with_name(path.name + ".part")
    try:
        try:
            part.write_bytes(data)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror or error}.") from error


def user_errors() -> UserErrors:
    """The errors of the model whose text is a sentence for users."""
    from gan.checkpoint import CheckpointError
    from gan.config import ConfigError
    from gan.latents import SeedError

    return CheckpointError, ConfigError, SeedError


if __name__ == "__main__":
    run(app, user_errors)
