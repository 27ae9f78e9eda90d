"""How well the reader reads species that it never saw: five outer folds, each with a reader of its own.

Every figure weighs species alike, however many pictures they have, and is of single pictures, since a
generated creature has one. Standard errors are over families, which is what the folds are made of.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan.traits import CHOICES, NUMBERS
from train.traits.examples import Examples, folds
from train.traits.features import block_slices
from train.traits.reader import Rows, fit

Floats = NDArray[np.floating[Any]]
OnProgress = Callable[[str, int, int], None]

OUTER_SEED = 0
CERTAIN = 2.0  # standard errors by which a trait must beat its baselines
MEAN_RIDGE = 1.0


@dataclass(frozen=True, eq=False)
class Held:
    """What was said of each picture by a reader that knew nothing of its family. N pictures."""

    outputs: Floats  # [N, T]
    chances: dict[str, Floats]  # of types, colour and shape: how likely the first guess is right [N]
    second: Floats  # [N], how likely the second type is
    two_types: NDArray[np.bool_]  # [N], whether it would be named
    commonest: Floats  # [N, T], what the training species have on average
    mean_colour: Floats  # [N, T], by regression on the mean colour alone


def cross_validate(features: Floats, examples: Examples, on_progress: OnProgress | None = None) -> Held:
    """Read every picture out of its fold. features [N, views, D]: a picture and its mirror."""
    fold = folds(examples.families, OUTER_SEED)
    n, groups = len(fold), examples.vocabulary.groups()
    outputs, commonest, mean_colour = (np.empty_like(examples.targets) for _ in range(3))
    chances = {name: np.empty(n, np.float32) for name in CHOICES}
    second, two_types = np.empty(n, np.float32), np.zeros(n, bool)
    numbers = np.unique(fold)
    for i, number in enumerate(numbers):
        if on_progress is not None:
            on_progress("Folds", i, len(numbers))
        asked = fold == number
        reader = fit(features, examples, ~asked)
        outputs[asked] = reader(features[asked, 0])[:, : examples.targets.shape[1]]
        for name in CHOICES:
            chances[name][asked] = reader.calibration.first(name, outputs[asked, groups[name]])[1]
        second[asked] = reader.calibration.second(outputs[asked, groups["types"]])[1]
        two_types[asked] = second[asked] >= reader.calibration.second_type_from
        known = Rows.of(features[~asked], examples.subset(~asked))
        commonest[asked] = np.average(known.targets, axis=0, weights=known.weights)
        mean_colour[asked] = _by_mean_colour(known, features[asked, 0])
    return Held(outputs, chances, second, two_types, commonest, mean_colour)


def _by_mean_colour(known: Rows, features: Floats) -> Floats:
    """Targets by ridge regression on the mean CIELAB colour and its squares: [N, T]."""
    columns = next(s for block, s in block_slices() if block.name == "colour_statistics")
    lab = slice(columns.start, columns.start + 3)

    def expanded(rows: Floats) -> Floats:
        x = rows[:, lab]
        squares = x[:, [0, 0, 0, 1, 1, 2]] * x[:, [0, 1, 2, 1, 2, 2]]
        return np.concatenate([x, squares], axis=1)

    x, weights = expanded(known.features), known.weights
    centre, mean = x.mean(axis=0), np.average(known.targets, axis=0, weights=weights)
    spread = x.std(axis=0) + 1e-6
    x = (x - centre) / spread
    inner = (x * weights[:, None]).T @ x + MEAN_RIDGE * np.eye(x.shape[1])
    solution = np.linalg.solve(inner, (x * weights[:, None]).T @ (known.targets - mean))
    return ((expanded(features) - centre) / spread @ solution + mean).astype(np.float32)


@dataclass(frozen=True)
class Figure:
    """One measurement with its baselines."""

    name: str
    group: str
    value: float
    error: float  # standard error
    per_species: float  # of the mean of what was read of a species' pictures
    commonest: float
    mean_colour: float
    beaten_by: float  # standard errors by which the better baseline is beaten, both read on the same pictures

    @property
    def beats(self) -> bool:
        """Whether it is better than both baselines beyond chance."""
        return self.beaten_by > CERTAIN


def figures(held: Held, examples: Examples) -> list[Figure]:
    """All of them: guesses of types, colour and shape, and correlations of the numbers."""
    found = [
        _figure("first guess among the true types", "types", held, examples, first_right),
        _figure("one of two guesses among the true types", "types", held, examples, either_right),
        _figure("colour", "colour", held, examples, first_right),
        _figure("shape", "shape", held, examples, first_right),
    ]
    return found + [_correlation(name, held, examples) for name in NUMBERS]


def first_right(scores: Floats, truth: Floats) -> NDArray[np.bool_]:
    """Whether the best of scores [N, K] is true, bool [N]."""
    return truth[np.arange(len(scores)), scores.argmax(axis=1)] > 0


def either_right(scores: Floats, truth: Floats) -> NDArray[np.bool_]:
    """Whether one of the two best of scores [N, K] is true, bool [N]."""
    best = np.argsort(-scores, axis=1)[:, :2]
    return np.take_along_axis(truth, best, axis=1).max(axis=1) > 0


def species_means(values: Floats, examples: Examples) -> Floats:
    """[N, …] → [S, …], the mean over the pictures of each species."""
    total = np.zeros((len(examples.names), *values.shape[1:]), np.float32)
    np.add.at(total, examples.species, values)
    return total / np.bincount(examples.species).reshape(-1, *[1] * (values.ndim - 1))


def _figure(
    name: str,
    group: str,
    held: Held,
    examples: Examples,
    judge: Callable[[Floats, Floats], NDArray[np.bool_]],
) -> Figure:
    columns, truth, weights = examples.vocabulary.groups()[group], examples.of(group), examples.weights
    right = judge(held.outputs[:, columns], truth).astype(np.float32)
    bases = [
        judge(scores[:, columns], truth).astype(np.float32) for scores in (held.commonest, held.mean_colour)
    ]
    shares = [float(np.average(base, weights=weights)) for base in bases]
    ahead = right - bases[int(np.argmax(shares))]
    # The first picture's targets stand for its species.
    first = np.unique(examples.species, return_index=True)[1]
    together = judge(species_means(held.outputs[:, columns], examples), truth[first])
    return Figure(
        name=name,
        group=group,
        value=float(np.average(right, weights=weights)),
        error=_error(right, examples),
        per_species=float(together.mean()),
        commonest=shares[0],
        mean_colour=shares[1],
        beaten_by=float(np.average(ahead, weights=weights)) / max(_error(ahead, examples), 1e-9),
    )


def _error(values: Floats, examples: Examples) -> float:
    """Standard error of a weighted mean, with families as what is independent."""
    weights = examples.weights
    mean = np.average(values, weights=weights)
    _, family = np.unique(examples.families, return_inverse=True)
    sums = np.bincount(family, weights * (values - mean))
    return float(np.sqrt((sums**2).sum()) / weights.sum())


def correlation(a: Floats, b: Floats, weights: Floats) -> float:
    """Pearson's, weighted; 0 where one of them is constant."""
    a, b = a - np.average(a, weights=weights), b - np.average(b, weights=weights)
    size = np.sqrt(np.average(a**2, weights=weights) * np.average(b**2, weights=weights))
    return float(np.average(a * b, weights=weights) / size) if size > 1e-9 else 0.0


