"""The registry of checkpoints, and which one is in use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, exists, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.store import queries
from bot.store.database import Database, changed_rows, next_number, retried
from bot.store.models import ActiveCheckpointRow, CheckpointRow, CreatureRow, RetrainJobRow

TICK = timedelta(microseconds=1)  # what times are kept to


@dataclass(frozen=True, slots=True)
class KnownCheckpoint:
    """A checkpoint as registered. Times are aware and in UTC."""

    id: str
    path: str
    metadata: dict[str, Any]
    registered_at: datetime
    parent_id: str | None  # what it was trained further from, where the bot did that
    metrics: dict[str, Any] | None  # as `python -m train eval --json` prints them
    promoted_at: datetime | None
    configured_at: datetime | None
    creatures: int = 0  # saved ones that belong to it

    @property
    def kimg(self) -> float | None:
        """How many thousand images it has seen, where its file says so."""
        return _number(self.metadata.get("kimg"))

    @property
    def kid(self) -> float | None:
        """KID × 1000 as measured after its retrain."""
        kid = (self.metrics or {}).get("kid")
        return _number(kid.get("mean")) if isinstance(kid, dict) else None


@dataclass(frozen=True, slots=True)
class Active:
    """The checkpoint in use. `chosen`: by a person or a retrain, so that CHECKPOINT no longer decides."""

    checkpoint_id: str
    chosen: bool


class CheckpointRegistry:
    """Checkpoints by content id. A row stays for good, as creatures refer to it.

    Every method is one short transaction.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @retried
    async def register(
        self,
        checkpoint_id: str,
        path: object,
        metadata: dict[str, Any],
        *,
        parent_id: str | None = None,
        metrics: dict[str, Any] | None = None,
        configured: bool = False,
    ) -> None:
        """Makes a checkpoint known, or notes where it is now. Must precede its first creature.

        What is known of its parent and its metrics stays where these are None. `configured` notes that it is
        the one that CHECKPOINT names.
        """
        changes: dict[str, Any] = {"path": str(path), "info": metadata}
        changes |= {} if parent_id is None else {"parent_id": parent_id}
        changes |= {} if metrics is None else {"metrics": metrics}
        try:
            await self._register(checkpoint_id, changes, configured)
        except IntegrityError:  # registered by another process in between
            await self._register(checkpoint_id, changes, configured)

    async def _register(self, checkpoint_id: str, changes: dict[str, Any], configured: bool) -> None:
        now = self._database.now()
        async with self._database.writing(alone=True) as session:
            if configured:
                latest = await session.scalar(select(func.max(CheckpointRow.configured_at)))
                changes = changes | {"configured_at": now if latest is None else max(now, latest + TICK)}
            known = update(CheckpointRow).where(CheckpointRow.id == checkpoint_id).values(**changes)
            if await changed_rows(session, known.execution_options(synchronize_session=False)) == 0:
                number = await next_number(session, CheckpointRow.number)
                row = CheckpointRow(id=checkpoint_id, registered_at=now, number=number, **changes)
                session.add(row)

    @retried
    async def get(self, checkpoint_id: str) -> KnownCheckpoint | None:
        async with self._database.reading() as session:
            row = await session.get(CheckpointRow, checkpoint_id)
        return None if row is None else _known(row)

    @retried
    async def newest(self, starting: str = "", limit: int = 25) -> list[KnownCheckpoint]:
        """Those whose id starts like that, the newest first, with how many saved creatures belong to each."""
        async with self._database.reading() as session:
            found = await session.execute(listed(starting, limit))
            return [_known(row, creatures) for row, creatures in found]

    @retried
    async def active(self) -> Active | None:
        """The checkpoint in use, or None before the first start."""
        async with self._database.reading() as session:
            row = await session.get(ActiveCheckpointRow, 1)
        return None if row is None else Active(row.checkpoint_id, row.chosen)

    @retried
    async def promote(self, checkpoint_id: str, *, expected: str | None = None) -> bool:
        """Make a registered checkpoint the one in use, as somebody's choice.

        With `expected`, only if that one is in use now; returns whether it was done. Choosing the one that
        CHECKPOINT names gives the choice back to CHECKPOINT.
        """
        async with self._database.writing(alone=True) as session:
            return await promote_in(session, checkpoint_id, self._database.now(), expected=expected)

    @retried
    async def follow_configured(self, checkpoint_id: str) -> Active:
        """What is in use from this start on: the configured checkpoint, unless another one was chosen."""
        async with self._database.writing(alone=True) as session:
            row = await session.get(ActiveCheckpointRow, 1, with_for_update=True)
            if row is None or not row.chosen:
                await _point_at(session, checkpoint_id, chosen=False, now=self._database.now())
                return Active(checkpoint_id, False)
            return Active(row.checkpoint_id, True)

    @retried
    async def unused(self) -> list[str]:
        """Ids that no creature, no setting and no retrain needs, newest first.

        The latest retrain needs its two even when it has ended: its message offers to go back and forward.
        """
        async with self._database.reading() as session:
            return list(await session.scalars(unused()))


