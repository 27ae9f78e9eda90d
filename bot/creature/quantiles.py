"""Where a value lies in a distribution that is known by its quantiles."""

from __future__ import annotations

import numpy as np


def rank(value: float, quantiles: np.ndarray) -> float:
    """Which share of the distribution lies below `value`, 0 to 1; the middle where much of it is equal to it.

    `quantiles`, [Q], are evenly spaced, from the lowest to the highest.
    """
    last = len(quantiles) - 1
    below = int(np.searchsorted(quantiles, value, side="left"))
    through = int(np.searchsorted(quantiles, value, side="right"))
    if through > below:
        return (below + through - 1) / 2 / last
    return float(np.interp(value, quantiles, np.linspace(0, 1, last + 1)))
