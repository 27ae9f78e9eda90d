"""The learning rate of a run that was trained within a time box (`train.run.time_box`).

The rate there hangs on the time used, so two boxed runs are not the same run. What it was is written down
with the state, from how many images on, and whoever follows that record computes the same to the bit.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from train import stored_names as stored
from train.errors import StateError
from train.state import State


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
        """The record of a state; whoever resumes from it does so at the full rate. Raises `StateError`."""
        try:
            annealing = cls([(int(i), float(f)) for i, f in state.values.get(stored.ANNEALED, [])])
        except (TypeError, ValueError) as error:
            raise StateError("The training state's record of annealing cannot be read.") from error
        annealing.set(state.images_seen, 1.0)
        return annealing
