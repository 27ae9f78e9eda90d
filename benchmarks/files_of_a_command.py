"""How many of our files a command passes through: python -m benchmarks.files_of_a_command

Counts the files under `bot/` and `gan/` of which any line runs in the bot between the interaction's arrival
from the gateway and its answer on the page, in whatever thread, each time that the command is used.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import threading
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer

from benchmarks.bot_latency import SHIPPED, running_bot
from sandbox.driver import SandboxUser

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("bot", "gan")
TIMES = 3  # what runs each time belongs to the command


class Trace:
    """Notes the files of ours whose functions are called while it is on, in threads that start after it."""

    def __init__(self) -> None:
        self.on = False
        self.files: set[str] = set()
        threading.setprofile(self.note)
        sys.setprofile(self.note)

    def note(self, frame: FrameType, event: str, argument: Any) -> None:
        """As `sys.setprofile` calls it."""
        if self.on and event == "call" and frame.f_code.co_filename.startswith(str(ROOT)):
            self.files.add(Path(frame.f_code.co_filename).relative_to(ROOT).as_posix())


async def files_of(checkpoint: Path, name: str) -> list[str]:
    """The files that one command passes, whatever else runs meanwhile."""
    trace = Trace()
    passed: list[set[str]] = []
    with tempfile.TemporaryDirectory() as folder:
        async with running_bot(Path(folder), checkpoint) as url, SandboxUser(url, "Ash") as user:
            await (await user.command(name)).message(until=lambda m: bool(m.pictures))
            for _ in range(TIMES):
                trace.files, trace.on = set(), True
                await (await user.command(name)).message(until=lambda m: bool(m.pictures))
                trace.on = False
                passed.append({file for file in trace.files if file.split("/")[0] in ROOMS})
                await asyncio.sleep(0.5)
    sys.setprofile(None)
    return sorted(set.intersection(*passed))


def main(
    checkpoint: Annotated[Path, typer.Option(help="A checkpoint file.")] = SHIPPED,
    name: Annotated[str, typer.Option(help="A command without options that shows a picture.")] = "newmon",
) -> None:
    """Print the files and their number."""
    files = asyncio.run(files_of(checkpoint, name))
    print("\n".join(files))
    counts = ", ".join(f"{sum(file.startswith(room) for file in files)} in {room}/" for room in ROOMS)
    print(f"/{name} passes {len(files)} files: {counts}")


if __name__ == "__main__":
    typer.run(main)
