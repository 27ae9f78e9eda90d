"""Whether a checkpoint is better than the one it was trained from, beyond what chance explains."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from train.eval.evaluate import Evaluation, Report
from train.eval.metrics import KIDChange, kid_change
from train.eval.reference import Reference
from train.protocol import Judgement

CHANCE = 0.05  # how often a checkpoint that changed nothing may be called better or worse
LEAST_SHARE = 0.02  # of the old KID: a change of less is none that anybody would see, however certain


@dataclass(frozen=True)
class Verdict:
    """What became of KID × 1000 (negative is better), between which bounds, and what that means."""

    judgement: Judgement
    change: float
    low: float
    high: float

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        change = {"mean": self.change, "low": self.low, "high": self.high}
        return {"verdict": self.judgement, "change": change}


def compare(old: Evaluation, new: Evaluation, reference: Reference, candidates: int = 1) -> Verdict:
    """Judge `new`, the best of so many candidates, beside `old`.

    Both must be measured alike, on the same latents and all of `reference`; raises `ValueError` otherwise.
    """
    alike: list[Callable[[Report], object]] = [
        lambda r: (r.dataset_sha256, r.real_images, r.held_out),
        lambda r: r.features,
        lambda r: (r.psi, r.seed, r.samples),
    ]
    if any(part(old.report) != part(new.report) for part in alike):
        raise ValueError("these reports differ in data, features or samples, so they cannot be compared")
    change = kid_change(old.features, new.features, reference.features, reference.species)
    return judge(old.report, new.report, change, candidates)


def judge(old: Report, new: Report, change: KIDChange, candidates: int = 1) -> Verdict:
    """Worse is a checkpoint with a fault that the old one has not, or with a KID that is higher beyond noise;
    better is one with a KID that is lower beyond noise, or that has lost a fault.

    Beyond noise is a change outside of its interval of 95 % and larger than `LEAST_SHARE` of the old KID. The
    interval is wider for the best of several candidates, one of which is the luckiest (Bonferroni).
    """
    half = NormalDist().inv_cdf(1 - CHANCE / 2 / candidates) * change.standard_error
    least = LEAST_SHARE * abs(old.kid.mean)

    def verdict(judgement: Judgement) -> Verdict:
        return Verdict(judgement, change.mean, change.mean - half, change.mean + half)

    if new.faults.keys() - old.faults.keys() or not math.isfinite(new.kid.mean):
        return verdict("worse")
    if change.mean > max(half, least):
        return verdict("worse")
    if change.mean < -max(half, least) or old.faults.keys() - new.faults.keys():
        return verdict("better")
    return verdict("same")