def _correlation(name: str, held: Held, examples: Examples, samples: int = 200) -> Figure:
    place, weights = examples.vocabulary.groups()[name].start, examples.weights
    read, true, base = held.outputs[:, place], examples.targets[:, place], held.mean_colour[:, place]
    _, family = np.unique(examples.families, return_inverse=True)
    count = int(family.max()) + 1
    random = np.random.default_rng(0)
    drawn, ahead = [], []
    for _ in range(samples):  # bootstrap over families
        counts = np.bincount(random.integers(count, size=count), minlength=count)
        again = weights * counts[family]
        drawn.append(correlation(read, true, again))
        ahead.append(drawn[-1] - max(correlation(base, true, again), 0))
    first = np.unique(examples.species, return_index=True)[1]
    means = species_means(read, examples)
    return Figure(
        name=name,
        group=name,
        value=correlation(read, true, weights),
        error=float(np.std(drawn)),
        per_species=correlation(means, true[first], np.ones(len(means), np.float32)),
        commonest=0.0,
        mean_colour=correlation(base, true, weights),
        beaten_by=float(np.mean(ahead) / max(np.std(ahead), 1e-9)),
    )


def shown(found: list[Figure]) -> tuple[str, ...]:
    """The traits that beat both baselines beyond chance in every figure about them."""
    groups = dict.fromkeys(figure.group for figure in found)
    return tuple(g for g in groups if all(figure.beats for figure in found if figure.group == g))
