"""What is left to chance."""

from __future__ import annotations

import secrets
from collections.abc import Callable


def is_lucky(odds: int, below: Callable[[int], int] = secrets.randbelow) -> bool:
    """True once in `odds` times; never where that is 0. `below(n)` draws a number from 0 to n - 1."""
    return odds > 0 and below(odds) == 0
