"""From orders to styles, with the checkpoint that they are for. Blocking: for the engine's thread."""

from __future__ import annotations

from collections.abc import Sequence

from bot.engine.orders import MixOrder, NearbyOrder, Order, SeedOrder, StylesOrder, WPlus
from gan.latents import blend, mix_by_level
from gan.sampler import Sampler


def candidates_of(orders: Sequence[Order], sampler: Sampler, pick: bool) -> list[int]:
    """Which of its seed's candidates each order draws: with `pick` the best, else the seed's own, 0.

    All are scored in one batch, which costs least. Orders of anything else than a seed have none to choose.
    """
    seeds = [order.seed for order in orders if isinstance(order, SeedOrder)]
    picked = iter(sampler.candidates(seeds, pick))
    return [next(picked) if isinstance(order, SeedOrder) else 0 for order in orders]


def w_plus_of(order: Order, sampler: Sampler, candidate: int = 0) -> WPlus:
    """float32 [L, w_dim]. `candidate` is that of an order's own seed; directions go to a seed's own z.

    Raises ValueError for styles that are not this network's.
    """
    match order:
        case SeedOrder(seed=seed, psi=psi):
            return sampler.w_of_candidate(seed, candidate, psi)
        case StylesOrder():
            return order.w_plus
        case MixOrder():
            return mix_by_level(order.a, order.b, order.take, sampler.levels, order.amount)
        case NearbyOrder(origin=origin, seed=seed, psi=psi, step=step):
            return blend(w_plus_of(origin, sampler), sampler.w_of_candidate(seed, 0, psi), step)
