"""Whether the bot keeps up with a crowd for a while, through the sandbox: python -m benchmarks.bot_load

200 people ask for 50 creatures a second for a minute; then somebody with 10,000 creatures opens their
gallery. The sandbox, the bot and the people are three processes, and each one's share of the CPU is stated:
on Discord the other two are elsewhere. A picture counts as shown when its bytes have been downloaded.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Annotated

import torch
import typer

from sandbox import Sandbox, SandboxSettings
from sandbox.driver import InteractionHandle, Message, SandboxUser

SHIPPED = Path("checkpoints/newmon.safetensors")
GALLERY = 10_000
GALLERY_TIMES = 20
MEETING_TIMEOUT_S = 60.0
PROBE_S = 5.0  # how often memory is looked at
PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")
TICKS = os.sysconf("SC_CLK_TCK")
BOT = """
import sys
from bot.__main__ import main
from sandbox.server import point_discord_at
point_discord_at(sys.argv.pop())
main([])
"""


@dataclass
class Usage:
    """What a process has used so far."""

    cpu_s: float
    rss_mb: float


def usage(pid: int) -> Usage:
    """Of a living process, from /proc."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return Usage((int(after_name[11]) + int(after_name[12])) / TICKS, pages * PAGE_SIZE / 1e6)


@contextmanager
def bot_process(folder: Path, sandbox: Sandbox, checkpoint: Path) -> Iterator[subprocess.Popen[str]]:
    """The bot as it runs on Discord, without a cool-down; yields it once it is ready."""
    settings = {
        "DISCORD_TOKEN": sandbox.token,
        "DATA_DIR": folder,
        "CHECKPOINT": checkpoint,
        "COOLDOWN_PER_MINUTE": 0,
        "LOG_LEVEL": "WARNING",
    }
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", BOT, sandbox.url],
        env=os.environ | {name: str(value) for name, value in settings.items()},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


async def ready(process: subprocess.Popen[str]) -> None:
    """Waits until the bot says that it is."""
    assert process.stdout is not None
    while line := await asyncio.to_thread(process.stdout.readline):
        if "is ready" in line:
            return
    sys.exit("The bot did not start.")


# The people, in a process of their own


@dataclass
class Answer:
    """How long one request took, in seconds; None where nothing came. `refused`: told to try again later."""

    acknowledged: float | None
    shown: float | None
    refused: bool = False


async def one_request(user: SandboxUser) -> Answer:
    handle = await user.command("newmon")
    try:
        message = await user.wait(lambda: settled(handle), MEETING_TIMEOUT_S)
    except TimeoutError:
        message = None
    since = handle.sent_at
    acknowledged = None if handle.acknowledged_at is None else handle.acknowledged_at - since
    if message is None or not message.pictures:
        return Answer(acknowledged, None, refused=message is not None)
    assert await user.download(message.pictures[0])
    return Answer(acknowledged, time.perf_counter() - since)


def settled(handle: InteractionHandle) -> Message | None:
    """The picture, or the sentence that there is none."""
    return next((m for m in handle.updates if m.pictures or (m.private and not m.loading)), None)


async def crowd(url: str, people: int, a_second: float, seconds: float) -> list[Answer]:
    """Requests at a steady pace, whether or not the earlier ones are answered, from each person in turn.

    In direct messages: in a channel everybody's page would be told of everybody's creature.
    """
    users = [SandboxUser(url, f"Person {i}", place="direct") for i in range(people)]
    await asyncio.gather(*(user.connect() for user in users))
    began = time.perf_counter()
    requests: list[asyncio.Task[Answer]] = []
    for i in range(round(a_second * seconds)):
        await asyncio.sleep(max(began + i / a_second - time.perf_counter(), 0))
        requests.append(asyncio.create_task(one_request(users[i % people])))
    answers = await asyncio.gather(*requests)
    await asyncio.gather(*(user.close() for user in users))
    return list(answers)


# The gallery


def fill_collection(database: Path, owner_id: int) -> None:
    """Copies the creature that this person has saved until there are 10,000."""
    columns = (
        "owner_id, owner_name, guild_id, channel_id, w_plus, w_form, noise_seed, layers, png, checkpoint_id,"
        " created_at"
    )
    with closing(sqlite3.connect(database, timeout=30)) as connection, connection:
        connection.execute(
            f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {GALLERY - 1})"
            f" INSERT INTO creatures (code, name, name_key, saved_at, favourite, {columns})"
            f" SELECT 'zz' || i, 'Mon ' || i, 'mon ' || i, saved_at, 0, {columns}"
            " FROM n, creatures WHERE owner_id = ? AND name = 'First'",
            (owner_id,),
        )


