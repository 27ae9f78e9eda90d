"""Scorers with random weights, for tiny networks."""

from pathlib import Path

import torch
from torch import Tensor

from gan.checkpoint import load
from gan.sections import SCORER, Section, write_beside


def tiny_scorer(
    candidates: int = 6, seed: int = 0, widths: tuple[int, ...] = (32, 24, 16, 1), **more: object
) -> Section:
    """A scorer of w [32] with random layers."""
    torch.manual_seed(seed)
    tensors: dict[str, Tensor] = {}
    for i in range(len(widths) - 1):
        tensors[f"{i}.weight"] = (torch.randn(widths[i + 1], widths[i]) / widths[i] ** 0.5).half()
        tensors[f"{i}.bias"] = torch.randn(widths[i + 1])
    return Section(SCORER, tensors, {"candidates": candidates, **more})


def with_scorer(path: Path, section: Section | None = None) -> Path:
    """Put a scorer beside a checkpoint; returns the checkpoint's path."""
    write_beside(path, load(path).id, section or tiny_scorer())
    return path
