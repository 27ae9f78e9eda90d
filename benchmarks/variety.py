"""How various the creatures of a young run are: python -m benchmarks.variety

A recipe that settles on one body does so at 8×8 already, long before any figure of quality would say so.
Each variant of `benchmarks.recipes` trains from nothing up to there, for the same number of images, and its
samples' silhouettes and colours are compared in pairs (`benchmarks.measured.variety`).

Prints a table, mean and range over the seeds; runs that are done are not trained again.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from benchmarks.measured import header, row, variety
from benchmarks.recipes import shorter_average, small_recipe
from benchmarks.variants import VARIANTS, shown_to
from train.data.dataset import SpriteDataset
from train.run.loop import fit, tune_memory
from train.step.trainer import Trainer

IMAGES = 30_000  # 10 thousand at 4×4, the rest at 8×8
DEFAULT = ("baseline", "fakes not clamped", "8 mapping layers", "lr 0.002 that falls", "the recipe of before")

app = typer.Typer(add_completion=False)


@dataclass(frozen=True)
class Variety:
    """What `benchmarks.measured.variety` says of a run, and who was winning."""

    silhouettes: float
    colours: float
    lead: float  # how surely the discriminator told the last images (`losses.lead`)


@app.command()
def main(
    only: Annotated[list[str] | None, typer.Option(help="These variants; default: a few.")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Runs of each.")] = 3,
    data: Annotated[Path, typer.Option(help="The data set.")] = Path("data/dataset"),
    out: Annotated[Path, typer.Option(help="Where everything goes.")] = Path("runs/variety"),
) -> None:
    """Train the variants that have not been trained, and print how various each is."""
    names = only or list(DEFAULT)
    if unknown := set(names) - set(VARIANTS):
        raise typer.BadParameter(f"no variant {', '.join(sorted(unknown))}; there are {', '.join(VARIANTS)}")
    tune_memory()
    dataset = SpriteDataset.open(data)
    typer.echo(header("variant", "silhouettes", "colours", "lead"))
    for name in names:
        runs = [trained(name, seed, dataset, out / f"{name} {seed}") for seed in range(seeds)]
        typer.echo(row(name, *(spread([asdict(run)[f] for run in runs]) for f in asdict(runs[0]))))


def trained(name: str, seed: int, dataset: SpriteDataset, folder: Path) -> Variety:
    """The variety of one run, which is trained if it has not been."""
    result = folder / "variety.json"
    if not result.exists():
        shutil.rmtree(folder, ignore_errors=True)
        trainer = Trainer(VARIANTS[name](small_recipe(seed)), shown_to(name, dataset))
        if not fit(trainer, folder, Console(quiet=True), until_images=IMAGES):
            raise typer.Exit(130)  # Ctrl-C: a shorter run would be measured as if it were whole
        silhouettes, colours = variety(shorter_average(folder), dataset, trainer.phase.resolution)
        last = (folder / "stats.jsonl").read_text().splitlines()[-1]
        figures = Variety(silhouettes, colours, json.loads(last)["lead"])
        result.write_text(json.dumps(asdict(figures)))
    return Variety(**json.loads(result.read_text()))


def spread(values: list[float]) -> str:
    """Mean, and smallest and largest."""
    return f"{np.mean(values):.2f} ({min(values):.2f} to {max(values):.2f})"


if __name__ == "__main__":
    app()
