"""Species that training held out: what a checkpoint or a run is measured against, where there are any."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from gan.checkpoint import load
from train import stored_names as stored
from train.data.dataset import SpriteDataset
from train.data.holdout import by_name, by_share
from train.errors import DataError
from train.eval.reference import FEWEST_IMAGES
from train.protocol import STATE_FILE
from train.state import read

WHOLE = "none"  # instead of species that are held out: measure against the whole data set


def held_out(
    what: Path, wanted: str | None, dataset: SpriteDataset, display: Console
) -> tuple[str, NDArray[np.bool_]] | None:
    """Which images to measure against alone, bool [N], and what to call them: as `wanted`, or as `what` was
    trained.

    None, with a word on `display`, where these data have nothing that the training held out.
    """
    if wanted == WHOLE:
        return None
    if wanted:
        return wanted, by_name(dataset, wanted)
    share, trained_on = trained_without(what)
    if not share:
        return None
    chosen = _held_out_in(dataset, share) if same_species(trained_on, dataset) else None
    if chosen is None:
        why = "these are other data than it was trained on"
    elif (there := chosen.sum()) < FEWEST_IMAGES:
        why = f"only {there} of these images show one"
    elif (others := len(chosen) - there) < FEWEST_IMAGES:
        why = f"only {others} of these images show others"
    else:
        return f"{share:.0%} of the species", chosen
    display.print(
        f"Note: {share:.0%} of the species were held out of training, but {why}: measuring against all "
        f"{len(dataset)} images.",
        highlight=False,
        soft_wrap=True,
    )
    return None


def _held_out_in(dataset: SpriteDataset, share: float) -> NDArray[np.bool_]:
    try:
        return by_share(dataset, share)
    except DataError:  # all of them were
        return np.ones(len(dataset), np.bool_)


def same_species(trained_on: dict[str, Any], dataset: SpriteDataset) -> bool:
    """Whether species of one name are the same ones in the data of a training and in these.

    Names are all that decides what is held out; and anybody's folders may be called "1" or "cats".
    """
    if trained_on.get("sha256") == dataset.index["sha256"]:
        return True
    then, now = trained_on.get("source"), dataset.index["source"]
    if not isinstance(then, dict):
        return True  # old checkpoints do not say
    return then.get("package") == now.get("package") if "package" in then else then == now


def trained_without(what: Path) -> tuple[float, dict[str, Any]]:
    """The share of the species that a run, or the run of a checkpoint, never saw; and of which data."""
    if what.is_dir():
        state = read(what / STATE_FILE)
        return state.config.holdout, state.values.get(stored.DATASET) or {}
    metadata = load(what).metadata
    recipe, dataset = metadata.get("recipe"), metadata.get("dataset")
    share = float(recipe.get("holdout", 0)) if isinstance(recipe, dict) else 0.0
    return share, dataset if isinstance(dataset, dict) else {}
