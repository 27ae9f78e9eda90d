"""On what, and in which number format, a run computes: chosen by what the machine multiplies fastest."""

from __future__ import annotations

import contextlib
import os
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import nn

from gan.ops import best_dtype
from train.errors import PrecisionError
from train.recipe import Precision

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
M = TypeVar("M", bound=nn.Module)


@dataclass(frozen=True)
class Compute:
    """Where the networks are, what convolutions compute in, and how activations lie in memory."""

    device: torch.device
    dtype: torch.dtype  # of convolutions and matrix products; weights and losses stay in float32
    memory_format: torch.memory_format = torch.channels_last  # the fast path of bf16 on CPUs, fp16 on GPUs

    def autocast(self) -> AbstractContextManager[object]:
        """Run the convolutions inside in `dtype`; float32 needs no context."""
        if self.dtype == torch.float32:
            return contextlib.nullcontext()
        # Its cache of casts is shared by threads, which clear it under each other: then it depends on their
        # pace whether gradients of a weight that is used twice are added before or after rounding.
        return torch.autocast(self.device.type, self.dtype, cache_enabled=False)

    def to_device(self, module: M) -> M:
        """The module on this device, in this memory format."""
        return module.to(self.device, memory_format=self.memory_format)  # pyright: ignore[reportCallIssue]

    @property
    def number_format(self) -> str:
        """Kind of device and number format: what results hang on beyond rounding in float32."""
        return f"{self.device.type} {str(self.dtype).removeprefix('torch.')}"

    def __str__(self) -> str:
        layout = "channels_last" if self.memory_format == torch.channels_last else "contiguous"
        name = torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else "CPU"
        return f"{name}, {str(self.dtype).removeprefix('torch.')}, {layout}"


def choose(precision: Precision = "auto", device: torch.device | None = None) -> Compute:
    """The fastest number format of the machine, or the one asked for.

    `auto` is bfloat16 where the hardware multiplies it, else float16 on a GPU and float32 on a CPU; float32
    products on a GPU use TF32. Raises `PrecisionError` for a format that would not be quicker than float32.
    """
    device = device or best_device()
    if device.type == "cuda":
        torch.set_float32_matmul_precision("high")
        torch.backends.cudnn.allow_tf32 = True
        torch.backends.cudnn.benchmark = True  # shapes stay the same for a whole stage
    best = best_dtype(device)
    dtype = best if precision == "auto" else DTYPES[precision]
    if dtype == torch.float16 and device.type == "cpu":
        raise PrecisionError("fp16 needs a GPU: leave --precision out, and the CPU's best is taken.")
    if dtype == torch.bfloat16 and best != torch.bfloat16:
        raise PrecisionError(
            "This machine has no bf16 instructions, and emulating them is far slower than fp32: "
            "leave --precision out."
        )
    return Compute(device, dtype)


def best_device() -> torch.device:
    """CUDA if there is any (under torchrun: this process's GPU), else the CPU."""
    if not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
