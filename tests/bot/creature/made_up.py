"""Traits of creatures that nobody read: of all kinds, each as likely as the others."""

from __future__ import annotations

import random

from bot.creature.traits import COLOURS, SHAPES, SHOWABLE, STAGES, STATS, TYPES, Traits


def made_up(rng: random.Random, shown: frozenset[str] = SHOWABLE) -> Traits:
    """Diverse ones: heights and weights over three decades, stats flat or pointed."""
    height = 10 ** rng.uniform(-1, 1)
    pointed = rng.choice((0.1, 0.25, 0.45))
    total = rng.uniform(200, 650)
    shares = [rng.lognormvariate(0, pointed) for _ in STATS]
    hp, atk, defence, spa, spd, spe = (
        min(255, max(1, round(total * share / sum(shares)))) for share in shares
    )
    return Traits(
        types=tuple(rng.sample(TYPES, rng.choice((1, 2)))),
        colour=rng.choice(COLOURS),
        shape=rng.choice(SHAPES),
        height_m=height,
        weight_kg=27 * height**1.76 * 10 ** rng.gauss(0, 0.4),
        stats=(hp, atk, defence, spa, spd, spe),
        stage=rng.choice(STAGES),
        shown=shown,
    )
