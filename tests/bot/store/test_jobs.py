"""Retrains: one row each, and never two that run."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from bot.store import Active, AlreadyRunning, NewJob, Store
from bot.store.jobs import RetrainJobs

from .conftest import Clock

PARENT, RESULT, OTHER = "a" * 16, "b" * 16, "c" * 16


@pytest_asyncio.fixture
async def jobs(store: Store) -> RetrainJobs:
    """Those of a store with the checkpoint in use, what will come of it, and another."""
    for one in (PARENT, RESULT, OTHER):
        await store.checkpoints.register(one, "there", {})
    await store.checkpoints.promote(PARENT)
    return store.jobs


def wanted(**changes: Any) -> NewJob:
    values: dict[str, Any] = {
        "started_by": 101,
        "started_by_name": "Ann",
        "guild_id": 201,
        "channel_id": 301,
        "message_id": 401,
        "kimg": 100.0,
        "data": "sprites",
        "run": "",
        "parent_id": PARENT,
    }
    return NewJob(**(values | changes))


async def test_of_many_that_begin_at_once_one_runs(jobs: RetrainJobs) -> None:
    began = await asyncio.gather(*(jobs.begin(wanted()) for _ in range(8)), return_exceptions=True)
    [job] = [one for one in began if not isinstance(one, BaseException)]
    assert sum(isinstance(one, AlreadyRunning) for one in began) == 7
    running = await jobs.running()
    assert running == job and job.run.startswith("0001-") and job.state == "running"


async def test_another_begins_once_the_first_has_ended(jobs: RetrainJobs) -> None:
    first = await jobs.begin(wanted())
    with pytest.raises(AlreadyRunning, match="/retrain status"):
        await jobs.begin(wanted())
    ended = await jobs.end(first.id, "failed", "It broke.")
    assert (ended.state, ended.reason, ended.pid) == ("failed", "It broke.", None)
    assert ended.finished_at is not None
    second = await jobs.begin(wanted(run=first.run))
    assert second.run == first.run and (first.number, second.number) == (1, 2)
    assert await jobs.runs(5) == [first.run]


async def test_of_two_jobs_of_one_number_none_has_the_others_id_or_folder(
    store: Store, jobs: RetrainJobs, clock: Clock
) -> None:
    """As after an older backup was restored: buttons and folders of the lost one may still be there."""
    lost = await jobs.begin(wanted())
    async with store.database.engine.begin() as connection:
        await connection.exec_driver_sql("DELETE FROM retrain_jobs")
    again = await jobs.begin(wanted())
    assert (again.number, again.created_at) == (lost.number, lost.created_at)
    assert again.id != lost.id and again.run != lost.run
    await jobs.end(again.id, "failed", "x")
    clock.advance(timedelta(days=-900))  # and the clock does not tell which is the latest
    later = await jobs.begin(wanted())
    assert await jobs.latest() == later and later.number == 2


async def test_what_has_ended_stays_as_it_ended(store: Store, jobs: RetrainJobs) -> None:
    job = await jobs.begin(wanted())
    await jobs.end(job.id, "cancelled", "Ann ended it.")
    assert (await jobs.end(job.id, "failed", "later")).reason == "Ann ended it."
    late = await jobs.complete(job.id, RESULT, instead_of=PARENT)
    assert (late.state, late.result_id) == ("cancelled", None)
    assert await store.checkpoints.active() == Active(PARENT, chosen=True)


async def test_an_end_and_the_new_checkpoint_are_one_step(store: Store, jobs: RetrainJobs) -> None:
    job = await jobs.begin(wanted())
    with pytest.raises(Exception, match=r"FOREIGN KEY|foreign key"):
        await jobs.complete(job.id, "unknown", instead_of=PARENT)
    still = await jobs.get(job.id)
    assert still is not None and still.state == "running"
    assert await store.checkpoints.active() == Active(PARENT, chosen=True)
    done = await jobs.complete(job.id, RESULT, instead_of=PARENT)
    assert (done.state, done.promoted, done.result_id) == ("done", True, RESULT)
    assert await store.checkpoints.active() == Active(RESULT, chosen=True)
    again = await jobs.complete(job.id, RESULT, instead_of=PARENT)
    assert again == done


async def test_what_came_of_it_yields_to_a_choice_made_meanwhile(store: Store, jobs: RetrainJobs) -> None:
    job = await jobs.begin(wanted())
    await store.checkpoints.promote(OTHER)
    done = await jobs.complete(job.id, RESULT, instead_of=PARENT)
    assert (done.state, done.promoted, done.result_id) == ("done", False, RESULT)
    assert await store.checkpoints.active() == Active(OTHER, chosen=True)


async def test_only_the_latest_that_ended_early_can_be_gone_on_with(jobs: RetrainJobs) -> None:
    assert await jobs.unfinished(PARENT) is None
    first = await jobs.begin(wanted())
    assert await jobs.unfinished(PARENT) is None
    await jobs.end(first.id, "failed", "x")
    assert (await jobs.unfinished(PARENT)) is not None
    assert await jobs.unfinished(OTHER) is None  # another checkpoint has come into use
    second = await jobs.begin(wanted())
    await jobs.complete(second.id, RESULT)
    assert await jobs.unfinished(PARENT) is None


async def test_who_was_not_told_is_remembered(jobs: RetrainJobs) -> None:
    job = await jobs.begin(wanted())
    assert await jobs.untold() == []
    await jobs.end(job.id, "failed", "x")
    assert [one.id for one in await jobs.untold()] == [job.id]
    await jobs.note_told(job.id)
    assert await jobs.untold() == []


async def test_changes_are_kept(jobs: RetrainJobs) -> None:
    job = await jobs.begin(wanted())
    outcome = {"result": "done", "metrics": {"kid": {"mean": 1.5}}}
    await jobs.note_process(job.id, 42, "then", 1)
    await jobs.note_outcome(job.id, "registering", outcome)
    await jobs.note_cancelled(job.id, "Ann")
    found = await jobs.get(job.id)
    assert found is not None
    assert (found.pid, found.pid_started, found.attempts, found.outcome) == (42, "then", 1, outcome)
    assert (found.stage, found.cancelled_by) == ("registering", "Ann")
    assert await jobs.get(999) is None
    assert await jobs.latest() == found
