"""The tables. Changing them takes a migration: see migrations/README.md."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    TypeDecorator,
    false,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeEngine


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetimes in and out, in UTC. SQLite keeps no time zone, so it is put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a time zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# SQLite counts up by itself only in a column called INTEGER, which is 64 bits wide there.
RowId = BigInteger().with_variant(Integer(), "sqlite")
# Compared by code point, as SQLite does anyway, and not as the database's language sorts: prefix search is a
# range, see queries.py. So is all that the program itself writes, and whatever is in an index.
Key = Text().with_variant(Text(collation="C"), "postgresql")


def word(length: int) -> TypeEngine[str]:
    """The type of an id, a code or a word of the program's, of so many characters at most."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


class Base(DeclarativeBase):
    # Names for all constraints: SQLite cannot alter one that has none.
    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )


class CheckpointRow(Base):
    """A checkpoint that creatures were hatched with; `id` is its content hash."""

    __tablename__ = "checkpoints"

    id: Mapped[str] = mapped_column(word(64), primary_key=True)
    path: Mapped[str] = mapped_column(Text)
    # "metadata" is taken on declarative classes.
    info: Mapped[dict[str, Any]] = mapped_column("metadata", JSON)
    registered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    parent_id: Mapped[str | None] = mapped_column(word(64))  # what it was trained further from
    metrics: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    promoted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when it last came into use
    # When CHECKPOINT last named it; later than all before it, so that the latest is what it names now.
    configured_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    number: Mapped[int] = mapped_column(Integer, server_default=text("0"))  # counts up as they are registered


class ActiveCheckpointRow(Base):
    """The checkpoint in use: one row, so that changing it is one statement."""

    __tablename__ = "active_checkpoint"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    checkpoint_id: Mapped[str] = mapped_column(ForeignKey("checkpoints.id"))
    chosen: Mapped[bool] = mapped_column(Boolean)  # by a person or a retrain, so that CHECKPOINT yields

    __table_args__ = (CheckConstraint("id = 1", name="single"),)


class RetrainJobRow(Base):
    """One retrain, from the command to its end."""

    __tablename__ = "retrain_jobs"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    number: Mapped[int] = mapped_column(
        Integer, server_default=text("0")
    )  # counts up, for people and in order
    state: Mapped[str] = mapped_column(word(16))  # running, done, failed or cancelled
    stage: Mapped[str] = mapped_column(word(16))
    started_by: Mapped[int] = mapped_column(BigInteger)
    started_by_name: Mapped[str] = mapped_column(Text)
    guild_id: Mapped[int | None] = mapped_column(BigInteger)
    channel_id: Mapped[int] = mapped_column(BigInteger)
    message_id: Mapped[int | None] = mapped_column(BigInteger)  # the one that is edited as it goes
    kimg: Mapped[float] = mapped_column(Float)  # to be shown beyond the parent's
    data: Mapped[str] = mapped_column(Text)  # the name of the data set
    run: Mapped[str] = mapped_column(Text)  # the name of the run's folder
    attempts: Mapped[int] = mapped_column(Integer)  # processes that were started for it
    pid: Mapped[int | None] = mapped_column(Integer)
    pid_started: Mapped[str | None] = mapped_column(Text)  # tells a process from a later one of that number
    parent_id: Mapped[str] = mapped_column(ForeignKey("checkpoints.id"))
    result_id: Mapped[str | None] = mapped_column(ForeignKey("checkpoints.id"))
    promoted: Mapped[bool] = mapped_column(Boolean)
    reason: Mapped[str | None] = mapped_column(Text)
    cancelled_by: Mapped[str | None] = mapped_column(Text)  # the name of who asked it to stop
    outcome: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    told: Mapped[bool] = mapped_column(Boolean)  # whether the message says how it ended
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        Index(
            "uq_retrain_jobs_running",
            "state",
            unique=True,
            sqlite_where=text("state = 'running'"),
            postgresql_where=text("state = 'running'"),
        ),
        {"sqlite_autoincrement": True},
    )


