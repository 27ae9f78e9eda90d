"""A sandbox with all its faults, and the bot that takes it for Discord, here or in a process of its own."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from types import TracebackType

from sandbox import Sandbox, SandboxSettings
from sandbox.driver import SandboxUser
from tests.bot.openapi import Checker, description
from tests.bot.running import RunningBot, make_checkpoint
from tests.forked import ForkedProgram


class Stage:
    """A sandbox in this process. Give it a bot with `bot` or `bot_process`; use it as a context manager.

    What the bot sends is checked as in `RunningBot`, and a test that goes well otherwise fails at its end.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sandbox = Sandbox(SandboxSettings(port=0, data_dir=folder / "sandbox"))
        known = description()
        self.checker = None if known is None else Checker(known)
        if self.checker is not None:
            self.sandbox.transcript.listeners.append(self.checker)
        self._people: list[SandboxUser] = []
        self._bots: list[RunningBot] = []
        self._processes: list[ForkedProgram] = []

    async def __aenter__(self) -> Stage:
        await self.sandbox.start()
        self.sandbox.point_discord_here()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.sandbox.faults.clear()
        for bot in self._bots:
            await bot.stop()
        for process in self._processes:
            if process.returncode is None:
                process.kill()
                await process.wait()
        for person in self._people:
            await person.close()
        await self.sandbox.stop()
        if self.checker is not None and error is None:
            assert not self.checker.problems, "\n".join(self.checker.problems)

    async def person(self, name: str) -> SandboxUser:
        """Somebody with the page open."""
        person = SandboxUser(self.sandbox.url, name)
        await person.connect()
        self._people.append(person)
        return person

    async def bot(self, **settings: object) -> RunningBot:
        """A bot in this process that is ready."""
        bot = RunningBot(self.folder, discord_token=self.sandbox.token, **settings)
        self._bots.append(bot)
        await bot.start()
        bot.url = self.sandbox.url
        return bot

    async def bot_process(self, **settings: object) -> ForkedProgram:
        """`python -m bot` in a process of its own, just started; its words are in `stdout`."""
        checkpoint = self.folder / "checkpoint.safetensors"
        if not checkpoint.exists():
            make_checkpoint(checkpoint)
        known = {
            "CHECKPOINT": checkpoint,
            "DATA_DIR": self.folder / "data",
            "DISCORD_TOKEN": self.sandbox.token,
            "TORCH_THREADS": 1,
            "COOLDOWN_PER_MINUTE": 0,
        }
        values = {name: str(value) for name, value in (known | settings).items()}
        process = await ForkedProgram.start(
            "tests.bot.pointed_bot:main",
            self.sandbox.url,
            environment=os.environ | values,
            folder=self.folder,
        )
        self._processes.append(process)
        return process


async def line_with(process: ForkedProgram, text: str) -> str:
    """Reads what the process says until a line has this text."""
    said = b""
    while line := await process.stdout.readline():
        said += line
        if text in line.decode():
            return line.decode()
    raise AssertionError(f"The bot ended without saying {text!r}:\n{said.decode()}")


async def stopped(process: ForkedProgram, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
    """Tells the process to stop; returns its exit code and what it said meanwhile."""
    process.send_signal(number)
    said = await process.stdout.read()
    return await process.wait(), said.decode()
