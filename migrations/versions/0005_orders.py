"""Checkpoints and retrains are ordered by numbers that count up, whatever the clock says."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("checkpoints", "retrain_jobs"):
        op.add_column(table, sa.Column("number", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.execute("UPDATE retrain_jobs SET number = id")
    # As they were listed so far: the newest first, and of the same age the smallest id.
    op.execute(
        "UPDATE checkpoints SET number = (SELECT count(*) FROM checkpoints AS older"
        " WHERE older.registered_at < checkpoints.registered_at"
        " OR (older.registered_at = checkpoints.registered_at AND older.id >= checkpoints.id))"
    )


def downgrade() -> None:
    for table in ("retrain_jobs", "checkpoints"):
        op.drop_column(table, "number")
