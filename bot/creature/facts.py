"""What the numbers of a creature mean: how large it is, how heavy for its height, what it is best at."""

from __future__ import annotations

import math

from bot.creature.grammar import Near
from bot.creature.traits import STATS, Traits

SIZES = (0.35, 0.75, 1.35, 2.25)  # metres: where the next size begins; about a fifth of all species in each

# log10 of the weight that species of a height have, kg and m, by least squares over 1,025 species; they
# scatter about it by 0.41. Beyond HEFT is one in five on either side.
WEIGHT_OF_1_M, WEIGHT_SLOPE, HEFT = 1.438, 1.764, 0.28

BEST, WORST = 1.2, 0.8  # of the mean stat: what sticks out, in nine species of ten
LIKE = 0.15  # things are compared that differ by no more than this share


def size_class(height_m: float) -> int:
    """0, tiny, to 4, huge."""
    return sum(height_m >= border for border in SIZES)


def heft(traits: Traits) -> str:
    """ "light", "usual" or "heavy" for its height."""
    expected = WEIGHT_OF_1_M + WEIGHT_SLOPE * math.log10(traits.height_m)
    difference = math.log10(traits.weight_kg) - expected
    return "heavy" if difference > HEFT else "light" if difference < -HEFT else "usual"


def strongest(traits: Traits) -> str:
    """Which stat sticks out, "even" where none does."""
    best = max(range(len(STATS)), key=lambda i: traits.stats[i])
    return STATS[best] if traits.stats[best] >= BEST * sum(traits.stats) / len(STATS) else "even"


def weakest(traits: Traits) -> str | None:
    """Which stat lies far below the others, if one does."""
    worst = min(range(len(STATS)), key=lambda i: traits.stats[i])
    return STATS[worst] if traits.stats[worst] <= WORST * sum(traits.stats) / len(STATS) else None


def alike(value: float, things: Near) -> str | None:
    """The thing nearest in size, if one is near enough to be compared with."""
    size, thing = min(things, key=lambda known: abs(math.log(known[0] / value)))
    return thing if abs(size - value) <= LIKE * size else None


def height_text(height_m: float) -> str:
    """Metres, rounded as the games round them."""
    return f"{max(0.1, round(height_m, 1)):.1f}"


def weight_text(weight_kg: float) -> str:
    """Kilograms, rounded as the games round them, whole from 100 on."""
    return f"{weight_kg:.0f}" if weight_kg >= 100 else f"{max(0.1, round(weight_kg, 1)):.1f}"
