"""How many creatures belong to a checkpoint is counted in an index."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_creatures_checkpoint", "creatures", ["checkpoint_id", "name_key"])


def downgrade() -> None:
    op.drop_index("ix_creatures_checkpoint", table_name="creatures")
