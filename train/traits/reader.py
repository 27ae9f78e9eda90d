"""The reader: from a picture's features to types, colour, shape, numbers and a place among the species.

Ridge regression, with the blocks' shares and the ridge chosen for each trait on inner folds, and calibrated
on the same. It is stored as one matrix of weights.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes

from gan.files import write
from gan.traits import CHOICES, Calibration, Layout
from train.errors import DataError
from train.traits import features as picture_features
from train.traits.calibrate import calibrate
from train.traits.examples import Examples, folds
from train.traits.features import BLOCKS
from train.traits.ridge import RIDGES, Choice, Scaling, Solved, best, grams, out_of_fold, weightings

Floats = NDArray[np.floating[Any]]

FORMAT = "newmon-reader"
INNER_SEED = 1
KIN_SIZE = 64  # numbers that say which species a creature resembles


@dataclass(frozen=True, eq=False)
class Rows:
    """What is learned from: the mean of a species' pictures that share targets, and of their mirrors."""

    features: Floats  # [R, D]
    targets: Floats  # [R, T]
    weights: Floats  # [R]
    place: NDArray[np.int64]  # [N], the row of each picture

    @classmethod
    def of(cls, features: Floats, examples: Examples) -> Rows:
        """features [N, views, D] of the examples' pictures."""
        key = np.concatenate([examples.species[:, None], examples.targets], axis=1)
        _, first, place = np.unique(key, axis=0, return_index=True, return_inverse=True)
        place = place.reshape(-1)
        counts = np.bincount(place)
        mean = np.zeros((len(first), features.shape[2]), np.float32)
        np.add.at(mean, place, features.mean(axis=1, dtype=np.float32))
        weights = np.bincount(place, examples.weights).astype(np.float32)
        return cls(mean / counts[:, None], examples.targets[first], weights, place)


@dataclass(frozen=True, eq=False)
class Reader:
    """Reads features of pictures (`train.traits.features`)."""

    layout: Layout
    scaling: Scaling
    weights: Floats  # [D, T]
    bias: Floats  # [T]
    calibration: Calibration
    kin: Floats  # [S, K], where the species lie
    kin_names: tuple[str, ...]  # [S]
    choices: Mapping[str, list[Choice]]
    shown: tuple[str, ...] = ()  # the traits that beat their baselines
    accuracy: Mapping[str, Any] | None = None  # what cross-validation found

    def __call__(self, features: Floats) -> Floats:
        """[N, D] → outputs [N, T], before calibration, as `layout` says."""
        return self.scaling(features) @ self.weights + self.bias


def fit(features: Floats, examples: Examples, chosen: NDArray[np.bool_] | None = None) -> Reader:
    """Learn from the pictures `chosen` [N], or from all. features [N, views, D]: a picture and its mirror.

    Everything that is chosen, the scaling included, is chosen on them alone.
    """
    if chosen is not None:
        features, examples = features[chosen], examples.subset(chosen)
    rows = Rows.of(features, examples)
    scaling = Scaling.of(rows.features)
    x, pictures = scaling(rows.features), scaling(features[:, 0])
    among, across = grams(x, x), grams(pictures, x)
    groups = examples.vocabulary.groups()
    shares = weightings()
    fold = folds(examples.families, INNER_SEED)
    row_fold = np.zeros(len(x), np.int64)
    row_fold[rows.place] = fold
    predicted = out_of_fold(among, across, rows.targets, rows.weights, row_fold, fold, shares)
    choices = dict(
        zip(groups, best(predicted, examples.targets, examples.weights, list(groups.values())), strict=True)
    )
    blended = np.empty_like(examples.targets)
    for name, columns in groups.items():
        parts = [predicted[c.weighting, RIDGES.index(c.ridge), :, columns] for c in choices[name]]
        blended[:, columns] = np.mean(parts, axis=0)
    weights, bias = _weights(x, among, rows, shares, choices, groups)
    components = _components(x)
    places = np.zeros((len(examples.names), KIN_SIZE), np.float32)
    np.add.at(places, examples.species, examples.weights[:, None] * (pictures @ components))
    vocabulary = examples.vocabulary
    layout = Layout(vocabulary.types, vocabulary.colours, vocabulary.shapes, KIN_SIZE)
    return Reader(
        layout=layout,
        scaling=scaling,
        weights=np.concatenate([weights, components], axis=1),
        bias=np.concatenate([bias, np.zeros(KIN_SIZE, np.float32)]),
        calibration=calibrate(
            {name: (blended[:, groups[name]], examples.of(name)) for name in CHOICES}, examples.weights
        ),
        kin=places,
        kin_names=examples.names,
        choices=choices,
    )


