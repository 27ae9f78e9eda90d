"""A bot with retrains whose training is a stand-in program: its rooms alone, and all of it in the sandbox."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.checkpoints.files import CheckpointFiles
from bot.checkpoints.switching import Checkpoints, choose_first
from bot.config import Settings
from bot.engine.local import LocalEngine
from bot.features.retraining.announcer import Announcer
from bot.retrain import Retraining, jobs, plan, process, tasks
from bot.retrain.plan import Plan
from bot.retrain.process import ProcessId
from bot.retrain.progress import Progress
from bot.store import Job, NewJob, Store
from sandbox.driver import SandboxUser
from tests.bot.engine.ordering import hatched
from tests.bot.retrain.stage import STANDIN, Stage, until
from tests.bot.running import make_checkpoint


class Notes(Announcer):
    """Remembers what would be shown, in place of Discord."""

    def __init__(self) -> None:
        self.shown: list[tuple[Job, Progress]] = []
        self.concluded: list[Job] = []
        self.refused = 0
        self.reachable = True
        self.open = asyncio.Event()  # Discord answers
        self.open.set()

    def show(self, job: Job, progress: Progress) -> None:
        self.shown.append((job, progress))

    async def conclude(self, job: Job, progress: Progress, folder: Path) -> bool:
        await self.open.wait()
        self.concluded += [job] if self.reachable else []
        self.refused += not self.reachable
        return self.reachable

    async def close(self) -> None:
        pass


@dataclass
class Rooms:
    """All that a retrain needs, in a folder; `die` and `wake` are a kill of the bot and a new start."""

    folder: Path
    settings: Settings
    behaviour: str = "good"
    notes: Notes = field(default_factory=Notes)
    store: Store = field(init=False)
    engine: LocalEngine = field(init=False)
    checkpoints: Checkpoints = field(init=False)
    retraining: Retraining = field(init=False)

    async def start_serving(self) -> None:
        """Start, as the bot does."""
        self.store = await Store.open(self.settings.database)
        files = CheckpointFiles(self.settings.data_dir / "checkpoints")
        path = (await choose_first(self.store, files, self.settings.checkpoint)).path
        self.engine = LocalEngine(path, folder=files.folder, threads=1)
        await self.engine.start()
        self.checkpoints = Checkpoints(self.store, files, self.engine)
        self.notes = Notes()
        self.retraining = Retraining(self.settings, self.store, self.checkpoints, self.notes)

    async def die(self) -> None:
        """Be gone without a word to anybody, as after SIGKILL: nothing is settled, no process is ended."""
        await self.retraining.tasks.close()
        await self.engine.close()
        await self.store.close()

    async def plan(self, kimg: float | None = None) -> Plan:
        parent = self.engine.checkpoint_id
        unfinished = await self.store.jobs.unfinished(parent)
        return plan(self.settings, self.checkpoints.files, parent, kimg, None, unfinished)

    async def begin(self, behaviour: str, **changes: Any) -> Job:
        """Start a retrain whose program behaves like that."""
        self.behaviour = behaviour
        return await self.retraining.begin(await self.wanted(**changes))

    async def wanted(self, **changes: Any) -> NewJob:
        chosen = await self.plan()
        values: dict[str, Any] = {
            "started_by": 1,
            "started_by_name": "Oak",
            "guild_id": 2,
            "channel_id": 3,
            "message_id": 4,
            "kimg": chosen.kimg,
            "data": chosen.source.name,
            "run": chosen.resumes.run if chosen.resumes else "",
            "parent_id": chosen.parent_id,
        }
        return NewJob(**(values | changes))

    async def ended(self) -> Job:
        """The latest job, once the bot is done with it."""
        assert self.retraining._watching is not None
        async with asyncio.timeout(60):
            await self.retraining._watching
        job = await self.store.jobs.latest()
        assert job is not None and job.state != "running"
        return job

    async def result(self, behaviour: str) -> Job:
        await self.begin(behaviour)
        return await self.ended()

    async def at_work(self, job: Job) -> None:
        """Until the process has written something."""
        await until((self.retraining.folder(job) / "grids" / "0003.png").exists)

    async def still_answers(self) -> None:
        """The bot hatches with the checkpoint that it had."""
        [creature] = await hatched(self.engine, [7], 0.7, user_id=1)
        active = await self.store.checkpoints.active()
        assert active is not None and active.checkpoint_id == creature.checkpoint_id == self.first

    @property
    def first(self) -> str:
        """The id of the configured checkpoint."""
        return make_checkpoint(self.folder / "same")

    @property
    def result_id(self) -> str:
        """The id of what a stand-in hands in."""
        return make_checkpoint(self.folder / "same", 1)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    checkpoint = tmp_path / "configured.safetensors"
    make_checkpoint(checkpoint)
    checkpoint.with_name("configured.training.safetensors").write_bytes(b"weights")
    (tmp_path / "images").mkdir()
    return Settings.model_validate(
        {
            "data_dir": tmp_path / "data",
            "checkpoint": checkpoint,
            "retrain_data": {"sprites": str(tmp_path / "images")},
            "retrain_keep_free_gb": 0,
        }
    )


@pytest_asyncio.fixture
async def rooms(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rooms]:
    make_checkpoint(tmp_path / "handed-in.safetensors", seed=1)
    (tmp_path / "handed-in.training.safetensors").write_bytes(b"further weights")
    rooms = Rooms(tmp_path, settings)
    real = jobs.command

    def command(*arguments: Any) -> list[str]:
        return [
            str(STANDIN), rooms.behaviour, str(tmp_path / "handed-in.safetensors"), *real(*arguments)
        ]  # fmt: skip

    monkeypatch.setattr(jobs, "command", command)
    monkeypatch.setattr(process, "stand_back", lambda pid: None)  # a busy machine would never let it run
    monkeypatch.setattr(jobs, "POLL_S", 0.02)
    monkeypatch.setattr(tasks, "RETRY_S", 0.05)
    await rooms.start_serving()
    yield rooms
    job = await rooms.store.jobs.running()
    await rooms.die()
    if job is not None and job.pid is not None:  # left behind by a test that failed
        with contextlib.suppress(ProcessLookupError):
            os.killpg(job.pid, signal.SIGKILL)


def process_of(job: Job) -> ProcessId:
    assert job.pid is not None and job.pid_started is not None
    return ProcessId(job.pid, job.pid_started)


async def can_be_resumed(rooms: Rooms, failed: Job) -> None:
    """What was learned is there, and the next retrain goes on in the same folder."""
    state = rooms.retraining.folder(failed) / "state.safetensors"
    assert state.read_bytes() == b"what was learned"
    chosen = await rooms.plan()
    assert chosen.resumes is not None and chosen.resumes.id == failed.id and chosen.kimg == failed.kimg
    again = await rooms.result("good")
    assert again.run == failed.run and again.number > failed.number
    assert (again.state, again.promoted) == ("done", True)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    with pytest.MonkeyPatch.context() as patch:
        stage = Stage(tmp_path_factory.mktemp("bot"), patch)
        await stage.bot.start()
        yield stage
        await stage.bot.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def stage(shared: Stage) -> AsyncIterator[Stage]:
    """The bot, without faults, with the configured checkpoint in use and no retrain under way."""
    yield shared
    shared.sandbox.faults.clear()
    async with SandboxUser(shared.bot.url, "Oak") as oak:
        await oak.command("retrain cancel")
        await until(shared.has_ended)
        await (await oak.command("checkpoint use", id=shared.first)).message()


@pytest_asyncio.fixture(loop_scope="module")
async def oak(stage: Stage) -> AsyncIterator[SandboxUser]:
    """An admin."""
    async with SandboxUser(stage.bot.url, "Oak") as user:
        yield user


@pytest_asyncio.fixture(loop_scope="module")
async def ash(stage: Stage) -> AsyncIterator[SandboxUser]:
    """A member."""
    async with SandboxUser(stage.bot.url, "Ash") as user:
        yield user
