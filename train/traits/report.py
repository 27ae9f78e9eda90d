"""What was measured of a reader and of heads, as tables for a page of the documentation."""

from __future__ import annotations

from typing import Any

import numpy as np

from train.traits.calibrate import expected_error, reliability
from train.traits.examples import Examples
from train.traits.measure import Figure, Held, first_right

FAILURES = 10


def accuracy_table(figures: list[Figure]) -> str:
    """Every figure beside its baselines."""
    rows = [
        "| from one picture | reader | several of a species | commonest | mean colour | shown |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for f in figures:
        as_share = f.commonest > 0  # a constant has no correlation
        name = f.name.replace("_", " ")
        shown = "yes" if f.beats else "no"
        if as_share:
            rows.append(
                f"| {name} | {f.value:.1%} ± {f.error:.1%} | {f.per_species:.1%} | {f.commonest:.1%} | "
                f"{f.mean_colour:.1%} | {shown} |"
            )
        else:
            rows.append(
                f"| {name} | {f.value:.2f} ± {f.error:.2f} | {f.per_species:.2f} | 0 | {f.mean_colour:.2f} | "
                f"{shown} |"
            )
    return "\n".join(rows)


def reliability_table(held: Held, examples: Examples) -> str:
    """What guesses of some confidence are worth."""
    groups = examples.vocabulary.groups()
    rows = ["| guess | said → right, in sixths by confidence | mean distance |", "| --- | --- | --- |"]
    for name, chance in held.chances.items():
        right = first_right(held.outputs[:, groups[name]], examples.of(name))
        bins = reliability(chance, right, examples.weights)
        cells = " · ".join(f"{b.said:.0%} → {b.right:.0%}" for b in bins)
        rows.append(f"| {name} | {cells} | {expected_error(bins):.1%} |")
    return "\n".join(rows)


def confusion_table(held: Held, examples: Examples) -> str:
    """Of species of a type, how often each type was the first guess, in per cent; species weigh alike."""
    columns, types = examples.vocabulary.groups()["types"], examples.vocabulary.types
    guess = held.outputs[:, columns].argmax(axis=1)
    truth, weights = examples.of("types"), examples.weights
    rows = ["| true type (species) | " + " | ".join(kind[:3] for kind in types) + " |"]
    rows.append("| --- |" + " ---: |" * len(types))
    for i, kind in enumerate(types):
        counts = weights * (truth[:, i] > 0)
        shares = np.bincount(guess, counts, minlength=len(types)) / counts.sum()
        cells = " | ".join(f"{share:.0%}"[:-1] if share >= 0.005 else "·" for share in shares)
        rows.append(f"| {kind} ({counts.sum():.0f}) | {cells} |")
    return "\n".join(rows)


def failures(held: Held, examples: Examples, count: int = FAILURES) -> str:
    """The wrong first guesses that the reader was surest of, of as many species."""
    columns, types = examples.vocabulary.groups()["types"], examples.vocabulary.types
    guess, truth = held.outputs[:, columns].argmax(axis=1), examples.of("types")
    right = truth[np.arange(len(guess)), guess] > 0
    order = [int(i) for i in np.argsort(-held.chances["types"]) if not right[i]]
    rows = ["| species | is | was read as | said |", "| --- | --- | --- | --- |"]
    seen: set[int] = set()
    for i in order:
        if int(examples.species[i]) in seen:
            continue
        seen.add(int(examples.species[i]))
        true = " and ".join(kind for kind, is_true in zip(types, truth[i], strict=True) if is_true)
        name = examples.names[examples.species[i]].split(" (")[0]
        rows.append(f"| {name} | {true} | {types[guess[i]]} | {held.chances['types'][i]:.0%} |")
        if len(seen) == count:
            break
    return "\n".join(rows)


def agreement_table(agreement: dict[str, float]) -> str:
    """How far heads and reader agree."""
    names = [name.replace("_", " ") for name in agreement]
    cells = [
        f"{value:.1%}" if name in ("first_type", "colour", "shape") else f"{value:.2f}"
        for name, value in agreement.items()
    ]
    rows = (names, ["---"] * len(names), cells)
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def summary(figures: list[Figure]) -> dict[str, Any]:
    """What is kept with a reader: each figure and its baselines."""
    return {
        f.name: {
            "value": round(f.value, 4),
            "error": round(f.error, 4),
            "commonest": round(f.commonest, 4),
            "mean_colour": round(f.mean_colour, 4),
        }
        for f in figures
    }
