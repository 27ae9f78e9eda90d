"""From a creature to its line of evolution: walks over its styles, and pictures that are looked at."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from bot.engine.errors import DoesNotEvolve, NotRead
from bot.engine.models import Model
from bot.engine.orders import EvolveOrder, Hatched, HatchedLine, StylesOrder
from gan.evolution import evolves, lines, recognisable

Draw = Callable[[Sequence[StylesOrder]], Awaitable[list[Hatched]]]


async def find_line(order: EvolveOrder, model: Model, draw: Draw) -> HatchedLine:
    """The first of its possible lines whose pictures show one creature growing; see `gan.evolution`.

    Walks in a thread; all forms of a line are drawn together. Raises `NotRead` and `DoesNotEvolve`.
    """
    sampler = model.sampler
    fits = order.w_plus.shape == (sampler.num_layers, sampler.w_dim)
    if sampler.heads is None or not evolves(sampler.heads) or not fits:
        raise NotRead(model.id)
    possible = lines(sampler.heads, sampler.levels, order.w_plus)
    while (line := await asyncio.to_thread(next, possible, None)) is not None:
        forms = await draw([StylesOrder(form.w_plus, order.noise_seed, model.id) for form in line.forms])
        if await asyncio.to_thread(recognisable, [form.pixels for form in forms], line.place):
            return HatchedLine(tuple(forms), line.place)
    raise DoesNotEvolve
