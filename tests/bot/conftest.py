"""One running bot for all tests of a module."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from sandbox.driver import SandboxUser
from tests.bot.running import RunningBot


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningBot]:
    """The real bot, in the sandbox."""
    bot = await RunningBot(tmp_path_factory.mktemp("bot")).start()
    yield bot
    await bot.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def ash(running: RunningBot) -> AsyncIterator[SandboxUser]:
    """A member with the page open."""
    async with SandboxUser(running.url, "Ash") as user:
        yield user


@pytest_asyncio.fixture(loop_scope="module")
async def misty(running: RunningBot) -> AsyncIterator[SandboxUser]:
    """Another member."""
    async with SandboxUser(running.url, "Misty") as user:
        yield user
