"""Training within a time box: the learning rate falls towards its end, whenever that is.

The rate then hangs on the time used, so two boxed runs are not the same run. What it was is written down with
the state, from how many images on, and whoever follows that record computes the same to the bit.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch

from train.state import State, StateError
from train.step.distributed import World

FALLS_FROM = 2 / 3  # of the time
LEAST_FACTOR = 0.1


def annealed(share: float) -> float:
    """What learning rates are multiplied by after a share of the time: 1, then linearly down to 0.1.

    In hundredths, so that the record of a box stays short.
    """
    fallen = min(max((share - FALLS_FROM) / (1 - FALLS_FROM), 0.0), 1.0)
    return round(1 - (1 - LEAST_FACTOR) * fallen, 2)


@dataclass
class Annealing:
    """Factors of the learning rates, each from so many images on. None of them outlives its box."""

    record: list[tuple[int, float]] = field(default_factory=list)

    def at(self, images: int) -> float:
        """The factor for the step after so many images."""
        return next((factor for since, factor in reversed(self.record) if since <= images), 1.0)

    def set(self, images: int, factor: float) -> None:
        """Let a factor hold from now on."""
        earlier = [entry for entry in self.record if entry[0] < images]
        self.record = earlier
        if self.at(images) != factor:
            self.record = [*earlier, (images, factor)]

    @classmethod
    def of(cls, state: State) -> Annealing:
        """The record of a state, which is gone on from at the full rate. Raises `StateError`."""
        try:
            annealing = cls([(int(i), float(f)) for i, f in state.values.get("annealed", [])])
        except (TypeError, ValueError) as error:
            raise StateError("The training state's record of annealing cannot be read.") from error
        annealing.set(state.images_seen, 1.0)
        return annealing


class TimeBox:
    """So many minutes from now on."""

    def __init__(self, minutes: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.minutes = minutes
        self._clock = clock
        self._started = clock()

    @property
    def left_s(self) -> float:
        """Seconds until it is over."""
        return max(self.minutes * 60 - (self._clock() - self._started), 0.0)

    def used(self, world: World) -> float:
        """The share of it that is over: the same number in all processes, which must all ask."""
        used = torch.tensor([1 - self.left_s / (self.minutes * 60)], device=world.device)
        return float(world.mean([[used]])[0])
