"""Discord's ids: milliseconds since 2015 in the upper 42 bits, a counter in the lower 22."""

from __future__ import annotations

import time
from datetime import UTC, datetime

EPOCH_MS = 1_420_070_400_000
COUNTER_BITS = 22


SNOWFLAKE_MAX = 2**63 - 1


def parse_snowflake(value: object) -> int | None:
    """The id that somebody wrote, as a number or in digits; None where it can be none."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 19:
        number = int(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        number = value
    else:
        return None
    return number if 0 <= number <= SNOWFLAKE_MAX else None


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
