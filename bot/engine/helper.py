"""Processes that work for the engine beside the bot, and end with whoever waits for them."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Sequence

from bot.system.background import ROOT, environment, stand_back

NICENESS = 10  # below the bot, and above a retrain: somebody waits for it
THREADS = 1  # several wait for one another, and for whoever else computes
LINE_MAX = 2**24  # bytes: what was made comes in one line


@contextlib.asynccontextmanager
async def helper(arguments: Sequence[str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """A running `python ARGUMENTS…`, whose stdin and stdout are ours. It is gone at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        cwd=ROOT,
        env=environment(THREADS),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LINE_MAX,
    )
    try:
        stand_back(process.pid, NICENESS)
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def give(process: asyncio.subprocess.Process, data: bytes) -> None:
    """All that a helper gets to read. One that has ended already has said why."""
    assert process.stdin is not None
    with contextlib.suppress(ConnectionError):
        process.stdin.write(data)
        await process.stdin.drain()
        process.stdin.close()
