"""Training in several processes: one a GPU, or one a core of a CPU (`train.run.processes`, or torchrun).

Gradients are averaged by hand, as StyleGAN2-ADA does, because a wrapper around the module gets in the way of
penalties on gradients. Processes share each batch (`train.step.batch`), so that any number of them trains
what one alone would, and meet once a step.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor

CPU = torch.device("cpu")


@dataclass(frozen=True)
class ProcessGroup:
    """All processes of a run, and which of them this is: one alone, unless more were started together."""

    rank: int = 0
    size: int = 1
    device: torch.device = CPU  # of this process

    @classmethod
    def join(cls, device: torch.device) -> ProcessGroup:
        """Meet the other processes that were started with this one, if any."""
        if int(os.environ.get("WORLD_SIZE", "1")) == 1:
            return cls(device=device)
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
        return cls(dist.get_rank(), dist.get_world_size(), device)

    @property
    def is_main(self) -> bool:
        """Whether this is the process that writes files and prints."""
        return self.rank == 0

    def leave(self) -> None:
        """Leave the group, before the process ends."""
        if self.size > 1:
            dist.destroy_process_group()

    def mean(self, shares: Sequence[Sequence[Tensor]]) -> list[Tensor]:
        """Each tensor's mean over all shares of a batch, this process's and the others', in one message.

        All shares have tensors of the same shapes, all float32.
        """
        total = [functools.reduce(torch.add, parts) for parts in zip(*shares, strict=True)]
        if self.size > 1:
            message = torch.cat([t.flatten() for t in total])
            dist.all_reduce(message)
            parts = message.split([t.numel() for t in total])
            total = [part.view(t.shape) for part, t in zip(parts, total, strict=True)]
        count = len(shares) * self.size
        return total if count == 1 else [t / count for t in total]

    def any(self, flag: bool) -> bool:
        """Whether the flag is up in any process: they act together or not at all."""
        if self.size == 1:
            return flag
        raised = torch.tensor(float(flag), device=self.device)
        dist.all_reduce(raised)
        return bool(raised > 0)

    def barrier(self) -> None:
        """Wait for the others."""
        if self.size > 1:
            dist.barrier()
