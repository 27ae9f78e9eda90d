"""From orders to creatures: one thread draws, others finish and encode what it has drawn."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bot.engine.models import Model
from gan.pictures.sprite import Pixels, to_png
from gan.sampler import CHUNK

Code = NDArray[np.float32]  # one creature's W+, [L, w_dim]

THREADS = 2  # that finish and encode: one creature takes them a fifth of the time that drawing it takes


@dataclass(frozen=True, eq=False)
class Hatched:
    """A creature that was drawn. `seed` and `psi` are None if it came from a W+ code."""

    w_plus: Code  # float32 [L, w_dim]
    noise_seed: int
    png: bytes  # RGBA, at the network's resolution
    pixels: Pixels  # uint8 [H, W, 4]: what `png` holds
    checkpoint_id: str
    seed: int | None = None
    psi: float | None = None
    candidate: int = 0  # of those that follow from the seed; 0 is the seed's own


@dataclass(eq=False)
class Order:
    """One creature to draw: from a seed and ψ, or from a W+ code."""

    model: Model
    noise_seed: int
    psi: float | None = None
    w_plus: Code | None = None
    pick: bool = False  # of a seed: the best of the candidates that follow from it
    done: asyncio.Future[Hatched] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Finishing:
    """Draws orders, and finishes and encodes each pass of the network while the next one is drawn."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, "finishing")

    def drawn_by(self, model: Model, orders: list[Order]) -> list[Hatched]:
        """All these orders at once, with the checkpoint that they are for. Blocking: the engine's thread."""
        sampler = model.sampler
        finishing: list[Future[Hatched]] = []
        for start in range(0, len(orders), CHUNK):
            chunk = orders[start : start + CHUNK]
            candidates = _candidates(model, chunk)
            codes = [_code(order, candidate) for order, candidate in zip(chunk, candidates, strict=True)]
            raw = sampler.render(np.stack(codes), [order.noise_seed for order in chunk], raw=True)
            for drawn in zip(chunk, codes, candidates, raw, strict=True):
                finishing.append(self._threads.submit(_finished, *drawn))
        return [creature.result() for creature in finishing]

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=False)


def _candidates(model: Model, orders: list[Order]) -> list[int]:
    """Which of its seed's candidates each order draws. All are scored together, which costs least."""
    seeds = [order.noise_seed for order in orders if order.pick]
    picked = iter(model.sampler.candidates(seeds))
    return [next(picked) if order.pick else 0 for order in orders]


def _code(order: Order, candidate: int) -> Code:
    if order.w_plus is not None:
        return order.w_plus
    psi = 1.0 if order.psi is None else order.psi
    return order.model.sampler.w_of_candidate(order.noise_seed, candidate, psi)


def _finished(order: Order, code: Code, candidate: int, raw: Pixels) -> Hatched:
    pixels = order.model.sampler.finished(raw)
    return Hatched(
        w_plus=code,
        noise_seed=order.noise_seed,
        png=to_png(pixels),
        pixels=pixels,
        checkpoint_id=order.model.id,
        seed=order.noise_seed if order.w_plus is None else None,
        psi=order.psi,
        candidate=candidate,
    )
