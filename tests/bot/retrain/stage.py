"""The bot in its sandbox with retrains whose training is a stand-in program, and what people do there."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import bot.__main__ as program
from bot.features.retraining import announcer
from bot.features.retraining.announcer import Announcer
from bot.retrain import jobs, process
from sandbox import Sandbox
from sandbox.driver import Message, SandboxUser
from tests.bot.running import RunningBot, make_checkpoint

STANDIN = Path(__file__).with_name("standin.py")


async def until(condition: Callable[[], object]) -> None:
    """Wait for something that tells nobody when it happens: a process, a file, a row."""
    async with asyncio.timeout(60):
        while True:
            found = condition()
            if await found if inspect.isawaitable(found) else found:
                return
            await asyncio.sleep(0.01)


class Stage:
    """The bot, and what the tests get at beside what people see."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.behaviour = "good"
        self.announcer: Announcer
        self.result = folder / "handed-in.safetensors"
        make_checkpoint(self.result, seed=1)
        (folder / "images").mkdir()
        data = {"sprites": str(folder / "images"), "others": str(folder / "images")}
        shown = {1}  # as an admin's id: so members are offered the commands, too
        self.bot = RunningBot(folder, retrain_data=data, retrain_keep_free_gb=0, admin_ids=shown)
        (folder / "checkpoint.training.safetensors").write_bytes(b"weights")
        real, stage = jobs.command, self

        def command(*arguments: Any) -> list[str]:
            return [str(STANDIN), stage.behaviour, str(stage.result), *real(*arguments)]

        class KnownAnnouncer(Announcer):
            def __init__(self, *arguments: Any) -> None:
                super().__init__(*arguments)
                stage.announcer = self

        patch.setattr(jobs, "command", command)
        patch.setattr(process, "stand_back", lambda pid: None)  # a busy machine would never let it run
        patch.setattr(jobs, "POLL_S", 0.02)
        patch.setattr(announcer, "INTERVAL_S", 0.05)
        patch.setattr(program, "Announcer", KnownAnnouncer)

    @property
    def sandbox(self) -> Sandbox:
        """Of the bot as it runs now."""
        return self.bot.sandbox

    @property
    def first(self) -> str:
        """The id of the configured checkpoint."""
        return make_checkpoint(self.bot.folder / "same")

    async def has_ended(self) -> bool:
        return (await self.bot.latest_job()).state != "running"

    async def was_told(self) -> bool:
        return (await self.bot.latest_job()).told

    async def go_on(self) -> None:
        """Let the running process come to its end."""
        (self.bot.settings.data_dir / "retrain" / (await self.bot.latest_job()).run / "go on").touch()


async def begin(stage: Stage, user: SandboxUser, behaviour: str, **options: object) -> Message:
    """Start a retrain; its message, once it shows how it goes."""
    stage.behaviour = behaviour
    message = await (await user.command("retrain start", **options)).message()
    if behaviour not in ("wait", "deaf"):
        return message
    return await user.wait(lambda: shows(user, message, "3.0") or shows(user, message, "kimg"))


def shows(user: SandboxUser, message: Message, text: str) -> Message | None:
    """The message as it stands, if it has that text."""
    now = user.history.get(message.id)
    return now if now is not None and text in now.text else None


async def ends(user: SandboxUser, message: Message, title: str) -> Message:
    def ended() -> Message | None:
        now = user.history.get(message.id)
        return now if now is not None and now.embeds and title in now.title else None

    return await user.wait(ended)
