"""Species that training never sees, to measure with: whether a network learned to draw, or by heart."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from train.data.dataset import SpriteDataset
from train.errors import DataError


def by_name(dataset: SpriteDataset, names: str) -> NDArray[np.bool_]:
    """Which images show one of these species, separated by commas: bool [N].

    Raises `DataError` for a species that the data set does not have.
    """
    known = {str(name) for name in dataset.index["species"]}
    wanted = {name.strip() for name in names.split(",") if name.strip()}
    if unknown := sorted(wanted - known):
        raise DataError(f"The data set has no species {', '.join(unknown)}: name them as index.json does.")
    if not wanted:
        raise DataError("Name at least one species to hold out.")
    return _showing(dataset, wanted)


def by_share(dataset: SpriteDataset, share: float) -> NDArray[np.bool_]:
    """Which images show one of the `share` of all species that are held out: bool [N].

    Which these are hangs on their names alone, so that a species stays held out whatever else a data set has.
    Raises `DataError` if nothing would be left to learn from.
    """
    names = [str(name) for name in dataset.index["species"]]
    chosen = _showing(dataset, {name for name in names if is_held_out(name, share)})
    if chosen.all():
        raise DataError(f"Holding out {share:.0%} of {len(names)} species leaves none to learn from.")
    return chosen


def is_held_out(name: str, share: float) -> bool:
    """Whether a species is among the `share` of all that are held out. Always the same for a name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) / 2**64 < share


def _showing(dataset: SpriteDataset, species: set[str]) -> NDArray[np.bool_]:
    return np.isin(
        dataset.species, [i for i, name in enumerate(dataset.index["species"]) if str(name) in species]
    )