def _weights(
    x: Floats,
    among: Floats,
    rows: Rows,
    shares: Floats,
    choices: Mapping[str, list[Choice]],
    groups: Mapping[str, slice],
) -> tuple[Floats, Floats]:
    """The blended solutions as weights on scaled features [D, T], and a bias [T]."""
    weights = np.zeros((x.shape[1], rows.targets.shape[1]), np.float32)
    bias = np.average(rows.targets, axis=0, weights=rows.weights).astype(np.float32)
    for weighting in sorted({choice.weighting for chosen in choices.values() for choice in chosen}):
        share = shares[weighting]
        solved = Solved.of(np.tensordot(share, among, axes=1), rows.targets, rows.weights)
        columns_share = np.concatenate([np.full(b.size, s) for b, s in zip(BLOCKS, share, strict=True)])
        for name, columns in groups.items():
            for choice in choices[name]:
                if choice.weighting == weighting:
                    part = x.T @ solved.duals(choice.ridge)[:, columns] * columns_share[:, None]
                    weights[:, columns] += part / len(choices[name])
    return weights, bias


def _components(x: Floats) -> Floats:
    """Where rows [R, D] differ most, float32 [D, `KIN_SIZE`]; zeros where there are fewer directions."""
    _, _, axes = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
    components = np.zeros((x.shape[1], KIN_SIZE), np.float32)
    found = axes[:KIN_SIZE].T
    components[:, : found.shape[1]] = found
    return components


def save(reader: Reader, path: Path) -> None:
    """Write a reader, whole or not at all. Raises `FileError`."""
    header = {
        "types": reader.layout.types,
        "colours": reader.layout.colours,
        "shapes": reader.layout.shapes,
        "calibration": asdict(reader.calibration),
        "kin_names": reader.kin_names,
        "choices": {name: [asdict(c) for c in chosen] for name, chosen in reader.choices.items()},
        "shown": reader.shown,
        "accuracy": reader.accuracy,
    }
    tensors = {
        "mean": torch.from_numpy(reader.scaling.mean),
        "scale": torch.from_numpy(reader.scaling.scale),
        "limit": torch.from_numpy(reader.scaling.limit),
        "weights": torch.from_numpy(reader.weights).half(),
        "bias": torch.from_numpy(reader.bias),
        "kin": torch.from_numpy(reader.kin).half(),
    }
    described = {"format": FORMAT, "version": str(picture_features.VERSION), "reader": json.dumps(header)}
    write(path, to_bytes({name: t.contiguous() for name, t in tensors.items()}, described))


def read(path: Path) -> Reader:
    """A reader that `save` wrote. Raises `DataError` for a file that is missing, damaged or foreign."""
    if not path.is_file():
        raise DataError(f"There is no reader of traits at {path}: learn one with `python -m train traits`.")
    try:
        with safe_open(path, framework="pt") as file:
            described: dict[str, str] = file.metadata() or {}
            if described.get("format") != FORMAT:
                raise DataError(f"{path} holds no reader of traits.")
            if described.get("version") != str(picture_features.VERSION):
                raise DataError(f"{path} was learned by another version: run `python -m train traits` again.")
            tensors = {name: file.get_tensor(name).float().numpy() for name in file.keys()}  # noqa: SIM118
        header = json.loads(described["reader"])
        kin_size = tensors["kin"].shape[1]
        layout = Layout(tuple(header["types"]), tuple(header["colours"]), tuple(header["shapes"]), kin_size)
        reader = Reader(
            layout=layout,
            scaling=Scaling(tensors["mean"], tensors["scale"], tensors["limit"]),
            weights=tensors["weights"],
            bias=tensors["bias"],
            calibration=Calibration.from_dict(header["calibration"]),
            kin=tensors["kin"],
            kin_names=tuple(header["kin_names"]),
            choices={name: [Choice(**c) for c in chosen] for name, chosen in header["choices"].items()},
            shown=tuple(header["shown"]),
            accuracy=header["accuracy"],
        )
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"{path} is damaged: learn a reader again with `python -m train traits`.") from error
    if reader.weights.shape != (picture_features.SIZE, layout.size):
        raise DataError(f"{path} was learned by another version: run `python -m train traits` again.")
    return reader
