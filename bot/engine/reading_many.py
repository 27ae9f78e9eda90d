"""What is kept of the traits of creatures, read from many W+ at once. Blocking: call in a thread."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bot.creature.reading import Reading
from bot.engine.orders import WPlus
from gan.checkpoint import Checkpoint
from gan.sampler import Sampler
from gan.sections import TRAITS
from gan.traits import Heads

VERSION = 1  # of what is kept of traits: counts up where the same heads are to be read anew
ROUNDING = 3e-4  # far more than what outputs differ by from batch to batch, which is less than 1e-4


def reader_of(loaded: Checkpoint, sampler: Sampler) -> str:
    """A name for what reads a checkpoint's creatures, which other heads do not have; "" for none."""
    return "" if sampler.heads is None else f"{VERSION}-{loaded.sections[TRAITS].digest()[:16]}"


def read_many(sampler: Sampler, reader: str, codes: Sequence[WPlus]) -> list[Reading]:
    """What is to be kept of the traits of creatures with these W+, [L, w_dim] each; `reader` reads them.

    Nothing of one without heads, or whose W+ does not fit them.
    """
    found = [Reading(reader)] * len(codes)
    fitting = [i for i, code in enumerate(codes) if code.shape == (sampler.num_layers, sampler.w_dim)]
    if sampler.heads is None or not fitting:
        return found
    heads = sampler.heads
    outputs = heads.outputs(np.stack([codes[i] for i in fitting]))
    if len(fitting) > 1:
        for row in np.flatnonzero(_close(heads, outputs)):
            outputs[row] = heads.outputs(codes[fitting[row]][None])[0]
    types, colours = _types_of(heads, outputs), _colours_of(heads, outputs)
    for i, own_types, colour in zip(fitting, types, colours, strict=True):
        found[i] = Reading(reader, own_types, colour)
    return found


def _types_of(heads: Heads, outputs: NDArray[np.float32]) -> list[tuple[str, ...]]:
    """What `Heads.traits` says of outputs [N, T], of all at once."""
    if "types" not in heads.shown:
        return [()] * len(outputs)
    names, ours = heads.layout.types, outputs[:, heads.layout.columns("types")]
    first, _ = heads.calibration.first("types", ours)
    second, chance = heads.calibration.second(ours)
    both = chance >= heads.calibration.second_type_from
    return [
        (names[a], names[b]) if two else (names[a],) for a, b, two in zip(first, second, both, strict=True)
    ]


def _colours_of(heads: Heads, outputs: NDArray[np.float32]) -> list[str | None]:
    if "colour" not in heads.shown:
        return [None] * len(outputs)
    best, _ = heads.calibration.first("colour", outputs[:, heads.layout.columns("colour")])
    return [heads.layout.colours[i] for i in best]


def _close(heads: Heads, outputs: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Of which creatures the outputs [N, T] are so close to saying something else that rounding may decide.

    In a batch numbers are rounded otherwise than alone, and what is kept must be what a card shows.
    """
    types, colours = (outputs[:, heads.layout.columns(group)] for group in ("types", "colour"))
    best_types, best_colours = (np.sort(group, axis=1)[:, ::-1] for group in (types, colours))
    _, second = heads.calibration.second(types)
    return (
        (np.diff(best_types[:, :3]) > -ROUNDING).any(axis=1)
        | (np.diff(best_colours[:, :2]) > -ROUNDING).any(axis=1)
        | (np.abs(second - heads.calibration.second_type_from) < ROUNDING)
    )
