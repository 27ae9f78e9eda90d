"""The training process as the system sees it: how it stands back, and how it is told apart from others."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from bot.background import stand_back
from bot.errors import UserError
from bot.retrain import process
from bot.retrain.process import ProcessId
from bot.store import Job, StoreError
from tests.bot.retrain.conftest import Rooms, process_of, until


async def test_the_process_stands_back_and_knows_no_secrets(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "hush")
    monkeypatch.setattr(process, "stand_back", stand_back)
    job = await rooms.begin("wait")
    await rooms.at_work(job)
    assert job.pid is not None
    assert os.getpriority(os.PRIO_PROCESS, job.pid) == 19
    assert os.sched_getscheduler(job.pid) == os.SCHED_IDLE
    proc = Path("/proc") / str(job.pid)
    assert int((proc / "oom_score_adj").read_text()) == 800
    assert os.getsid(job.pid) == job.pid  # Ctrl-C for the bot is not for it
    environment = (proc / "environ").read_text()
    assert "hush" not in environment and "OMP_NUM_THREADS=" in environment
    await rooms.retraining.cancel("Oak")
    await rooms.ended()


async def test_a_later_process_of_the_same_number_is_left_alone(rooms: Rooms) -> None:
    job = await rooms.begin("wait")
    await rooms.at_work(job)
    process = process_of(job)
    another = ProcessId(process.pid, "at another time")
    assert process.alive and not another.alive
    another.send(signal.SIGKILL)
    assert process.alive
    await rooms.retraining.cancel("Oak")
    await rooms.ended()
    assert not process.alive


async def test_a_process_that_was_never_told_to_begin_does_nothing(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bot fails between starting it and putting it on record."""

    async def failing(*_: object, **__: object) -> Job:
        raise StoreError("The disk is full.")

    with monkeypatch.context() as broken:
        broken.setattr(rooms.store, "update_job", failing)
        with pytest.raises(UserError, match="could not be started: The disk is full"):
            await rooms.begin("good")
        folder = next((rooms.settings.data_dir / "retrain").iterdir())
    await until(lambda: rooms.retraining._watching is None or rooms.retraining._watching.done())
    assert not (folder / "progress.json").exists()
    job = await rooms.store.latest_job()
    assert job is not None and job.state == "failed"
    assert (await rooms.result("good")).promoted
