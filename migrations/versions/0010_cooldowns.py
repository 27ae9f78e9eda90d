"""How long who hatched a lot has to wait outlives the process."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cooldowns",
        sa.Column("user_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("full_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_cooldowns"),
    )
    op.create_index("ix_cooldowns_full_at", "cooldowns", ["full_at"])


def downgrade() -> None:
    op.drop_table("cooldowns")
