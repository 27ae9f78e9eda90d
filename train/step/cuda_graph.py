"""A computation on a GPU, captured once and launched as a whole from then on.

A step of a small network is some thousands of short operations. Launched one by one from Python they keep a
GPU waiting most of the time; a CUDA graph is launched at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import torch
from torch import Tensor

T = TypeVar("T")
WARM_UPS = 3  # libraries choose their kernels, and caches fill, before anything is captured


class CudaGraph(Generic[T]):
    """`compute` as a CUDA graph, for inputs of the shapes given here.

    It must do the same operations every time, ask the host nothing (`.item()`), and change nothing but what
    it returns; random numbers are fresh at each call, as the seed and the calls before it want them. What
    a call returns is overwritten by the next one.
    """

    def __init__(self, compute: Callable[..., T], *inputs: Tensor) -> None:
        self._inputs = [tensor.clone() for tensor in inputs]
        present, aside = torch.cuda.current_stream(), torch.cuda.Stream()
        aside.wait_stream(present)
        with torch.cuda.stream(aside):
            for _ in range(WARM_UPS):
                compute(*self._inputs)
        present.wait_stream(aside)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._result = compute(*self._inputs)

    def __call__(self, *inputs: Tensor) -> T:
        """The result for these inputs."""
        for mine, given in zip(self._inputs, inputs, strict=True):
            mine.copy_(given)
        self._graph.replay()
        return self._result
