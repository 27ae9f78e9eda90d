"""Learn a reader from a data set and measure it; give a checkpoint heads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan.checkpoint import Checkpoint
from gan.sampler import Sampler
from gan.sections import Section
from train.data.dataset import SpriteDataset
from train.traits import report
from train.traits.examples import Examples, examples
from train.traits.features import BATCH, SIDE, SIZE, Features
from train.traits.heads import CREATURES, UNSEEN, distil, draw_and_read
from train.traits.measure import Figure, Held, cross_validate, figures, shown
from train.traits.reader import Reader, fit

Floats = NDArray[np.floating[Any]]
OnProgress = Callable[[str, int, int], None]


@dataclass(frozen=True, eq=False)
class Learned:
    """A reader, and what is known about it."""

    reader: Reader
    examples: Examples
    held: Held
    figures: list[Figure]

    def page(self) -> str:
        """Everything that was measured, in Markdown."""
        parts = {
            "Accuracy": report.accuracy_table(self.figures),
            "Reliability": report.reliability_table(self.held, self.examples),
            "Confusion": report.confusion_table(self.held, self.examples),
            "Failures": report.failures(self.held, self.examples),
        }
        return "\n\n".join(f"## {name}\n\n{text}" for name, text in parts.items()) + "\n"


def picture_features(
    dataset: SpriteDataset, chosen: Examples, features: Features, on_progress: OnProgress | None = None
) -> Floats:
    """Features of the examples' pictures and of their mirrors: float32 [N, 2, D]."""
    rows = np.empty((len(chosen.images), 2, SIZE), np.float32)
    for start in range(0, len(rows), BATCH):
        pictures = dataset.pixels(chosen.images[start : start + BATCH], min(SIDE, dataset.resolution))
        rows[start : start + BATCH, 0] = features(pictures)
        rows[start : start + BATCH, 1] = features(pictures[:, :, ::-1])
        if on_progress is not None:
            on_progress("Looking at pictures", min(start + BATCH, len(rows)), len(rows))
    return rows


def learn(dataset: SpriteDataset, on_progress: OnProgress | None = None) -> Learned:
    """Learn from all of a data set, after measuring on five folds of it. Raises `DataError`."""
    chosen = examples(dataset)
    return learn_from(picture_features(dataset, chosen, Features(), on_progress), chosen, on_progress)


def learn_from(features: Floats, chosen: Examples, on_progress: OnProgress | None = None) -> Learned:
    """The same from features [N, 2, D] that are there already."""
    held = cross_validate(features, chosen, on_progress)
    found = figures(held, chosen)
    reader = replace(fit(features, chosen), shown=shown(found), accuracy=report.summary(found))
    return Learned(reader, chosen, held, found)


def heads_for(
    checkpoint: Checkpoint,
    reader: Reader,
    creatures: int = CREATURES + UNSEEN,
    on_progress: OnProgress | None = None,
) -> Section:
    """The section "traits" for a checkpoint, from what a reader says. Raises `DataError`."""
    drawn = draw_and_read(Sampler(checkpoint), reader, Features(), creatures, on_progress)
    return distil(drawn, reader, on_progress)
