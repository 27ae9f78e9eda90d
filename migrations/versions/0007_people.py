"""What people are called is kept in one place, by person and server, instead of with each creature."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# The newest name of each owner, in each server (of the creature that it is saved in) and everywhere (0).
NEWEST = """
INSERT INTO people (user_id, guild_id, name, seen_at)
SELECT owner_id, place, owner_name, created_at FROM (
    SELECT owner_id, {place} AS place, owner_name, created_at,
        row_number() OVER (PARTITION BY owner_id, {place} ORDER BY created_at DESC, id DESC) AS age
    FROM creatures WHERE {condition} AND owner_name <> ''
) AS named WHERE age = 1
"""
# What this version keeps with no creature, the one before it needs there.
GIVE_BACK = """
UPDATE creatures SET owner_name = coalesce((
    SELECT people.name FROM people
    WHERE people.user_id = creatures.owner_id AND people.guild_id IN (0, coalesce(creatures.guild_id, 0))
    ORDER BY people.guild_id DESC LIMIT 1
), '') WHERE owner_name = ''
"""


def upgrade() -> None:
    op.create_table(
        "people",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "guild_id", name=op.f("pk_people")),
    )
    op.create_index(op.f("ix_people_seen_at"), "people", ["seen_at"])
    op.execute(NEWEST.format(place="0", condition="true"))
    op.execute(NEWEST.format(place="guild_id", condition="guild_id IS NOT NULL"))


def downgrade() -> None:
    op.execute(GIVE_BACK)
    op.drop_table("people")
