"""How many CPU threads drawing takes: as few as serve best, by a measurement at the start.

More threads draw one creature sooner, but they wait for each other at every operation, and other threads of
the bot finish, enlarge and encode pictures at the same time. So drawing is timed beside a thread that
encodes, and more threads are taken only where they are clearly quicker even then. Never more than two: a
creature has the same bytes with one and with two, but three share the work in a way that rounds differently.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from threadpoolctl import ThreadpoolController

from bot.engine.models import Model
from gan.pictures.sprite import to_png
from gan.sampler import CHUNK

log = logging.getLogger(__name__)

MOST = 2
BUDGET_S = 0.35  # no pass begins that would probably end later
PASSES = 2  # of each number of threads; the quicker counts
CLEARLY = 1.25  # times as quick: what twice the threads must be


def use_threads(threads: int | None) -> None:
    """How many CPU threads the calling thread may compute with; None leaves it as it is."""
    if threads is not None:
        torch.set_num_threads(threads)


def spare_numpy() -> None:
    """Let numpy's BLAS (OpenBLAS) do its matrix products in the thread that asks for them.

    Those of the bot are small: sharing them takes more time than it saves, and where a machine is busy a
    product waits for the last of its threads to get a turn. Torch has threads of its own. Holds for this
    thread and for all that begin later.
    """
    ThreadpoolController().select(internal_api="openblas").limit(limits=1)


def choose_threads(model: Model) -> int:
    """Let the calling thread draw with the number of threads that serves best, and say so. Blocking."""
    most = min(torch.get_num_threads(), MOST)  # torch: one a core, or OMP_NUM_THREADS
    sampler = model.sampler
    if sampler.device.type != "cpu" or most == 1 or model.first_pass_s > BUDGET_S:
        threads = 1
        use_threads(threads)
    else:
        seeds = range(CHUNK)
        codes = sampler.w_from_seeds(seeds, 1.0, pick=False)
        with _encoding(sampler.resolution):
            threads = fewest_threads(lambda: sampler.render(codes, seeds, raw=True), most)
    log.info("Drawing takes %d of up to %d CPU threads (TORCH_THREADS sets another number).", threads, most)
    return threads


def fewest_threads(
    draw: Callable[[], object], most: int, clock: Callable[[], float] = time.perf_counter
) -> int:
    """Double the threads for as long as drawing is clearly quicker with more, and leave torch with those."""
    began = clock()

    def best_s(threads: int, expected_s: float) -> float | None:
        """Seconds of the quickest pass; None if there is no time for as many as it takes."""
        torch.set_num_threads(threads)
        times: list[float] = []
        for _ in range(PASSES):
            if clock() - began + expected_s > BUDGET_S:
                return None
            start = clock()
            draw()
            times.append(expected_s := clock() - start)
        return min(times)

    chosen, chosen_s = 1, best_s(1, 0.0)
    while chosen_s is not None and chosen < most:
        more = min(2 * chosen, most)
        more_s = best_s(more, chosen_s)
        if more_s is None or more_s * CLEARLY > chosen_s:
            break
        chosen, chosen_s = more, more_s
    torch.set_num_threads(chosen)
    return chosen


@contextmanager
def _encoding(side: int) -> Iterator[None]:
    """A thread that encodes pictures meanwhile, as the bot does while it draws."""
    picture = np.random.default_rng(0).integers(0, 256, (side, side, 4), np.uint8)
    over = threading.Event()

    def encode() -> None:
        while not over.is_set():
            to_png(picture, scale=4)

    thread = threading.Thread(target=encode, name="encoding", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
