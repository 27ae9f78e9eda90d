"""python -m train scorer"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gan.cli.common import CheckpointOption, ForceOption
from gan.cli.program import CommandError
from gan.files import check_replaces
from gan.package import SHIPPED
from train.cli.progress import one_bar


def scorer(
    checkpoint: CheckpointOption = SHIPPED,
    grades: Annotated[
        Path | None,
        typer.Option(help="Seeds and grades. Default: train/traits/grades/ID.csv of the checkpoint."),
    ] = None,
    samples: Annotated[
        int, typer.Option(min=1000, max=1_000_000, help="How many creatures the scores are distilled on.")
    ] = 30_000,
    candidates: Annotated[int, typer.Option(min=1, max=16, help="Of how many a hatch takes the best.")] = 6,
    steps: Annotated[int, typer.Option(min=10, max=10_000_000, help="Of learning the scores from w.")] = 4000,
    cache: Annotated[Path, typer.Option(help="Where drawn creatures are kept.")] = Path("data/cache/scorer"),
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Decides all randomness.")] = 0,
    force: ForceOption = False,
) -> None:
    """Learn from graded creatures which of a seed's candidates to hatch; written beside the checkpoint."""
    from gan.checkpoint import load
    from gan.pretrained.efficientnet import available
    from gan.sections import SCORER, path_beside, write_beside
    from train.traits.grades import FOLDER, read_grades
    from train.traits.scorer import learn

    loaded = load(checkpoint)
    check_replaces([path_beside(checkpoint, SCORER)], force)
    if not available("lite0"):
        raise CommandError("The scorer looks through a pretrained network: run `make retrain-ready` first.")
    if SCORER in loaded.own_sections:
        raise CommandError(f"{checkpoint} holds a scorer already, which belongs to its id.")
    given = read_grades(grades or FOLDER / f"{loaded.id}.csv")
    with one_bar() as progress:
        learned = learn(loaded, given, cache, samples, candidates, steps, seed, progress)
    path = write_beside(checkpoint, loaded.id, learned.section)
    typer.echo(
        f"Wrote {path}: scores of pictures and grades correlate at {learned.graded:.2f} on creatures that "
        f"were not learned from, and what w tells of the scores at {learned.distilled:.2f}."
    )
