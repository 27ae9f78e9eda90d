"""Favourites, the names of released parents, and the orders that a collection is shown in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Added at the end of the table: SQLite does that without rewriting it.
    op.add_column(
        "creatures", sa.Column("favourite", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("creatures", sa.Column("parent_a_name", sa.Text(), nullable=True))
    op.add_column("creatures", sa.Column("parent_b_name", sa.Text(), nullable=True))
    op.create_index("ix_creatures_saved", "creatures", ["owner_id", "saved_at", "id", "guild_id"])
    op.create_index(
        "ix_creatures_favourite", "creatures", ["owner_id", "favourite", "saved_at", "id", "guild_id"]
    )


def downgrade() -> None:
    op.drop_index("ix_creatures_favourite", table_name="creatures")
    op.drop_index("ix_creatures_saved", table_name="creatures")
    with op.batch_alter_table("creatures") as batch:
        batch.drop_column("parent_b_name")
        batch.drop_column("parent_a_name")
        batch.drop_column("favourite")
