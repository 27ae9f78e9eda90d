"""Training in several processes: one a GPU, or one a core of a CPU (`train.processes`, or torchrun).

Gradients are averaged by hand after each backward pass, as StyleGAN2-ADA does, because a wrapper around the
module gets in the way of penalties on gradients. Processes share each batch, draw the same random numbers,
and each keeps its rows (`Draw`), so that any number of them trains what one alone would.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn

CPU = torch.device("cpu")


@dataclass(frozen=True)
class World:
    """All processes of a run, and which of them this is."""

    rank: int = 0
    size: int = 1
    device: torch.device = CPU  # of this process

    @classmethod
    def join(cls, device: torch.device) -> World:
        """Meet the other processes that were started with this one, if any."""
        if int(os.environ.get("WORLD_SIZE", "1")) == 1:
            return cls(device=device)
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
        return cls(dist.get_rank(), dist.get_world_size(), device)

    @property
    def leads(self) -> bool:
        """Whether this process writes files and talks."""
        return self.rank == 0

    def leave(self) -> None:
        """Part from the others."""
        if self.size > 1:
            dist.destroy_process_group()

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace each gradient by its mean over all processes, in one message."""
        if self.size == 1:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]
        flat = torch.cat([g.flatten() for g in gradients])
        dist.all_reduce(flat)
        flat /= self.size
        for gradient, mean in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(mean.view_as(gradient))

    def mean(self, values: Tensor) -> Tensor:
        """The mean of a tensor over all processes."""
        if self.size > 1:
            values = values.clone()
            dist.all_reduce(values)
            values /= self.size
        return values

    def any(self, flag: bool) -> bool:
        """Whether the flag is up in any process: they act together or not at all."""
        return flag if self.size == 1 else bool(self.mean(torch.tensor(float(flag), device=self.device)) > 0)

    def barrier(self) -> None:
        """Wait for the others."""
        if self.size > 1:
            dist.barrier()


@dataclass(frozen=True)
class Draw:
    """Random numbers for this process's share of a batch, from torch's global generator.

    Every process draws for the whole batch and keeps its own rows. That is wasteful and cheap, and it makes
    the result independent of how many share the work.
    """

    world: World = World()

    def _own(self, whole: Tensor) -> Tensor:
        return whole.chunk(self.world.size)[self.world.rank]

    def normal(self, n: int, *shape: int) -> Tensor:
        """n own rows of N(0, 1): [n, *shape]."""
        return self._own(torch.randn(n * self.world.size, *shape, device=self.world.device))

    def uniform(self, n: int, *shape: int) -> Tensor:
        """n own rows, uniform in [0, 1): [n, *shape]."""
        return self._own(torch.rand(n * self.world.size, *shape, device=self.world.device))

    def integers(self, low: int, high: int, n: int, *shape: int) -> Tensor:
        """n own rows of whole numbers from `low` to `high` − 1: [n, *shape]."""
        shape = (n * self.world.size, *shape)
        return self._own(torch.randint(low, high, shape, device=self.world.device))
