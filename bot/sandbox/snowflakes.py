"""Discord's ids: milliseconds since 2015 in the upper 42 bits, a counter in the lower 22."""

from __future__ import annotations

import time
from datetime import UTC, datetime

EPOCH_MS = 1_420_070_400_000
COUNTER_BITS = 22


class Snowflakes:
    """Hands out strictly increasing ids, even when the clock is set back (`floor`: the last id in use)."""

    def __init__(self, floor: int = 0) -> None:
        self._last = floor

    def next(self) -> int:
        now_ms = time.time_ns() // 1_000_000 - EPOCH_MS
        self._last = max(now_ms << COUNTER_BITS, self._last + 1)
        return self._last


def created_at(snowflake: int) -> datetime:
    """When the id was made, in UTC."""
    return datetime.fromtimestamp(((snowflake >> COUNTER_BITS) + EPOCH_MS) / 1000, tz=UTC)
