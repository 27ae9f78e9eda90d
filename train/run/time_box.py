"""Training within a time box: the learning rate falls towards its end, whenever that is."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

from train.step.process_group import ProcessGroup

FALLS_FROM = 2 / 3  # of the time
LEAST_FACTOR = 0.1


def annealed(share: float) -> float:
    """What learning rates are multiplied by after a share of the time: 1, then linearly down to 0.1.

    In hundredths, so that the record of a box stays short.
    """
    fallen = min(max((share - FALLS_FROM) / (1 - FALLS_FROM), 0.0), 1.0)
    return round(1 - (1 - LEAST_FACTOR) * fallen, 2)


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

    def used(self, group: ProcessGroup) -> float:
        """The share of it that is over: the same number in all processes, which must all ask."""
        used = torch.tensor([1 - self.left_s / (self.minutes * 60)], device=group.device)
        return float(group.mean([[used]])[0])
