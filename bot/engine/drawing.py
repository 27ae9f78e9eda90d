"""From orders to creatures: one thread draws, others finish and encode what it has drawn."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from bot.engine.models import Model
from bot.engine.orders import Hatched, Order, Pixels, SeedOrder, WPlus
from bot.engine.reading_many import read_many
from bot.engine.styles import candidates_of, w_plus_of
from gan.pictures.sprite import to_png
from gan.sampler import CHUNK
from gan.shiny import shiny

THREADS = 2  # that finish and encode: one creature takes them a fifth of the time that drawing it takes


class Drawer:
    """Draws orders, and finishes and encodes each pass of the network while the next one is drawn."""

    def __init__(self, pick: bool) -> None:
        self.pick = pick  # the best of a seed's candidates
        self._threads = ThreadPoolExecutor(THREADS, "finishing")

    def draw(self, model: Model, orders: Sequence[Order]) -> list[Hatched]:
        """All these orders with one checkpoint. Blocking, and in one thread at a time.

        Raises what torch and NumPy raise for styles that are not this network's.
        """
        finishing: list[Future[Hatched]] = []
        for start in range(0, len(orders), CHUNK):
            chunk = orders[start : start + CHUNK]
            candidates = candidates_of(chunk, model.sampler, self.pick)
            codes = [w_plus_of(o, model.sampler, c) for o, c in zip(chunk, candidates, strict=True)]
            raw = model.sampler.render(np.stack(codes), [order.noise_seed for order in chunk], raw=True)
            for order, w_plus, candidate, pixels in zip(chunk, codes, candidates, raw, strict=True):
                drawn = _Drawn(w_plus, pixels, candidate)
                if isinstance(order, SeedOrder) and order.shiny:
                    drawn = _in_other_colours(model, order, drawn)
                finishing.append(self._threads.submit(_finished, model, order, drawn))
        return [creature.result() for creature in finishing]

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=False)


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """A creature as the network draws it."""

    w_plus: WPlus
    raw: Pixels
    candidate: int
    shiny: bool = False


def _in_other_colours(model: Model, order: SeedOrder, plain: _Drawn) -> _Drawn:
    """As a shiny; as it is where the checkpoint finds no colours that differ visibly."""
    found = shiny(model.sampler, plain.raw, plain.w_plus, order.seed, order.noise_seed)
    if found is None:
        return plain
    w_plus, raw = found
    return replace(plain, w_plus=w_plus, raw=raw, shiny=True)


def _finished(model: Model, order: Order, drawn: _Drawn) -> Hatched:
    pixels = model.sampler.finished(drawn.raw)
    [reading] = read_many(model.sampler, model.reader, [drawn.w_plus])
    return Hatched(
        w_plus=drawn.w_plus,
        noise_seed=order.noise_seed,
        png=to_png(pixels),
        pixels=pixels,
        checkpoint_id=model.id,
        candidate=drawn.candidate,
        shiny=drawn.shiny,
        reading=reading,
    )
