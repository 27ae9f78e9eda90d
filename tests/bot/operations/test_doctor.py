"""`python -m bot doctor` finds what an operator would look for, and says what to do."""

from __future__ import annotations

import importlib.metadata
import shutil
import sqlite3
from collections import namedtuple
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from bot.config import Settings
from bot.operations import doctor
from bot.operations.doctor import Finding, examine
from bot.store import Store
from sandbox.world import BOT
from tests.bot.running import make_checkpoint
from tests.bot.stage import Stage
from tests.bot.test_startup import environment
from tests.forked import ForkedProgram

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_checkpoint(tmp_path / "checkpoint.safetensors")
    return tmp_path


@pytest_asyncio.fixture
async def stage(folder: Path) -> AsyncIterator[Stage]:
    async with Stage(folder) as made:
        yield made


async def found(folder: Path, **settings: object) -> dict[str, Finding]:
    values = {"checkpoint": folder / "checkpoint.safetensors", "data_dir": folder / "data"} | settings
    return {finding.name: finding async for finding in examine(Settings.model_validate(values))}


async def test_a_bot_that_can_start_has_nothing_wrong(stage: Stage) -> None:
    findings = await found(stage.folder, discord_token=stage.sandbox.token)
    assert {finding.verdict for finding in findings.values()} == {"well"}, findings
    assert set(findings) == {
        *("Python", "packages", "disk", "checkpoint", "database", "token", "clock", "intents", "permissions")
    }
    assert not (stage.folder / "data" / "newmon.sqlite3").exists()  # it only looked


async def test_a_token_that_discord_does_not_take(stage: Stage) -> None:
    told = (await found(stage.folder, discord_token="another"))["token"]
    assert told.verdict == "wrong" and "put the bot's current token in .env" in told.says


async def test_a_discord_that_is_not_reached(stage: Stage) -> None:
    await stage.sandbox.stop()
    told = (await found(stage.folder, discord_token=stage.sandbox.token))["Discord"]
    assert told.verdict == "wrong" and "Discord could not be reached" in told.says


async def test_a_permission_that_is_missing_is_named_with_the_server(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(BOT), "permissions", 1 << 10 | 1 << 14 | 1 << 15)  # see, embed, attach
    told = (await found(stage.folder, discord_token=stage.sandbox.token))["permissions"]
    assert told.verdict == "warning" and "(send messages)" in told.says


async def test_a_clock_that_is_off(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    real = doctor.datetime

    class Ahead(real):
        @classmethod
        def now(cls, tz=None):
            return real.now(tz) + timedelta(minutes=10)

    monkeypatch.setattr(doctor, "datetime", Ahead)
    told = (await found(stage.folder, discord_token=stage.sandbox.token))["clock"]
    assert told.verdict == "warning" and "ahead of Discord's: let NTP set it" in told.says


async def test_without_a_token_it_says_where_the_bot_starts(folder: Path) -> None:
    told = (await found(folder))["token"]
    assert told.verdict == "warning" and "local sandbox" in told.says


async def test_a_checkpoint_that_is_damaged(folder: Path) -> None:
    (folder / "checkpoint.safetensors").write_bytes(b"no weights")
    told = (await found(folder))["checkpoint"]
    assert told.verdict == "wrong" and "Set CHECKPOINT" in told.says


async def test_databases_that_are_full_of_creatures_old_or_no_databases(folder: Path) -> None:
    path = folder / "data" / "newmon.sqlite3"
    store = await Store.open(path)
    await store.close()
    assert (await found(folder))["database"].says.endswith("0 saved creatures")
    with sqlite3.connect(path) as database:
        database.execute("UPDATE alembic_version SET version_num = '0007'")
    told = (await found(folder))["database"]
    assert told.verdict == "warning" and "take a backup first" in told.says
    with sqlite3.connect(path) as database:  # and it was only looked at
        assert database.execute("SELECT version_num FROM alembic_version").fetchall() == [("0007",)]
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    assert "written by a newer version" in (await found(folder))["database"].says
    path.write_bytes(b"no database at all, but long enough for one to be looked for" * 20)
    told = (await found(folder))["database"]
    assert told.verdict == "wrong" and "is not a newmon database" in told.says


async def test_a_disk_that_is_nearly_full_or_cannot_be_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(10, 9, 1))
    assert (await found(folder))["disk"].verdict == "warning"
    shutil.rmtree(folder / "data")
    (folder / "data").write_bytes(b"a file where the folder should be")
    assert (await found(folder))["disk"].verdict == "wrong"


async def test_packages_that_are_missing_or_others(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.metadata.version

    def version(name: str) -> str:
        if name == "alembic":
            raise importlib.metadata.PackageNotFoundError(name)
        return "0.1" if name == "aiohttp" else real(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    told = (await found(folder))["packages"]
    assert (
        told.verdict == "wrong" and "aiohttp is 0.1, not" in told.says and "alembic is missing" in told.says
    )


async def test_the_command_ends_with_1_where_something_is_wrong(folder: Path) -> None:
    known = environment(folder, CHECKPOINT="none.safetensors")
    async with await ForkedProgram.start(
        "tests.forked:run_module", "bot", "doctor", environment=known, folder=folder
    ) as process:
        said = (await process.stdout.read()).decode()
        assert await process.wait() == 1
    assert "✗ checkpoint: " in said and "✓ disk: " in said and "Traceback" not in said