def listed(starting: str, limit: int):
    """Checkpoints with how many saved creatures belong to each, counted within an index."""
    saved = (
        select(func.count())
        .select_from(CreatureRow)
        .where(CreatureRow.checkpoint_id == CheckpointRow.id, CreatureRow.name_key.is_not(None))
        .scalar_subquery()
    )
    return (
        select(CheckpointRow, saved)
        .where(CheckpointRow.id >= starting, CheckpointRow.id < starting + queries.LAST)
        .order_by(CheckpointRow.number.desc(), CheckpointRow.id)
        .limit(limit)
    )


def unused() -> Select[str]:
    """The ids that nothing needs, newest first."""
    own = CheckpointRow.id
    latest = select(func.max(RetrainJobRow.number)).scalar_subquery()
    at_work = or_(RetrainJobRow.parent_id == own, RetrainJobRow.result_id == own)
    return (
        select(own)
        .where(
            ~exists().where(CreatureRow.checkpoint_id == own),
            ~exists().where(ActiveCheckpointRow.checkpoint_id == own),
            ~exists().where(or_(RetrainJobRow.state == "running", RetrainJobRow.number == latest), at_work),
            own.is_distinct_from(_configured()),
        )
        .order_by(CheckpointRow.number.desc(), own)
    )


async def promote_in(
    session: AsyncSession, checkpoint_id: str, now: datetime, *, expected: str | None = None
) -> bool:
    """`CheckpointRegistry.promote` within a transaction of the caller's, which must run `alone`."""
    row = await session.get(ActiveCheckpointRow, 1, with_for_update=True)
    if expected is not None and (row is None or row.checkpoint_id != expected):
        return False
    configured = await session.scalar(select(_configured()))
    await _point_at(session, checkpoint_id, chosen=checkpoint_id != configured, now=now)
    return True


async def _point_at(session: AsyncSession, checkpoint_id: str, *, chosen: bool, now: datetime) -> None:
    row = await session.get(ActiveCheckpointRow, 1)
    if row is None or row.checkpoint_id != checkpoint_id:
        changed = update(CheckpointRow).where(CheckpointRow.id == checkpoint_id).values(promoted_at=now)
        await session.execute(changed.execution_options(synchronize_session=False))
    await session.merge(ActiveCheckpointRow(id=1, checkpoint_id=checkpoint_id, chosen=chosen))


def _configured():
    """The id that CHECKPOINT named last."""
    latest = select(func.max(CheckpointRow.configured_at)).scalar_subquery()
    return select(CheckpointRow.id).where(CheckpointRow.configured_at == latest).scalar_subquery()


def _known(row: CheckpointRow, creatures: int = 0) -> KnownCheckpoint:
    return KnownCheckpoint(
        id=row.id,
        path=row.path,
        metadata=row.info,
        registered_at=row.registered_at,
        parent_id=row.parent_id,
        metrics=row.metrics,
        promoted_at=row.promoted_at,
        configured_at=row.configured_at,
        creatures=creatures,
    )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