async def gallery(url: str, database: Path) -> list[float]:
    """Seconds until the first page of 10,000 is shown, several times."""
    async with SandboxUser(url, "Collector", place="direct") as collector:
        await (await collector.command("newmon")).message(until=lambda m: bool(m.pictures))
        await (await collector.command("save", name="First")).message(until=lambda m: bool(m.pictures))
        await asyncio.to_thread(fill_collection, database, int(collector.id))
        times: list[float] = []
        for _ in range(GALLERY_TIMES):
            handle = await collector.command("mons")
            message = await handle.message(until=lambda m: bool(m.pictures))
            assert await collector.download(message.pictures[0]) and f"{GALLERY:,}" in message.text
            times.append(time.perf_counter() - handle.sent_at)
        return times


# The figures


async def watch_memory(pid: int, seen_mb: list[float]) -> None:
    while True:
        seen_mb.append(usage(pid).rss_mb)
        await asyncio.sleep(PROBE_S)


def spread(seconds: list[float]) -> str:
    """Median, 99th percentile and worst, in milliseconds."""
    p99 = quantiles(seconds, n=100, method="inclusive")[98] if len(seconds) > 1 else seconds[0]
    return f"p50 {median(seconds) * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms, worst {max(seconds) * 1000:.0f} ms"


async def load(url: str, people: int, a_second: float, seconds: float) -> tuple[list[Answer], float]:
    """The crowd's answers, and the CPU seconds that its process took."""
    arguments = (
        "--url",
        url,
        "--people",
        str(people),
        "--a-second",
        str(a_second),
        "--seconds",
        str(seconds),
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.bot_load", *arguments), stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    if process.returncode:
        sys.exit("The people's process failed.")
    said = json.loads(output)
    return [Answer(*answer) for answer in said["answers"]], said["cpu_s"]


async def report(checkpoint: Path, people: int, a_second: float, seconds: float) -> None:
    """Run everything and print it."""
    print(f"{os.cpu_count()} cores, torch {torch.__version__}, load before: {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sandbox = Sandbox(SandboxSettings(port=0, data_dir=folder / "sandbox"))
        await sandbox.start()
        with bot_process(folder / "data", sandbox, checkpoint) as bot:
            await ready(bot)
            await load(sandbox.url, 8, 8, 3)  # warm everything up
            before, memory_mb = usage(bot.pid), list[float]()
            sandbox_cpu_s, began = time.process_time(), time.perf_counter()
            watching = asyncio.create_task(watch_memory(bot.pid, memory_mb))
            answers, people_cpu_s = await load(sandbox.url, people, a_second, seconds)
            took_s, after = time.perf_counter() - began, usage(bot.pid)
            watching.cancel()
            acknowledged = [a.acknowledged for a in answers if a.acknowledged is not None]
            shown = [a.shown for a in answers if a.shown is not None]
            print(
                f"{people} people, {a_second:g} /newmon a second for {seconds:g} s: {len(answers)} requests"
            )
            print(f"  acknowledged  {spread(acknowledged)}")
            print(f"  picture       {spread(shown)}")
            refused = sum(answer.refused for answer in answers)
            print(f"  told to wait  {refused}")
            print(f"  lost          {len(answers) - len(shown) - refused}")
            print(
                f"  CPU           bot {after.cpu_s - before.cpu_s:.0f} s, sandbox "
                f"{time.process_time() - sandbox_cpu_s:.0f} s, people {people_cpu_s:.0f} s, in {took_s:.0f} s"
            )
            print(f"  bot's memory  {' '.join(f'{mb:.0f}' for mb in memory_mb)} MB, every {PROBE_S:g} s")
            times = await gallery(sandbox.url, folder / "data" / "newmon.sqlite3")
            print(f"first page of a gallery of {GALLERY:,}, {len(times)} times: {spread(times)}")
        await sandbox.stop()


def main(
    checkpoint: Annotated[Path, typer.Option(help="What to hatch from.")] = SHIPPED,
    people: Annotated[int, typer.Option(help="How many there are.")] = 200,
    a_second: Annotated[float, typer.Option(help="How many ask each second, in all.")] = 50,
    seconds: Annotated[float, typer.Option(help="For how long.")] = 60,
    url: Annotated[str, typer.Option(help="Used by the benchmark itself.")] = "",
) -> None:
    """Measure the bot under a steady load."""
    logging.disable(logging.WARNING)
    if url:
        answers = asyncio.run(crowd(url, people, a_second, seconds))
        told = {"answers": [astuple(a) for a in answers], "cpu_s": time.process_time()}
        print(json.dumps(told))
    else:
        asyncio.run(report(checkpoint, people, a_second, seconds))


if __name__ == "__main__":
    typer.run(main)
