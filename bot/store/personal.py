"""Everything that is kept of one person: to be given to them, and to be forgotten. PRIVACY.md lists it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update

from bot.store.database import Database, changed_rows, retried
from bot.store.models import CreatureRow, PersonRow, RetrainJobRow
from bot.store.people import People
from bot.store.records import Creature, from_row

BATCH = 200  # creatures a transaction, so that others get their turn in between
NOBODY = 0  # in place of a person's id


@dataclass(frozen=True, slots=True)
class Held:
    """How much is kept of a person."""

    saved: int
    unsaved: int
    retrains: int


@dataclass(frozen=True, slots=True)
class NoteOfName:
    """What somebody was called in a server, or elsewhere (0)."""

    guild_id: int
    name: str
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class NoteOfRetrain:
    """A retrain that somebody started."""

    number: int
    guild_id: int | None
    channel_id: int
    started_by_name: str
    created_at: datetime


class PersonalData:
    """What is kept of people, by their ids."""

    def __init__(self, database: Database, people: People) -> None:
        self._database = database
        self._people = people

    @retried
    async def held(self, user_id: int) -> Held:
        named = CreatureRow.name_key.is_not(None)
        counting = select(named, func.count()).where(CreatureRow.owner_id == user_id).group_by(named)
        retrains = select(func.count()).select_from(RetrainJobRow).where(RetrainJobRow.started_by == user_id)
        async with self._database.reading() as session:
            counts = {bool(is_saved): count for is_saved, count in await session.execute(counting)}
            return Held(counts.get(True, 0), counts.get(False, 0), await session.scalar(retrains) or 0)

    @retried
    async def creatures(self, user_id: int, after: int = 0, limit: int = BATCH) -> list[Creature]:
        """So many of theirs with ids above `after`, saved or not, by id."""
        chosen = (
            select(CreatureRow)
            .where(CreatureRow.owner_id == user_id, CreatureRow.id > after)
            .order_by(CreatureRow.id)
            .limit(limit)
        )
        async with self._database.reading() as session:
            return [from_row(row) for row in await session.scalars(chosen)]

    @retried
    async def names(self, user_id: int) -> list[NoteOfName]:
        chosen = select(PersonRow).where(PersonRow.user_id == user_id).order_by(PersonRow.guild_id)
        async with self._database.reading() as session:
            rows = await session.scalars(chosen)
            return [NoteOfName(row.guild_id, row.name, row.seen_at) for row in rows]

    @retried
    async def retrains(self, user_id: int) -> list[NoteOfRetrain]:
        chosen = (
            select(RetrainJobRow).where(RetrainJobRow.started_by == user_id).order_by(RetrainJobRow.number)
        )
        async with self._database.reading() as session:
            return [
                NoteOfRetrain(row.number, row.guild_id, row.channel_id, row.started_by_name, row.created_at)
                for row in await session.scalars(chosen)
            ]

    async def forget(self, user_id: int) -> int:
        """Deletes all that is kept of a person; returns how many creatures that were.

        Children that other people have of their creatures stay, as children of nobody known. A retrain that
        they started stays, as somebody's. May be asked for again where it broke off.
        """
        forgotten = 0
        while gone := await self._forget_some(user_id):
            forgotten += gone
        async with self._database.writing() as session:
            called = select(PersonRow.name).where(PersonRow.user_id == user_id)
            jobs = update(RetrainJobRow).execution_options(synchronize_session=False)
            await session.execute(
                jobs.where(RetrainJobRow.cancelled_by.in_(called), RetrainJobRow.cancelled_by != "").values(
                    cancelled_by=""
                )
            )
            await session.execute(
                jobs.where(RetrainJobRow.started_by == user_id).values(started_by=NOBODY, started_by_name="")
            )
            await session.execute(
                delete(PersonRow)
                .where(PersonRow.user_id == user_id)
                .execution_options(synchronize_session=False)
            )
        self._people.forget_notes(user_id)
        await self._database.vacuum()
        return forgotten

    async def _forget_some(self, user_id: int) -> int:
        """The oldest of their creatures; children lose the id of a parent that goes (ON DELETE SET NULL)."""
        async with self._database.writing() as session:
            oldest = select(CreatureRow.id).where(CreatureRow.owner_id == user_id)
            ids = list(await session.scalars(oldest.order_by(CreatureRow.id).limit(BATCH)))
            doomed = delete(CreatureRow).where(CreatureRow.id.in_(ids), CreatureRow.owner_id == user_id)
            return await changed_rows(session, doomed.execution_options(synchronize_session=False))

    async def forget_names(self, older_than: timedelta) -> int:
        """Forgets what people were called who were not seen for so long; returns how many notes."""
        old = PersonRow.seen_at < self._database.now() - older_than
        async with self._database.writing() as session:
            return await changed_rows(
                session, delete(PersonRow).where(old).execution_options(synchronize_session=False)
            )

    async def forget_server(self, guild_id: int) -> int:
        """Forgets what people were called in a server that the bot has left; returns how many notes."""
        there = delete(PersonRow).where(PersonRow.guild_id == guild_id)
        async with self._database.writing() as session:
            return await changed_rows(session, there.execution_options(synchronize_session=False))
