"""How fast the bot is, measured through the sandbox: python -m benchmarks.bot_latency

Three figures: from process start to ready; one person hatching again and again; fifty hatching at once.
The bot runs in this process, where the event loop is watched; the people run in another one. A picture
counts as shown when its bytes have been downloaded.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from statistics import median
from typing import Annotated

import torch
import typer

from bot.__main__ import run, spare_the_collector
from bot.config import Settings
from sandbox.driver import SandboxUser

LOOP_PROBE_S = 0.005
SHIPPED = Path("checkpoints/newmon.safetensors")


def time_to_ready(folder: Path, checkpoint: Path) -> float:
    """Seconds from starting `python -m bot` to its saying that it is ready."""
    settings = {"DATA_DIR": folder, "CHECKPOINT": checkpoint, "SANDBOX_PORT": 0, "DISCORD_TOKEN": ""}
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "bot"],
        env=os.environ | {name: str(value) for name, value in settings.items()},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        next(line for line in process.stdout if "is ready" in line)
        return time.perf_counter() - started
    finally:
        process.terminate()
        process.communicate()


@contextlib.asynccontextmanager
async def running_bot(folder: Path, checkpoint: Path) -> AsyncIterator[str]:
    """The bot in this process; yields the page's address."""
    stopping, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
    settings = Settings.model_validate(
        {
            "data_dir": folder,
            "checkpoint": checkpoint,
            "sandbox_port": 0,
            "discord_token": None,
            "cooldown_per_minute": 0,  # one person hatches more than anybody would
        }
    )
    task = asyncio.create_task(run(settings, stopping, ready.set_result))
    await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    spare_the_collector()
    yield ready.result().place.removeprefix("at ")
    stopping.set()
    await task


async def watch_loop(stalls_s: list[float]) -> None:
    """Note by how much each short sleep overshoots."""
    while True:
        before = time.perf_counter()
        await asyncio.sleep(LOOP_PROBE_S)
        stalls_s.append(time.perf_counter() - before - LOOP_PROBE_S)


async def people(url: str, how_many: int, rounds: int) -> list[dict[str, float]]:
    """So many people hatch at once, `rounds` times. Seconds to acknowledgement and to the picture, each."""
    users = [SandboxUser(url, f"Person {i}") for i in range(how_many)]
    await asyncio.gather(*(user.connect() for user in users))

    async def hatch(user: SandboxUser) -> dict[str, float]:
        handle = await user.command("newmon")
        message = await handle.message(timeout_s=120, until=lambda m: bool(m.pictures))
        assert await user.download(message.pictures[0])
        shown = time.perf_counter()
        assert handle.acknowledged_at is not None
        return {"acknowledged": handle.acknowledged_at - handle.sent_at, "shown": shown - handle.sent_at}

    figures: list[dict[str, float]] = []
    for _ in range(rounds):
        figures += await asyncio.gather(*(hatch(user) for user in users))
    await asyncio.gather(*(user.close() for user in users))
    return figures


async def measure(url: str, how_many: int, rounds: int) -> tuple[list[dict[str, float]], list[float]]:
    """Let people hatch from a process of their own; returns their figures and the loop's stalls."""
    stalls_s: list[float] = []
    watch = asyncio.create_task(watch_loop(stalls_s))
    arguments = [
        "-m",
        "benchmarks.bot_latency",
        "--url",
        url,
        "--users",
        str(how_many),
        "--rounds",
        str(rounds),
    ]
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    watch.cancel()
    if process.returncode:
        sys.exit("The people's process failed.")
    return json.loads(output), stalls_s


async def report(checkpoint: Path) -> None:
    """Run everything and print it."""
    print(f"{os.cpu_count()} cores, torch {torch.__version__}, {torch.get_num_threads()} threads")
    with tempfile.TemporaryDirectory() as folder:
        time_to_ready(Path(folder), checkpoint)  # the first start also migrates and fills the disk cache
        starts = [time_to_ready(Path(folder), checkpoint) for _ in range(3)]
        print(f"ready after {median(starts):.1f} s (median of 3 starts), at the latest {max(starts):.1f} s")
        async with running_bot(Path(folder), checkpoint) as url:
            await measure(url, 1, 5)
            for how_many, rounds in ((1, 40), (50, 1), (50, 5)):
                figures, stalls = await measure(url, how_many, rounds)
                acknowledged = [f["acknowledged"] * 1000 for f in figures]
                shown = [f["shown"] * 1000 for f in figures]
                print(
                    f"{how_many:3} at once, {rounds:2} times      "
                    f"picture median {median(shown):.0f} ms, last {max(shown):.0f} ms; "
                    f"acknowledged median {median(acknowledged):.0f} ms, last {max(acknowledged):.0f} ms; "
                    f"{len(shown)} of {how_many * rounds} pictures; worst stall {max(stalls) * 1000:.0f} ms"
                )


def main(
    checkpoint: Annotated[Path, typer.Option(help="What to hatch from.")] = SHIPPED,
    url: Annotated[str, typer.Option(help="Used by the benchmark itself.")] = "",
    users: int = 1,
    rounds: int = 1,
) -> None:
    """Measure the bot through the sandbox."""
    logging.disable(logging.WARNING)
    if url:
        print(json.dumps(asyncio.run(people(url, users, rounds))))
    else:
        asyncio.run(report(checkpoint))


if __name__ == "__main__":
    typer.run(main)
