"""Which pictures the reader learns from, what is true of them, and folds that keep families together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan.traits import NUMBERS, STATS
from train.data.dataset import SpriteDataset
from train.data.labels import Label
from train.errors import DataError

Floats = NDArray[np.floating[Any]]
Numbers = NDArray[np.int64]

PER_SPECIES = 4  # pictures: more of one animation say hardly more
LEAST_SPECIES = 20
FOLDS = 5
TRUE_COLOURS = (None, "normal", "female")  # variants; a shiny's colours are not its species'
LEAST_KG = 0.1


@dataclass(frozen=True)
class Vocabulary:
    """The values that types, colours and shapes have, in the order of the outputs that stand for them."""

    types: tuple[str, ...]
    colours: tuple[str, ...]
    shapes: tuple[str, ...]

    def groups(self) -> dict[str, slice]:
        """The columns of the targets, by what they are about: types, colour, shape, and each number."""
        ends = np.cumsum([0, len(self.types), len(self.colours), len(self.shapes)]).tolist()
        found = {name: slice(ends[i], ends[i + 1]) for i, name in enumerate(("types", "colour", "shape"))}
        return found | {name: slice(ends[3] + i, ends[3] + i + 1) for i, name in enumerate(NUMBERS)}


@dataclass(frozen=True, eq=False)
class Examples:
    """Labelled pictures. N pictures of S species."""

    images: Numbers  # [N], their numbers in the data set
    species: Numbers  # [N], 0 … S − 1
    names: tuple[str, ...]  # [S]
    families: Numbers  # [N]
    targets: Floats  # [N, T]: 0 or 1 for types, colours and shapes; then the numbers
    vocabulary: Vocabulary

    @property
    def weights(self) -> Floats:
        """float32 [N]: each species weighs 1, however many pictures it has."""
        return (1 / np.bincount(self.species)[self.species]).astype(np.float32)

    def subset(self, chosen: NDArray[np.bool_]) -> Examples:
        """Only some of the pictures [N], and their species."""
        kept, species = np.unique(self.species[chosen], return_inverse=True)
        return Examples(
            self.images[chosen],
            species,
            tuple(self.names[i] for i in kept),
            self.families[chosen],
            self.targets[chosen],
            self.vocabulary,
        )

    def of(self, group: str) -> Floats:
        """The targets of one group, [N, …]."""
        return self.targets[:, self.vocabulary.groups()[group]]


def examples(dataset: SpriteDataset, per_species: int = PER_SPECIES) -> Examples:
    """Up to `per_species` pictures of each species in its own colours, spread over those that there are.

    Raises `DataError` for a data set without labels, or with too few species.
    """
    files = dataset.index["files"]
    usable: dict[int, list[int]] = {}
    labels: dict[int, Label] = {}
    for i, file in enumerate(dataset.index["images"]["file"]):
        label = dataset.label(i)
        if label is None or label.shape is None or label.family is None:
            continue
        if files[file].get("variant") in TRUE_COLOURS:
            labels[i] = label
            usable.setdefault(int(dataset.species[i]), []).append(i)
    if len(usable) < LEAST_SPECIES:
        raise DataError(
            f"{dataset.path} has labels of {len(usable)} species, too few to learn traits from: build the "
            "data set of the sprite package with `python -m train data`."
        )
    images, species = [], []
    for number, of_species in enumerate(usable.values()):
        places = np.linspace(0, len(of_species) - 1, min(per_species, len(of_species))).round().astype(int)
        images += [of_species[place] for place in places]
        species += [number] * len(places)
    chosen = [labels[i] for i in images]
    vocabulary = Vocabulary(
        tuple(sorted({kind for label in chosen for kind in label.types})),
        tuple(sorted({label.colour for label in chosen})),
        tuple(sorted({str(label.shape) for label in chosen})),
    )
    return Examples(
        np.array(images),
        np.array(species),
        tuple(dataset.species_name(of_species[0]) for of_species in usable.values()),
        np.array([label.family for label in chosen]),
        np.stack([_target(label, vocabulary) for label in chosen]),
        vocabulary,
    )


def _target(label: Label, vocabulary: Vocabulary) -> Floats:
    known = (
        [kind in label.types for kind in vocabulary.types],
        [colour == label.colour for colour in vocabulary.colours],
        [shape == label.shape for shape in vocabulary.shapes],
    )
    stats = [label.stats[name] for name in STATS]
    logs = [np.log(label.height_m), np.log(max(label.weight_kg, LEAST_KG))]
    return np.concatenate([*known, logs, [label.stage, sum(stats)], stats]).astype(np.float32)


def folds(families: Numbers, seed: int, count: int = FOLDS) -> Numbers:
    """int64 [N]: the fold of each picture, 0 … count − 1.

    All of a family are in one, so that nothing is known of a species from what it evolves from or into.
    """
    names, place = np.unique(families, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(names))
    return (order % count)[place]
