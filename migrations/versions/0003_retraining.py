"""Retrains, where checkpoints come from, and which one is in use."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("checkpoints", sa.Column("parent_id", sa.String(length=64), nullable=True))
    op.add_column("checkpoints", sa.Column("metrics", sa.JSON(), nullable=True))
    op.add_column("checkpoints", sa.Column("promoted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("checkpoints", sa.Column("configured_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "active_checkpoint",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("checkpoint_id", sa.String(length=64), nullable=False),
        sa.Column("chosen", sa.Boolean(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_active_checkpoint_single")),
        sa.ForeignKeyConstraint(
            ["checkpoint_id"], ["checkpoints.id"], name=op.f("fk_active_checkpoint_checkpoint_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_active_checkpoint")),
    )
    op.create_table(
        "retrain_jobs",
        sa.Column("id", row_id, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("started_by", sa.BigInteger(), nullable=False),
        sa.Column("started_by_name", sa.Text(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=True),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("kimg", sa.Float(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=True),
        sa.Column("pid_started", sa.Text(), nullable=True),
        sa.Column("parent_id", sa.String(length=64), nullable=False),
        sa.Column("result_id", sa.String(length=64), nullable=True),
        sa.Column("promoted", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("cancelled_by", sa.Text(), nullable=True),
        sa.Column("outcome", sa.JSON(), nullable=True),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["parent_id"], ["checkpoints.id"], name=op.f("fk_retrain_jobs_parent_id")),
        sa.ForeignKeyConstraint(["result_id"], ["checkpoints.id"], name=op.f("fk_retrain_jobs_result_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retrain_jobs")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_retrain_jobs_running",
        "retrain_jobs",
        ["state"],
        unique=True,
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    )


def downgrade() -> None:
    op.drop_table("retrain_jobs")
    op.drop_table("active_checkpoint")
    with op.batch_alter_table("checkpoints") as batch:
        batch.drop_column("configured_at")
        batch.drop_column("promoted_at")
        batch.drop_column("metrics")
        batch.drop_column("parent_id")
