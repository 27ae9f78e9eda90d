"""What was read of creatures is kept beside them, so that collections can be filtered; and some are shiny."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# Recipes say so as well. There are such rows where a database went back a version and comes up again.
SHINY = """UPDATE creatures SET shiny = true WHERE CAST(recipe AS TEXT) LIKE '%"shiny": true%'"""
SAVED = sa.text("saved_at IS NOT NULL")
INDEXED = [
    "owner_id", "checkpoint_id", "read_by", "type_1", "type_2",
    "favourite", "saved_at", "id", "guild_id", "name_key",
]  # fmt: skip


def upgrade() -> None:
    # Added at the end of the table, with constants: no row is rewritten.
    op.add_column("creatures", sa.Column("shiny", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("creatures", sa.Column("read_by", sa.String(length=32)))
    op.add_column("creatures", sa.Column("type_1", sa.String(length=16)))
    op.add_column("creatures", sa.Column("type_2", sa.String(length=16)))
    op.add_column("creatures", sa.Column("colour", sa.String(length=16)))
    op.execute(SHINY)
    op.create_index("ix_creatures_read", "creatures", INDEXED, sqlite_where=SAVED, postgresql_where=SAVED)


def downgrade() -> None:
    op.drop_index("ix_creatures_read", "creatures")
    for column in ("colour", "type_2", "type_1", "read_by", "shiny"):
        op.drop_column("creatures", column)
