"""Ways to compute a step's gradients: at once, in threads, in processes, as a CUDA graph; to the same end.

The whole batch is drawn alike everywhere, and each process and thread works on rows of its own; the mean over
all shares is the gradient of the batch. On a GPU the computation is captured as a CUDA graph once for each of
its shapes and launched as a whole from then on.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from train.recipe import LEAST_SHARE
from train.schedule import Phase
from train.step.batch import Batch
from train.step.cuda_graph import CudaGraph
from train.step.objective import Gradients, Objective, StepGradients
from train.step.parallel import Threads
from train.step.process_group import ProcessGroup

# Threads are worth it from this resolution on, in shares of at least so many rows (docs/training.md).
SHARED_FROM = 32
LEAST_ROWS = 16


class Shapes(NamedTuple):
    """What decides the shapes of a step's computation, and so which CUDA graph it is."""

    resolution: int
    batch_size: int
    with_penalty: bool
    holds: bool


class Runner:
    """Computes the mean gradients of a step over all threads and processes."""

    def __init__(self, objective: Objective, group: ProcessGroup) -> None:
        self.objective = objective
        self.group = group
        self.threads = Threads()
        self.uses_graphs = objective.compute.device.type == "cuda"
        self.graphs: dict[Shapes, CudaGraph[StepGradients]] = {}

    def gradients(
        self,
        real: Tensor,  # [N, 4, R, R], of all processes
        augment_probabilities: tuple[float, float],  # for the discriminator, and the pretrained one
        phase: Phase,
        with_penalty: bool,
        seed: tuple[int, int],  # the run's, and images seen: all randomness of the step
    ) -> StepGradients:
        """The gradients of the whole batch, the same in all processes."""
        if self.uses_graphs and phase.alpha == 1:
            shares = [self._replayed(real, augment_probabilities, phase, with_penalty, seed)]
        else:
            torch.manual_seed(_torch_seed(*seed))
            batch = self._draw(real, *augment_probabilities, phase)
            n = self.number_of_shares(len(batch), phase)
            compute = self.objective.gradients
            shares = self.threads(
                [partial(compute, batch.share(k, n), phase, with_penalty) for k in range(n)]
            )
        return _unflatten(self.group.mean([_flatten(share) for share in shares]), like=shares[0])

    def number_of_shares(self, rows: int, phase: Phase) -> int:
        """How many threads work on shares of these rows, each whole groups for the minibatch statistics."""
        if self.objective.compute.device.type != "cpu" or phase.resolution < SHARED_FROM:
            return 1
        most = min(torch.get_num_threads(), rows // LEAST_ROWS)
        return next(n for n in range(max(most, 1), 0, -1) if n == 1 or rows % (n * LEAST_SHARE) == 0)

    def _replayed(
        self,
        real: Tensor,
        augment_probabilities: tuple[float, float],
        phase: Phase,
        with_penalty: bool,
        seed: tuple[int, int],
    ) -> StepGradients:
        """The share of this process, by a CUDA graph that is captured first where there is none yet."""
        probabilities = torch.tensor(augment_probabilities, device=real.device)

        def compute(real: Tensor, probabilities: Tensor) -> StepGradients:
            batch = self._draw(real, probabilities[0], probabilities[1], phase)
            return self.objective.gradients(batch, phase, with_penalty)

        shapes = Shapes(phase.resolution, len(real), with_penalty, phase.holds)
        if shapes not in self.graphs:
            self.graphs[shapes] = CudaGraph(compute, real, probabilities)
        torch.manual_seed(_torch_seed(*seed))
        return self.graphs[shapes](real, probabilities)

    def _draw(
        self,
        real: Tensor,
        augment_probability: float | Tensor,
        pretrained_augment_probability: float | Tensor,
        phase: Phase,
    ) -> Batch:
        """This process's part of the batch that these images begin."""
        objective = self.objective
        sides = objective.generator.synthesis.noise_shapes(phase.resolution)
        batch = Batch.draw(real, objective.config, sides, augment_probability, pretrained_augment_probability)
        return batch.share(self.group.rank, self.group.size)


def _flatten(share: StepGradients) -> list[Tensor]:
    """All that is averaged, in one order: what took no part is left out."""
    gradients = [*share.discriminator, *(share.pretrained or []), *share.generator]
    return [share.mean_w, share.stats, *(g for g in gradients if g is not None)]


def _unflatten(means: list[Tensor], like: StepGradients) -> StepGradients:
    """The inverse of `_flatten`, with what took no part as it is in `like`."""
    mean_w, stats, *rest = means
    taken = iter(rest)

    def fill(gradients: Gradients) -> Gradients:
        return [None if g is None else next(taken) for g in gradients]

    discriminator = fill(like.discriminator)
    pretrained = None if like.pretrained is None else fill(like.pretrained)
    return StepGradients(mean_w, stats, discriminator, pretrained, fill(like.generator))


def _torch_seed(seed: int, images_seen: int) -> int:
    """A seed below 2³² for one step: torch's generator on CPUs ignores higher bits."""
    return int(np.random.SeedSequence([seed, images_seen]).generate_state(1)[0])
