"""Computations at the same time, each with its part of the processor's cores.

Most operations of a small network are too short to share among threads: these wait for each other more than
they work. Computations that need nothing of each other keep the cores busy with no waiting in between.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import torch

A = TypeVar("A")
MOST_THREADS = 1024  # which begin when they are needed


class Threads:
    """Runs functions in as many threads, or one after the other where torch has no thread for each.

    None of them may draw random numbers or talk to other processes: there is no order between them.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(MOST_THREADS, thread_name_prefix="share")

    def __call__(self, computations: Sequence[Callable[[], A]]) -> list[A]:
        """All results. Raises what the first of those that failed raises, once all have ended."""
        threads = torch.get_num_threads()
        each = threads // len(computations)
        if len(computations) == 1 or each < 1:
            return [compute() for compute in computations]
        first, *others = (partial(_with_threads, each, compute) for compute in computations)
        later = [self._pool.submit(other) for other in others]
        try:
            ours = first()
        finally:
            torch.set_num_threads(threads)
            for future in later:
                future.exception()  # waits
        return [ours, *(future.result() for future in later)]


def _with_threads(count: int, compute: Callable[[], A]) -> A:
    """The number of threads is a property of the thread that asks for it."""
    torch.get_num_threads()  # the first question of a thread sets a default, which must not come later
    torch.set_num_threads(count)
    return compute()
