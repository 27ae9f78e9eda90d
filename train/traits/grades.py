"""Grades that somebody gave creatures by looking at them: `grades/CHECKPOINT_ID.csv`, one seed a line."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from train.errors import DataError

FOLDER = Path(__file__).with_name("grades")
# What a grade counts: one creature with a face or otherwise convincing; one creature without a face or with
# minor flaws; a blob, fragments, several bodies.
VALUES = {"broken": 0, "fair": 1, "good": 2}
FEWEST = 100  # fewer say too little to learn from


@dataclass(frozen=True, eq=False)
class Grades:
    """Seeds of one checkpoint, drawn at the bot's normal ψ, and what somebody thought of them."""

    checkpoint_id: str
    seeds: list[int]
    values: np.ndarray  # float64 [N], as in `VALUES`


def read_grades(path: Path) -> Grades:
    """A file of grades, which is called as its checkpoint's id is. Raises `DataError`."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [(int(row["seed"]), VALUES[row["grade"]]) for row in csv.DictReader(file)]
    except OSError as error:
        raise DataError(f"The grades cannot be read from {path}: {error.strerror or error}.") from error
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{path} holds no grades: it needs the columns seed and grade, with {', '.join(VALUES)}."
        ) from error
    seeds = [seed for seed, _ in rows]
    if len(set(seeds)) < len(seeds) or len(seeds) < FEWEST:
        raise DataError(f"{path} must grade at least {FEWEST} seeds, and each of them once.")
    return Grades(path.stem, seeds, np.array([value for _, value in rows], np.float64))
