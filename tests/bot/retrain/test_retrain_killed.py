"""kill -9 for a real bot process: while it trains, while it evaluates, and in the middle of the swap."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.system.background import ROOT
from sandbox.driver import Message, SandboxUser
from tests.bot.running import make_checkpoint
from tests.bot.talking import checkpoint_of, hatch, labels

PROGRAM = Path(__file__).with_name("bot_to_kill.py")


@asynccontextmanager
async def bot_process(folder: Path, *arguments: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """A bot of its own process and where people meet it; killed in the end, if it still runs."""
    environment = os.environ | {
        "CHECKPOINT": str(folder / "checkpoint.safetensors"),
        "DATA_DIR": str(folder / "data"),
        "SANDBOX_PORT": "0",
        "TORCH_THREADS": "1",
        "RETRAIN_DATA": f"sprites={folder / 'images'}",
        "RETRAIN_KEEP_FREE_GB": "0",
        "PYTHONPATH": str(ROOT),
        "COLUMNS": "200",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(PROGRAM),
        *arguments,
        cwd=folder,  # where there is no .env
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    reading: asyncio.Task[bytes] | None = None
    try:
        said = ""
        while (found := re.search(r"ready at (http://\S+)", said)) is None:
            line = await process.stdout.readline()
            assert line, said
            said += line.decode()
        reading = asyncio.create_task(process.stdout.read())  # so that it never waits to be heard
        yield process, found[1]
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        if reading is not None:
            await reading


async def ends(user: SandboxUser, message: Message, title: str) -> Message:
    return await user.wait_for_message(lambda m: m.id == message.id and title in m.text)


@pytest.mark.slow
async def test_a_bot_that_is_killed_three_times_comes_back_each_time(tmp_path: Path) -> None:
    first = make_checkpoint(tmp_path / "checkpoint.safetensors")
    (tmp_path / "checkpoint.training.safetensors").write_bytes(b"weights")
    result = make_checkpoint(tmp_path / "result.safetensors", 1)
    (tmp_path / "images").mkdir()

    beginning = bot_process(tmp_path, "wait", str(tmp_path / "result.safetensors"))
    async with beginning as (process, url), SandboxUser(url, "Oak") as oak:
        message = await (await oak.command("retrain start", kimg=10)).message()
        await ends(oak, message, "Training at 16×16")
        process.kill()
        await process.wait()

    # The next one finds the training at work, which goes on to measure what came of it.
    [run] = (tmp_path / "data" / "retrain").glob("*")
    async with bot_process(tmp_path, "wait", "none") as (process, url), SandboxUser(url, "Oak") as oak:
        assert first[:8] == checkpoint_of(await hatch(oak))
        run.joinpath("evaluate").touch()
        await ends(oak, message, "Measuring what came of it")
        process.kill()
        await process.wait()

    # The next one is killed once the result is in the database.
    arguments = ("good", str(tmp_path / "result.safetensors"), "complete")
    async with bot_process(tmp_path, *arguments) as (process, url), SandboxUser(url, "Oak") as oak:
        assert first[:8] == checkpoint_of(await hatch(oak))
        status = await (await oak.command("retrain status")).message()
        assert "Measuring what came of it" in status.text and labels(status) == ["Cancel"]
        run.joinpath("go on").touch()
        assert await process.wait() == -9

    async with bot_process(tmp_path, *arguments[:2]) as (process, url), SandboxUser(url, "Oak") as oak:
        assert result[:8] == checkpoint_of(await hatch(oak))
        ended = await ends(oak, message, "A new checkpoint is in use")
        assert ended.pictures and labels(ended) == [f"Go back to {first[:8]}"]
        process.terminate()
        assert await process.wait() == 0
