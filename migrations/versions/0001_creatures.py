"""Checkpoints and creatures."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
key = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "checkpoints",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkpoints")),
    )
    op.create_table(
        "creatures",
        sa.Column("id", row_id, nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("owner_name", sa.Text(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=True),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("name_key", key, nullable=True),
        sa.Column("seed", sa.BigInteger(), nullable=True),
        sa.Column("seed_text", sa.Text(), nullable=True),
        sa.Column("psi", sa.Float(), nullable=True),
        sa.Column("noise_seed", sa.BigInteger(), nullable=False),
        sa.Column("layers", sa.Integer(), nullable=False),
        sa.Column("checkpoint_id", sa.String(length=64), nullable=False),
        sa.Column("parent_a_id", row_id, nullable=True),
        sa.Column("parent_b_id", row_id, nullable=True),
        sa.Column("recipe", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shown_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("w_plus", sa.LargeBinary(), nullable=False),
        sa.Column("png", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "(name IS NULL) = (name_key IS NULL) AND (name IS NULL) = (saved_at IS NULL)",
            name=op.f("ck_creatures_saved_whole"),
        ),
        sa.ForeignKeyConstraint(
            ["checkpoint_id"], ["checkpoints.id"], name=op.f("fk_creatures_checkpoint_id")
        ),
        sa.ForeignKeyConstraint(
            ["parent_a_id"], ["creatures.id"], name=op.f("fk_creatures_parent_a_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["parent_b_id"], ["creatures.id"], name=op.f("fk_creatures_parent_b_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_creatures")),
        sa.UniqueConstraint("code", name=op.f("uq_creatures_code")),
        sqlite_autoincrement=True,
    )
    op.create_index("uq_creatures_owner_name", "creatures", ["owner_id", "name_key"], unique=True)
    op.create_index("ix_creatures_guild_name", "creatures", ["guild_id", "name_key", "owner_id"])
    op.create_index("ix_creatures_latest", "creatures", ["owner_id", "channel_id", "shown_at"])
    op.create_index("ix_creatures_unsaved", "creatures", ["name_key", "created_at"])
    op.create_index(op.f("ix_creatures_parent_a_id"), "creatures", ["parent_a_id"])
    op.create_index(op.f("ix_creatures_parent_b_id"), "creatures", ["parent_b_id"])


def downgrade() -> None:
    op.drop_table("creatures")
    op.drop_table("checkpoints")
