"""What is worked out once for a checkpoint and is small: kept by its id, and not its network with it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from gan.sampler import Sampler

KEPT = 32  # checkpoints

ResultT = TypeVar("ResultT")


class PerCheckpoint(Generic[ResultT]):
    """Decorates a function of a sampler: one call for each checkpoint, whoever asks from whatever thread."""

    def __init__(self, make: Callable[[Sampler], ResultT]) -> None:
        self._make = make
        self._known: OrderedDict[str, ResultT] = OrderedDict()
        self._one_at_a_time = threading.Lock()

    def __call__(self, sampler: Sampler) -> ResultT:
        """May take as long as the function does, also where another thread has begun it."""
        with self._one_at_a_time:
            if sampler.checkpoint_id not in self._known:
                self._known[sampler.checkpoint_id] = self._make(sampler)
            self._known.move_to_end(sampler.checkpoint_id)
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
            return self._known[sampler.checkpoint_id]
