"""What people notice of a retrain: /newmon before, during and after one.

    python -m benchmarks.retrain_responsiveness

One person hatches again and again through the sandbox, from a process of their own. The retrain is a real one
of the shipped checkpoint, on synthetic creatures at the same resolution, with as many threads as there are
cores. It is cancelled at the end: nothing of it is kept.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles
from typing import Annotated

import torch
import typer

from benchmarks.bot_latency import SHIPPED, measure
from bot.__main__ import run
from bot.config import Settings
from sandbox.driver import Message, SandboxUser

CREATURES = 200  # synthetic ones, to train on
KIMG = 4  # figures come every eighth of it; it is cancelled before its end


def percentile_99(values: list[float]) -> float:
    """The 99th percentile."""
    return quantiles(values, n=100, method="inclusive")[-1]


async def people(url: str, what: str, rounds: int) -> None:
    """Hatch so many times, and print how long it took."""
    figures, stalls_s = await measure(url, 1, rounds)
    acknowledged = [figure["acknowledged"] * 1000 for figure in figures]
    shown = [figure["shown"] * 1000 for figure in figures]
    print(
        f"{what:20} picture median {median(shown):4.0f} ms, p99 {percentile_99(shown):4.0f} ms; "
        f"acknowledged median {median(acknowledged):4.1f} ms, p99 {percentile_99(acknowledged):4.1f} ms; "
        f"{len(shown)} of {rounds} pictures; worst stall {max(stalls_s) * 1000:.0f} ms",
        flush=True,
    )


async def training(admin: SandboxUser) -> Message:
    """Start a retrain, and wait until it trains and says how fast."""
    message = await (await admin.command("retrain start", kimg=KIMG)).message()
    print(f"{'':20} preparing the retrain …", flush=True)

    def under_way(now: Message) -> bool:
        if now.id == message.id and "failed" in now.text:
            sys.exit(now.text)
        return now.id == message.id and "images/s" in now.text

    return await admin.wait_for_message(under_way, timeout_s=1800)


async def speed(admin: SandboxUser, message: Message) -> str:
    """What the retrain's message says about its speed."""
    fields = admin.current(message).embeds[0].get("fields", [])
    return next((field["value"] for field in fields if field["name"] == "Speed"), "not known")


async def report(checkpoint: Path, rounds: int) -> None:
    """Run everything and print it."""
    from train.data.synthetic import write_folder  # draws the creatures; the bot itself never imports train

    print(f"{os.cpu_count()} cores, torch {torch.__version__}, {rounds} creatures each")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        await asyncio.to_thread(write_folder, folder / "images", CREATURES)
        settings = Settings.model_validate(
            {
                "data_dir": folder / "data",
                "checkpoint": checkpoint,
                "sandbox_port": 0,
                "discord_token": None,
                "cooldown_per_minute": 0,
                "retrain_data": {"synthetic": str(folder / "images")},
                "retrain_samples": 100,
            }
        )
        stopping, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
        task = asyncio.create_task(run(settings, stopping, ready.set_result))
        await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        url = ready.result().place.removeprefix("at ")
        await measure(url, 1, 5)
        async with SandboxUser(url, "Oak") as admin:
            await people(url, "before the retrain", rounds)
            message = await training(admin)
            print(f"{'':20} it trains at {await speed(admin, message)} while nobody hatches", flush=True)
            began = time.monotonic()
            await people(url, "while it trains", rounds)
            print(f"{'':20} … for {time.monotonic() - began:.0f} s", flush=True)
            if "Training at" not in admin.current(message).text:
                sys.exit("The retrain ended before the last creature: these figures are worth nothing.")
            await admin.command("retrain cancel")
            await admin.wait_for_message(lambda now: now.id == message.id and "cancelled" in now.text, 120)
            await people(url, "after the retrain", rounds)
        stopping.set()
        await task


def main(
    checkpoint: Annotated[Path, typer.Option(help="What to hatch from and to train further.")] = SHIPPED,
    rounds: Annotated[int, typer.Option(help="How many creatures for each figure.")] = 300,
) -> None:
    """Measure /newmon with and without a retrain beside it."""
    logging.disable(logging.WARNING)
    asyncio.run(report(checkpoint, rounds))


if __name__ == "__main__":
    typer.run(main)
