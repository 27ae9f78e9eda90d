"""Two computations at the same time, half of the processor's cores each.

Most operations of a small network are too short to share among threads: these wait for each other more than
they work. Two computations that need nothing of each other keep the cores busy with no waiting in between.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

A = TypeVar("A")
B = TypeVar("B")


class SideBySide:
    """Runs pairs of functions, in two threads where `possible`, else one after the other.

    Neither may draw random numbers or talk to other processes: there is no order between them.
    """

    def __init__(self, possible: bool) -> None:
        self.possible = possible
        self._helper = ThreadPoolExecutor(1, thread_name_prefix="side-by-side")

    def __call__(self, first: Callable[[], A], second: Callable[[], B]) -> tuple[A, B]:
        """Both results. Raises what either raises, once both have ended."""
        threads = torch.get_num_threads()
        if not self.possible or threads < 2:
            return first(), second()
        later = self._helper.submit(_with_threads, threads // 2, second)
        try:
            ours = _with_threads(threads - threads // 2, first)
        finally:
            torch.set_num_threads(threads)
            later.exception()  # waits
        return ours, later.result()


def _with_threads(count: int, compute: Callable[[], A]) -> A:
    """The number of threads is a property of the thread that asks for it."""
    torch.get_num_threads()  # the first question of a thread sets a default, which must not come later
    torch.set_num_threads(count)
    return compute()
