"""How rare creatures of a checkpoint are, from what its heads read. Blocking: call in a thread.

Truncation draws a creature nearer to the mean style, and wild ones are further away: as they stand, the wild
would be rare and the tame common, whatever they are like. So a creature is measured at the length that the
styles of usual hatchlings have: w − w_avg keeps its direction, and gets that length (over all layers of a
mix together). A seed is then as rare tame as wild, and nothing is gained by mixing what is far out.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from bot.creature.rarity import Measured, RaritySummary, rarities, summarise
from bot.creature.traits import STATS, Rarity
from bot.engine.orders import WPlus
from bot.engine.per_checkpoint import PerCheckpoint
from gan.config import DEFAULT_PSI
from gan.sampler import Sampler
from gan.traits import Heads

MEASURED = 20_000  # creatures of a checkpoint that rarity is counted among
CHUNK = 1000  # of them at a time
SEED = 20_000  # of numpy's generator that draws their z
SHORTEST = 1e-3  # of a usual length: what is nearer to the mean style has no direction

Floats = NDArray[np.float32]


def read_rarity(sampler: Sampler, w_plus: WPlus) -> Rarity | None:
    """How rare the creature with W+ [L, w_dim] is; None where its checkpoint has no heads."""
    heads = sampler.heads
    if heads is None or w_plus.shape != (sampler.num_layers, sampler.w_dim):
        return None
    reference = reference_of(sampler)
    code = _at_length(w_plus[None], reference.mean, reference.length)
    measured = _measured(heads, heads.outputs(code), heads.distances(code))
    [found] = rarities(measured, reference.summary)
    return found


class Reference:
    """The creatures of a checkpoint that others are compared with."""

    def __init__(self, sampler: Sampler, heads: Heads) -> None:
        w = _styles(sampler)
        self.mean = sampler.generator.mapping.w_avg.detach().cpu().numpy()  # [w_dim]
        self.length = float(DEFAULT_PSI * np.median(np.sqrt(((w - self.mean) ** 2).mean(1))))
        outputs, distances = [], []
        for start in range(0, len(w), CHUNK):
            codes = _at_length(w[start : start + CHUNK, None], self.mean, self.length)  # [N, 1, w_dim]
            outputs.append(heads.outputs_of_w(codes[:, 0]))
            distances.append(heads.distances(codes))
        measured = _measured(heads, np.concatenate(outputs), np.concatenate(distances))
        self.summary: RaritySummary = summarise(measured)


@PerCheckpoint
def reference_of(sampler: Sampler) -> Reference:
    """The same for ever. Takes a second or two, once. Raises ValueError for a checkpoint without heads."""
    if sampler.heads is None:
        raise ValueError("Nothing is read of creatures of this checkpoint")
    return Reference(sampler, sampler.heads)


@torch.inference_mode()
def _styles(sampler: Sampler) -> Floats:
    """w before truncation, [N, w_dim]: of plain z, since what scorers pick is no measure of what there is."""
    draws = np.random.default_rng(SEED)
    mapping, styles = sampler.generator.mapping, []
    for _start in range(0, MEASURED, CHUNK):
        z = draws.standard_normal((CHUNK, sampler.config.z_dim), dtype=np.float32)
        styles.append(mapping(torch.from_numpy(z).to(sampler.device)).cpu().numpy())
    return np.concatenate(styles)


def _at_length(codes: Floats, mean: Floats, length: float) -> Floats:
    """Codes [N, L, w_dim] whose root mean square distance from the mean style is `length`."""
    away = codes - mean
    own = np.sqrt((away**2).mean(axis=(1, 2), keepdims=True))
    return (mean + away * (length / np.maximum(own, SHORTEST * length))).astype(np.float32)


def _measured(heads: Heads, outputs: Floats, distances: Floats) -> Measured:
    """What counts of creatures of which the heads say `outputs`, [N, T]: of the groups that are shown."""
    layout, calibration = heads.layout, heads.calibration
    kinds = {}
    for group in ("types", "colour", "shape"):
        if group in heads.shown:
            name = "type" if group == "types" else group
            best, _chance = calibration.first(group, outputs[:, layout.columns(group)])
            kinds[name] = np.array(layout.values(group))[best]
    if "types" in heads.shown:
        second, chance = calibration.second(outputs[:, layout.columns("types")])
        named = chance >= calibration.second_type_from
        kinds["type2"] = np.where(named, np.array(layout.types)[second], "")
    numbers = {
        name: outputs[:, layout.columns(group)][:, 0]
        for name, group in (("height", "log_height_m"), ("weight", "log_weight_kg"))
        if group in heads.shown
    }
    if set(STATS) <= heads.shown:
        stats = [np.maximum(outputs[:, layout.columns(stat)][:, 0], 1.0) for stat in STATS]
        numbers["total"] = np.sum(stats, axis=0)
    return Measured(kinds, numbers, distances)