class CooldownRow(Base):
    """When somebody who hatched a lot may hatch as much again; see limits.py."""

    __tablename__ = "cooldowns"

    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    full_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class PersonRow(Base):
    """What somebody is called in a server, or elsewhere, where `guild_id` is 0; see people.py."""

    __tablename__ = "people"

    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    guild_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(Text)
    # When the interaction began that said so: a name of an earlier one does not replace it.
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)

    def key(self) -> tuple[int, int, datetime]:
        """What tells it from others, and the newer from the older."""
        return (self.user_id, self.guild_id, self.seen_at)

    def values(self) -> dict[str, Any]:
        """What the columns hold, by their names."""
        return {column.key: getattr(self, column.key) for column in self.__table__.columns}


class CreatureRow(Base):
    """One hatching; saved if and only if it has a name. Small columns first, so that scans skip the blobs."""

    __tablename__ = "creatures"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    code: Mapped[str] = mapped_column(word(16), unique=True)
    owner_id: Mapped[int] = mapped_column(BigInteger)
    # What their owner was called, in rows of earlier versions. Neither written nor read any more: see people.
    owner_name: Mapped[str] = mapped_column(Text, default="")
    guild_id: Mapped[int | None] = mapped_column(BigInteger)
    channel_id: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str | None] = mapped_column(Text)
    name_key: Mapped[str | None] = mapped_column(Key)
    seed: Mapped[int | None] = mapped_column(BigInteger)
    seed_text: Mapped[str | None] = mapped_column(Text)
    psi: Mapped[float | None] = mapped_column(Float)
    noise_seed: Mapped[int] = mapped_column(BigInteger)
    layers: Mapped[int] = mapped_column(Integer)
    checkpoint_id: Mapped[str] = mapped_column(ForeignKey("checkpoints.id"))
    parent_a_id: Mapped[int | None] = mapped_column(
        ForeignKey("creatures.id", ondelete="SET NULL"), index=True
    )
    parent_b_id: Mapped[int | None] = mapped_column(
        ForeignKey("creatures.id", ondelete="SET NULL"), index=True
    )
    recipe: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    shown_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # last time it was shown by itself
    saved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    w_plus: Mapped[bytes] = mapped_column(LargeBinary)  # see codec.py, as `w_form` says
    png: Mapped[bytes] = mapped_column(LargeBinary)
    favourite: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    # What a parent was called when its owner released it; NULL for as long as the id points to it.
    parent_a_name: Mapped[str | None] = mapped_column(Text)
    parent_b_name: Mapped[str | None] = mapped_column(Text)
    w_form: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    shiny: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    # What was read of its traits, a cache: NULL where nothing ever was. See readings.py.
    read_by: Mapped[str | None] = mapped_column(word(32))
    type_1: Mapped[str | None] = mapped_column(word(16))
    type_2: Mapped[str | None] = mapped_column(word(16))
    colour: Mapped[str | None] = mapped_column(word(16))

    __table_args__ = (
        CheckConstraint(
            "(name IS NULL) = (name_key IS NULL) AND (name IS NULL) = (saved_at IS NULL)",
            name="saved_whole",
        ),
        # NULLs are distinct: a person has any number of unsaved creatures, and one of each name.
        Index("uq_creatures_owner_name", "owner_id", "name_key", unique=True),
        Index("ix_creatures_guild_name", "guild_id", "name_key", "owner_id"),
        Index("ix_creatures_latest", "owner_id", "channel_id", "shown_at"),
        Index("ix_creatures_unsaved", "name_key", "created_at"),
        Index("ix_creatures_checkpoint", "checkpoint_id", "name_key"),  # how many are saved of each
        # A page of a collection is chosen within one of these alone; guild_id is there to be filtered by.
        Index("ix_creatures_saved", "owner_id", "saved_at", "id", "guild_id"),
        Index("ix_creatures_favourite", "owner_id", "favourite", "saved_at", "id", "guild_id"),
        # A filtered page is chosen within this one alone, and so is what has to be read for it.
        Index(
            "ix_creatures_read",
            *("owner_id", "checkpoint_id", "read_by", "type_1", "type_2"),
            *("favourite", "saved_at", "id", "guild_id", "name_key"),
            sqlite_where=text("saved_at IS NOT NULL"),
            postgresql_where=text("saved_at IS NOT NULL"),
        ),
        # Ids are made by `new_id`, so that a button on an old message never reaches somebody else's creature.
        {"sqlite_autoincrement": True},
    )
