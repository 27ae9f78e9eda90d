"""The real bot on the real sandbox, in this process, with a small untrained network."""

from __future__ import annotations

import asyncio
from pathlib import Path

import torch

from bot.__main__ import Ready, run, sandbox_of
from bot.config import Settings
from bot.store import Job, Store
from gan import checkpoint
from gan.config import NetworkConfig
from gan.generator import Generator
from gan.pictures.enlarge import Enlarger, EnlargerConfig
from tests.bot.openapi import Checker, description


def make_checkpoint(path: Path, seed: int = 0, *, enlarges: bool = False) -> str:
    """Write a 16×16 network with random weights and return its id. It may make line art of its pictures."""
    torch.manual_seed(seed)
    config = NetworkConfig(channels=(16, 16, 8), z_dim=16, w_dim=16, mapping_layers=2)
    generator, enlarger = Generator(config), Enlarger(EnlargerConfig(width=8, depth=1))
    return checkpoint.save(path, generator, {"kimg": 0}, enlarger=enlarger if enlarges else None)


class RunningBot:
    """A bot that can be stopped and started again on the same data."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.folder = folder
        self.url = ""
        path = folder / "checkpoint.safetensors"
        if not path.exists():
            make_checkpoint(path)
        values = {
            "checkpoint": path,
            "data_dir": folder / "data",
            "sandbox_port": 0,
            "torch_threads": 1,
            "cooldown_per_minute": 0,  # one person does in a test what takes people an evening
            "shiny_odds": 0,  # luck has tests of its own
        } | settings
        self.settings = Settings.model_validate(values)
        self.sandbox = sandbox_of(self.settings)  # with faults on demand; another one after each start
        self.checker: Checker | None = None  # of the bodies that the bot sends
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> RunningBot:
        """Returns when people can use it; raises what keeps it from starting."""
        self._stopping.clear()
        self.sandbox = sandbox_of(self.settings)
        known = description()
        self.checker = None if known is None else Checker(known)
        if self.checker is not None:
            self.sandbox.transcript.listeners.append(self.checker)
        ready: asyncio.Future[Ready] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(run(self.settings, self._stopping, ready.set_result, self.sandbox))
        await asyncio.wait({self._task, ready}, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            await self._task
            raise RuntimeError("the bot stopped before it was ready")
        self.url = ready.result().place.removeprefix("at ")
        return self

    async def stop(self) -> None:
        """Stop as SIGTERM does, and wait until everything is closed."""
        self._stopping.set()
        if self._task is not None:
            await self._task
            self._task = None
        if self.checker is not None:
            assert not self.checker.problems, "\n".join(self.checker.problems)

    async def latest_job(self) -> Job:
        """The latest retrain, as the database has it."""
        store = await Store.open(self.settings.database)
        try:
            job = await store.jobs.latest()
        finally:
            await store.close()
        assert job is not None
        return job
