"""`python -m bot` with something wrong: one sentence, no traceback, exit code 1."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bot.running import make_checkpoint
from tests.bot.stage import line_with, stopped
from tests.forked import ForkedProgram

ROOT = Path(__file__).parents[2]


def environment(folder: Path, **settings: object) -> dict[str, str]:
    known = {
        "CHECKPOINT": folder / "checkpoint.safetensors",
        "DATA_DIR": folder / "data",
        "SANDBOX_PORT": 0,
        "DISCORD_TOKEN": "",
        "PYTHONPATH": ROOT,
    }
    return os.environ | {name: str(value) for name, value in (known | settings).items()}


async def start(folder: Path, **settings: object) -> ForkedProgram:
    """The bot, where nothing is asked of the interpreter that runs it."""
    known = environment(folder, **settings)
    return await ForkedProgram.start("tests.forked:run_module", "bot", environment=known, folder=folder)


async def failure(folder: Path, **settings: object) -> str:
    """What the bot says when it refuses to start."""
    async with asyncio.timeout(120), await start(folder, **settings) as process:
        said = (await process.stdout.read()).decode()
        assert await process.wait() == 1, said
    assert "Traceback" not in said and said.strip().splitlines()[-1].startswith("newmon: ")
    return said


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_checkpoint(tmp_path / "checkpoint.safetensors")
    return tmp_path


async def test_a_file_of_settings_that_is_no_text(folder: Path) -> None:
    (folder / ".env").write_bytes(b"# caf\xe9\n")
    assert "Line 1 of .env has a character that is not in UTF-8" in await failure(folder)


def test_a_missing_checkpoint(tmp_path: Path) -> None:
    """As people start it, in an interpreter of its own."""
    ran = subprocess.run(
        [sys.executable, "-m", "bot"],
        env=environment(tmp_path),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 1, ran.stderr
    assert "Traceback" not in ran.stdout + ran.stderr
    last = ran.stderr.strip().splitlines()[-1]
    assert last.startswith("newmon: ") and "There is no checkpoint" in ran.stderr


async def test_a_truncated_checkpoint(folder: Path) -> None:
    path = folder / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    assert "damaged or truncated" in await failure(folder)


async def test_a_port_in_use(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        text = await failure(folder, SANDBOX_PORT=port)
    assert f"Port {port} is in use" in text
    assert "SANDBOX_PORT" in text


async def test_a_port_that_is_none(folder: Path) -> None:
    assert "SANDBOX_PORT" in await failure(folder, SANDBOX_PORT="many")


async def test_a_data_folder_that_is_a_file(folder: Path) -> None:
    (folder / "data").write_text("not a folder")
    await failure(folder)


async def test_a_database_that_is_none(folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "newmon.sqlite3").write_text("not a database, and long enough to be looked at " * 20)
    assert "database" in await failure(folder)


@pytest.fixture
async def process(folder: Path) -> AsyncIterator[ForkedProgram]:
    running = await start(folder)
    async with running:
        yield running


def test_it_starts_as_people_set_it_up(folder: Path) -> None:
    """Settings in UTF-16 with a slip in them, a home folder, and a terminal that knows ASCII alone."""
    lines = ["DATA_DIR=~/nm", "ADMIN_ID=123", "log_level=info", "DATABASE_URL="]
    (folder / ".env").write_bytes("\r\n".join(lines).encode("utf-16"))
    (folder / "home").mkdir()
    settings = environment(folder, HOME=folder / "home", PYTHONIOENCODING="ascii", PYTHONUTF8=0)
    del settings["DATA_DIR"]
    running = subprocess.Popen(
        [sys.executable, "-u", "-m", "bot"],
        env=settings,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert running.stdout is not None
        said: list[str] = []
        for line in running.stdout:
            said.append(line)
            if "is ready" in line:
                break
        running.send_signal(signal.SIGTERM)
        said.append(running.stdout.read())
        assert running.wait(60) == 0, "".join(said)
    finally:
        running.kill()
        running.wait()
    text = " ".join("".join(said).split())
    assert "did you mean ADMIN_IDS?" in text
    assert f"DATA_DIR={folder}/home/nm" in text.replace(" ", "") and "QUEUE_LIMIT" not in text
    assert "Creatures hatch from" in text and "the one that CHECKPOINT names." in text
    assert "Context impl" not in text and "Traceback" not in text  # nothing was migrated
    assert {path.name for path in (folder / "home" / "nm").iterdir()} >= {"newmon.sqlite3", "sandbox"}
    assert {path.name for path in folder.iterdir()} == {".env", "home", "checkpoint.safetensors"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_says_where_it_is_and_stops_cleanly(process: ForkedProgram, number: signal.Signals) -> None:
    assert "http://127.0.0.1:" in await line_with(process, "newmon is ready")
    code, rest = await stopped(process, number)
    assert code == 0 and "Traceback" not in rest
