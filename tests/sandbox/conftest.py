"""A running sandbox, a bot that is connected to it, and people at the page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from discord.asset import Asset
from discord.gateway import DiscordWebSocket
from discord.http import Route

from sandbox import Sandbox, SandboxSettings
from sandbox.driver import SandboxUser
from tests.sandbox.tiny_bot import TinyBot


@pytest.fixture(autouse=True)
def discord_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts discord.py's addresses back after each test."""
    monkeypatch.setattr(Route, "BASE", Route.BASE)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", DiscordWebSocket.DEFAULT_GATEWAY)
    monkeypatch.setattr(Asset, "BASE", Asset.BASE)


@pytest.fixture
def settings(tmp_path: Path) -> SandboxSettings:
    return SandboxSettings(port=0, data_dir=tmp_path / "sandbox")


@pytest.fixture
async def sandbox(settings: SandboxSettings) -> AsyncIterator[Sandbox]:
    sandbox = Sandbox(settings)
    await sandbox.start()
    sandbox.point_discord_here()
    yield sandbox
    await sandbox.stop()


@pytest.fixture
async def tiny(sandbox: Sandbox) -> AsyncIterator[TinyBot]:
    bot = TinyBot()
    await bot.run_in_background(sandbox.token)
    yield bot
    await bot.stop()


@pytest.fixture
async def ash(sandbox: Sandbox) -> AsyncIterator[SandboxUser]:
    async with SandboxUser(sandbox.url, "Ash") as user:
        yield user
