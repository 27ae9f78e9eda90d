"""Heads for a checkpoint that was just exported: in its own file, so that its creatures are read at once.

Fewer creatures are drawn than for heads that are made with leisure (`train.traits.heads`): people wait for a
retrain. What the heads did not learn well enough is not shown.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gan.checkpoint import load
from gan.package import SHIPPED
from gan.sections import Section
from gan.traits import CHOICES, KIN, NUMBERS
from train.errors import DataError
from train.run.continuation import put_sections
from train.traits.learn import heads_for
from train.traits.reader import read

OnProgress = Callable[[str, int, int], None]

READER = SHIPPED.with_name("reader.safetensors")
CREATURES = 10_000
LEAST_SIDE = 32  # pixels: smaller pictures say too little
LONGEST_S = 30 * 60.0  # of drawing and reading
PACE_AFTER = 128  # creatures that tell how long all of them will take
LEAST_CORRELATION = 0.6  # of a number that is shown, heads with reader
LEAST_GAIN = 0.1  # of a guess that is shown: agreement above what always saying the commonest has


@dataclass(frozen=True)
class Given:
    """What a checkpoint got."""

    checkpoint_id: str  # which depends on the heads
    agreement: dict[str, float]  # with the reader, on creatures that the heads did not learn from
    hidden: tuple[str, ...]  # what the reader can tell and these heads cannot


def give_traits(
    checkpoint: Path,
    reader: Path = READER,
    creatures: int | None = None,  # to draw and read; None: `CREATURES`
    on_progress: OnProgress | None = None,
    clock: Callable[[], float] = time.monotonic,  # seconds
) -> Given:
    """Put heads into a checkpoint's own file, which gets another id by that; what lies beside it follows.

    Raises `DataError`, and leaves the checkpoint as it was, where its pictures are too small, the reader or
    the network behind it is missing, or it would take longer than `LONGEST_S`.
    """
    loaded = load(checkpoint)
    if loaded.config.resolution < LEAST_SIDE:
        raise DataError(
            f"Pictures of {loaded.config.resolution} pixels are too small to read traits from: "
            f"{LEAST_SIDE} are the least."
        )
    tell = _within(LONGEST_S, checkpoint, on_progress, clock)
    section = heads_for(loaded, read(reader), creatures or CREATURES, tell)
    hidden = hide_unlearned(section)
    return Given(put_sections(checkpoint, [section]), dict(section.metadata["agreement"]), hidden)


def hide_unlearned(section: Section) -> tuple[str, ...]:
    """Take from what is shown what these heads say too differently from the reader; returns what."""
    agreement, shares = section.metadata["agreement"], section.metadata["shares"]
    learned = {name for name in (*NUMBERS, KIN) if agreement[name] >= LEAST_CORRELATION}
    for name in CHOICES:
        same = agreement["first_type" if name == "types" else name]
        if same >= min(max(shares[name].values()) + LEAST_GAIN, 1.0):
            learned.add(name)
    shown = section.metadata["shown"]
    section.metadata["shown"] = [name for name in shown if name in learned]
    return tuple(name for name in shown if name not in learned)


def _within(
    longest_s: float, checkpoint: Path, on_progress: OnProgress | None, clock: Callable[[], float]
) -> OnProgress:
    """Tells on, and raises `DataError` once the first part shows that the whole would take too long."""
    began = clock()
    judged = False

    def tell(what: str, done: int, total: int) -> None:
        nonlocal judged
        if not judged and done >= min(PACE_AFTER, total):
            judged = True
            whole_s = (clock() - began) * total / done
            if whole_s > longest_s:
                raise DataError(
                    f"Reading its creatures would take {whole_s / 60:.0f} minutes here: give it heads when "
                    f"there is time, with `python -m train traits {checkpoint}`."
                )
        if on_progress is not None:
            on_progress(what, done, total)

    return tell
