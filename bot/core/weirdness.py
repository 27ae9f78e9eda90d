"""Weirdness: the truncation ψ, in words that people know."""

from __future__ import annotations

import math

from bot.core.language import N_
from bot.engine import DEFAULT_PSI
from bot.errors import UserError

STEPS = {"tame": 0.5, "normal": DEFAULT_PSI, "wild": 1.0}
DEFAULT = "normal"
MOST = 1.5  # beyond this there is only noise


def parse(text: str | None) -> float:
    """ψ for a step's name or a number from 0 to `MOST`. Raises `UserError` for anything else."""
    word = (text or DEFAULT).strip().casefold()
    if word in STEPS:
        return STEPS[word]
    try:
        psi = float(word.replace(",", "."))
    except ValueError:
        psi = math.nan
    if not 0 <= psi <= MOST:
        steps = ", ".join(STEPS)
        raise UserError(N_("Weirdness is {steps}, or a number from 0 to {most:g}."), steps=steps, most=MOST)
    return psi


def describe(psi: float) -> str:
    """The step's name where there is one, and the number."""
    name = next((name for name, value in STEPS.items() if math.isclose(value, psi)), None)
    return f"{name} (ψ {psi:g})" if name else f"ψ {psi:g}"
