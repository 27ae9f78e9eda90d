"""Ids, codes and words of the program's are compared by code point, however the database sorts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

WORDS = {
    "checkpoints": {"id": 64, "parent_id": 64},
    "active_checkpoint": {"checkpoint_id": 64},
    "retrain_jobs": {"parent_id": 64, "result_id": 64, "state": 16, "stage": 16},
    "creatures": {
        "checkpoint_id": 64,
        "code": 16,
        "read_by": 32,
        "type_1": 16,
        "type_2": 16,
        "colour": 16,
    },
}


def upgrade() -> None:
    sort("C")


def downgrade() -> None:
    sort("default")


def sort(collation: str) -> None:
    """SQLite compares by code point anyway. No row is rewritten, but indexes are."""
    if op.get_context().dialect.name != "postgresql":
        return
    for table, words in WORDS.items():
        for column, length in words.items():
            op.alter_column(table, column, type_=sa.String(length, collation=collation))
