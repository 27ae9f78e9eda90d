"""Ids of rows: what a column can hold."""

from __future__ import annotations

MAX_ID = 2**63 - 1  # larger ones come from forged buttons


def is_possible(row_id: int) -> bool:
    """Whether any row can have this id."""
    return 0 < row_id <= MAX_ID
