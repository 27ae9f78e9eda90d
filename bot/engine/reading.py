"""What is read of creatures from their W+, as words need it. Blocking: call in a thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bot.creature.kin import species_name
from bot.creature.stats import StatSummary, base_stats, summarise
from bot.creature.traits import STATS, Traits
from bot.engine.orders import WPlus
from bot.engine.per_checkpoint import PerCheckpoint
from bot.engine.rareness import read_rarity
from gan.config import DEFAULT_PSI
from gan.sampler import Sampler
from gan.traits import Traits as Reading

MOST_KIN = 2  # species that a creature is said to resemble
LEAST_LIKENESS = 0.6  # cosine: below, heads and pictures often disagree on who is nearest
MEASURED = 400  # creatures that say how a checkpoint's stats are distributed


def read_traits(sampler: Sampler, w_plus: WPlus) -> Traits | None:
    """What the heads of a checkpoint read from W+ [L, w_dim]; None if it has none or they do not fit."""
    read = read_without_rarity(sampler, w_plus)
    return None if read is None else replace(read, rarity=read_rarity(sampler, w_plus))


def read_without_rarity(sampler: Sampler, w_plus: WPlus) -> Traits | None:
    """The same, in milliseconds for the first time, too: for rarity many creatures are read."""
    if sampler.heads is None or w_plus.shape != (sampler.num_layers, sampler.w_dim):
        return None
    [outputs] = sampler.heads.outputs(w_plus[None])
    kin = sampler.heads.kin(outputs, MOST_KIN, LEAST_LIKENESS)
    return _in_words(sampler.heads.traits(outputs, kin=0), _stats_of(sampler), kin)


@PerCheckpoint
def _stats_of(sampler: Sampler) -> StatSummary | None:
    """How the stats that are read are distributed; None where they are not shown. Takes a moment, once."""
    if sampler.heads is None or not set(STATS) <= sampler.heads.shown:
        return None
    # Plain candidates: what scorers pick is no measure of what there is.
    codes = sampler.w_from_seeds(range(MEASURED), DEFAULT_PSI, pick=False)
    read = [[reading.stats[name] for name in STATS] for reading in sampler.heads.read(codes, kin=0)]
    return summarise(np.array(read))


def _in_words(reading: Reading, stats: StatSummary | None, kin: Sequence[str]) -> Traits:
    """With what is not shown filled up by values that nobody gets to see."""
    shown = {
        "types": bool(reading.types),
        "colour": reading.colour is not None,
        "shape": reading.shape is not None,
        "height": reading.height_m is not None,
        "weight": reading.weight_kg is not None,
        "stats": stats is not None,
        "stage": reading.stage is not None,
    }
    read = [reading.stats.get(name, 1.0) for name in STATS]
    return Traits(
        types=tuple(guess.value for guess in reading.types) or ("Normal",),
        colour="Gray" if reading.colour is None else reading.colour.value,
        shape="upright" if reading.shape is None else reading.shape.value,
        height_m=reading.height_m or 1.0,
        weight_kg=reading.weight_kg or 1.0,
        stats=(1, 1, 1, 1, 1, 1) if stats is None else base_stats(read, stats),
        stage=1 if reading.stage is None else round(reading.stage),
        shown=frozenset(group for group, is_shown in shown.items() if is_shown),
        kin=tuple(map(species_name, kin)),
    )
