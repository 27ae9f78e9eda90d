"""Ids of rows: new ones that never come twice, and what a column can hold.

A database that is restored from a backup has forgotten the ids that it gave away since, while buttons on
messages still hold them. So ids are not counted up: an id is the second in which it was made and 32 random
bits. Those that earlier versions counted up stay, and no new one is that small.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

MAX_ID = 2**63 - 1  # larger ones come from forged buttons

_EPOCH = datetime(2025, 1, 1, tzinfo=UTC)
_RANDOM_BITS = 32
_MAX_SECOND = 2**31 - 1  # in January 2093


def new_id(at: datetime) -> int:
    """An id of 63 bits that nothing had before. Later ones are larger, so that rows lie by age on the disk;
    but nothing may rely on it, as clocks are set back.
    """
    second = min(max(int((at - _EPOCH).total_seconds()), 1), _MAX_SECOND)
    return second << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)


def is_possible(row_id: int) -> bool:
    """Whether any row can have this id."""
    return 0 < row_id <= MAX_ID
