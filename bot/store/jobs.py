"""Retrains: one row each, and never two that run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from bot.errors import N_, UserError
from bot.store.checkpoints import promote_in
from bot.store.database import Database, changed_rows, next_number, retried
from bot.store.ids import is_possible, new_id
from bot.store.models import RetrainJobRow
from bot.system.metrics import RETRAINS

JobState = Literal["running", "done", "failed", "cancelled"]

ALREADY_RUNNING = N_(
    "A retrain is running already: look at it with /retrain status, or end it with /retrain cancel."
)


class AlreadyRunning(UserError):
    """Only one retrain can run."""

    def __init__(self) -> None:
        super().__init__(ALREADY_RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A retrain that is about to begin."""

    started_by: int
    started_by_name: str
    guild_id: int | None
    channel_id: int
    message_id: int | None  # the one that is edited as it goes
    kimg: float  # thousands of images beyond those that the parent has seen
    data: str
    run: str  # the name of the run's folder; "" for one of its own
    parent_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A retrain as stored. Times are aware and in UTC."""

    id: int  # what buttons hold; never comes twice
    number: int  # what people read; counts up
    state: JobState
    stage: str
    started_by: int
    started_by_name: str
    guild_id: int | None
    channel_id: int
    message_id: int | None
    kimg: float
    data: str
    run: str
    attempts: int
    pid: int | None
    pid_started: str | None
    parent_id: str
    result_id: str | None
    promoted: bool
    reason: str | None
    cancelled_by: str | None
    outcome: dict[str, Any] | None
    told: bool
    created_at: datetime
    finished_at: datetime | None


class RetrainJobs:
    """All retrains. Every method is one short transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @retried
    async def begin(self, new: NewJob) -> Job:
        """Raises `AlreadyRunning`: of any number at once, the table's constraint lets one through."""
        now = self._database.now()
        row = RetrainJobRow(
            id=new_id(now),
            state="running",
            stage="starting",
            started_by=new.started_by,
            started_by_name=new.started_by_name,
            guild_id=new.guild_id,
            channel_id=new.channel_id,
            message_id=new.message_id,
            kimg=new.kimg,
            data=new.data,
            attempts=0,
            parent_id=new.parent_id,
            promoted=False,
            told=False,
            created_at=now,
        )
        try:
            async with self._database.writing(alone=True) as session:
                row.number = await next_number(session, RetrainJobRow.number)
                # A folder of its own also where the number was another's before a backup was restored.
                row.run = new.run or f"{row.number:04d}-{row.id & 0xFFFFFFFF:08x}"
                session.add(row)
        except IntegrityError as error:
            raise AlreadyRunning from error
        return _job(row)

    @retried
    async def get(self, job_id: int) -> Job | None:
        if not is_possible(job_id):
            return None
        async with self._database.reading() as session:
            row = await session.get(RetrainJobRow, job_id)
        return None if row is None else _job(row)

    @retried
    async def running(self) -> Job | None:
        return await self._first(RetrainJobRow.state == "running")

    @retried
    async def latest(self) -> Job | None:
        return await self._first()

    @retried
    async def unfinished(self, parent_id: str) -> Job | None:
        """The latest of all, if it failed or was cancelled and went on from that checkpoint."""
        job = await self.latest()
        ended_early = job is not None and job.state in ("failed", "cancelled")
        return job if job is not None and ended_early and job.parent_id == parent_id else None

    @retried
    async def untold(self) -> list[Job]:
        """Those that have ended without their message saying so."""
        chosen = select(RetrainJobRow).where(RetrainJobRow.state != "running", RetrainJobRow.told.is_(False))
        async with self._database.reading() as session:
            return [_job(row) for row in await session.scalars(chosen)]

    @retried
    async def runs(self, limit: int) -> list[str]:
        """The folders of the latest retrains, newest first."""
        chosen = select(RetrainJobRow.run).order_by(RetrainJobRow.number.desc()).limit(limit)
        async with self._database.reading() as session:
            return list(dict.fromkeys(await session.scalars(chosen)))

    @retried
    async def note_process(self, job_id: int, pid: int, pid_started: str, attempts: int) -> Job:
        """The process that works on it: its number, what tells it from a later one of that number, and how
        many there were so far.
        """
        async with self._changing(job_id) as row:
            row.pid, row.pid_started, row.attempts = pid, pid_started, attempts
        return _job(row)

    @retried
    async def note_cancelled(self, job_id: int, by: str) -> Job:
        """Somebody, who is called that, asked it to stop."""
        async with self._changing(job_id) as row:
            row.cancelled_by = by
        return _job(row)

    @retried
    async def note_outcome(self, job_id: int, stage: str, outcome: dict[str, Any]) -> Job:
        """Its process ended well, and this came of it."""
        async with self._changing(job_id) as row:
            row.stage, row.outcome = stage, outcome
        return _job(row)

    @retried
    async def note_told(self, job_id: int) -> Job:
        """Its message says how it ended."""
        async with self._changing(job_id) as row:
            row.told = True
        return _job(row)

    @retried
    async def end(self, job_id: int, state: JobState, reason: str | None = None) -> Job:
        """Mark a running job as ended; one that has ended already stays as it is."""
        ending = (
            update(RetrainJobRow)
            .where(RetrainJobRow.id == job_id, RetrainJobRow.state == "running")
            .values(state=state, reason=reason, pid=None, pid_started=None, finished_at=self._database.now())
            .execution_options(synchronize_session=False)
        )
        async with self._database.writing() as session:
            ended = await changed_rows(session, ending)
            row = await session.get_one(RetrainJobRow, job_id)
        RETRAINS.labels(state).inc(ended)
        return _job(row)

    @retried
    async def complete(self, job_id: int, result_id: str, *, instead_of: str | None = None) -> Job:
        """The end of a successful job and, if wanted, its checkpoint's coming into use: both or neither.

        It comes into use only `instead_of` that checkpoint: a choice that was made meanwhile stands. A job
        that has ended already stays as it is.
        """
        async with self._database.writing(alone=True) as session:
            row = await session.get_one(RetrainJobRow, job_id, with_for_update=True)
            if ends := row.state == "running":
                now = self._database.now()
                if instead_of is not None:
                    row.promoted = await promote_in(session, result_id, now, expected=instead_of)
                row.state, row.result_id, row.finished_at = "done", result_id, now
                row.pid = row.pid_started = None
        RETRAINS.labels("done").inc(ends)
        return _job(row)

    @asynccontextmanager
    async def _changing(self, job_id: int) -> AsyncIterator[RetrainJobRow]:
        async with self._database.writing() as session:
            yield await session.get_one(RetrainJobRow, job_id, with_for_update=True)

    async def _first(self, *conditions: Any) -> Job | None:
        chosen = select(RetrainJobRow).where(*conditions).order_by(RetrainJobRow.number.desc()).limit(1)
        async with self._database.reading() as session:
            row = await session.scalar(chosen)
        return None if row is None else _job(row)


def _job(row: RetrainJobRow) -> Job:
    return Job(**{name: getattr(row, name) for name in Job.__slots__})
