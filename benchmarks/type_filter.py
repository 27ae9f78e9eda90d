"""How long a page of one type takes among 10,000 creatures: python -m benchmarks.type_filter

Somebody has 10,000 different creatures that an earlier version saved, so that nothing was read of them. The
first filter reads them all; the pages after it are measured, with pictures that were not shown before and
with such as were. Through the sandbox and with the shipped checkpoint: a page counts as shown when its
picture's bytes have been downloaded.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Annotated

import numpy as np
import torch
import typer

from benchmarks.bot_latency import SHIPPED, running_bot
from bot.store import Store, listing
from bot.store.codec import encode_w_plus
from gan.checkpoint import load
from gan.config import DEFAULT_PSI
from gan.pictures.sprite import to_png
from gan.sampler import Sampler
from sandbox.driver import InteractionHandle, Message, SandboxUser

CREATURES = 10_000
PICTURES = 300  # different ones: drawing ten thousand takes minutes, and a page shows twelve
KINDS = ("Fire", "Water", "Grass", "Electric", "Ground", "Poison", "Flying", "Rock")
COPIED = "owner_id, owner_name, guild_id, channel_id, noise_seed, layers, checkpoint_id, created_at, saved_at"


def fill(database: Path, checkpoint: Path) -> None:
    """Gives whoever saved "First" 9,999 creatures more, with styles of their own."""
    sampler = Sampler(load(checkpoint))
    z = np.random.default_rng(0).standard_normal((CREATURES - 1, sampler.config.z_dim), np.float32)
    mapping = sampler.generator.mapping
    with torch.inference_mode():  # at once: one by one, as they hatch, takes much longer
        w = mapping.truncate(mapping(torch.from_numpy(z).to(sampler.device)), DEFAULT_PSI).cpu().numpy()
    codes = np.repeat(w[:, None], sampler.num_layers, axis=1)
    pngs = [to_png(picture) for picture in sampler.render(codes[:PICTURES], list(range(PICTURES)))]
    rows = [
        (f"zz{i}", f"Mon {i}", f"mon {i}", *encode_w_plus(code), pngs[i % PICTURES])
        for i, code in enumerate(codes)
    ]
    with closing(sqlite3.connect(database, timeout=30)) as connection, connection:
        connection.executemany(
            f"INSERT INTO creatures (code, name, name_key, w_form, w_plus, png, {COPIED})"
            f" SELECT ?, ?, ?, ?, ?, ?, {COPIED} FROM creatures WHERE name = 'First'",
            rows,
        )


async def shown(user: SandboxUser, handle: InteractionHandle) -> tuple[Message, float]:
    """A page, and the seconds until its picture was there."""
    message = await handle.message(timeout_s=120, until=lambda m: bool(m.pictures) and "only" in m.text)
    assert await user.download(message.pictures[0])
    return message, time.perf_counter() - handle.sent_at


async def pages(user: SandboxUser, turns: int) -> list[float]:
    """Seconds of each first page of a type and of some after it."""
    times: list[float] = []
    for kind in KINDS:
        page, seconds = await shown(user, await user.command("mons", type=kind))
        times.append(seconds)
        for _ in range(turns):
            _, seconds = await shown(user, await user.click(page, "Next ▶"))
            times.append(seconds)
    return times


async def statements(database: Path, owner_id: int) -> list[float]:
    """Seconds that the store takes for a page, without anything around it."""
    store = await Store.open(database)
    times: list[float] = []
    for kind in KINDS:
        for sort in listing.ORDERS:
            began = time.perf_counter()
            await store.readings.sources(owner_id)
            await store.collection.page(owner_id, viewer_id=owner_id, guild_id=None, sort=sort, kind=kind)
            times.append(time.perf_counter() - began)
    await store.close()
    return times


def spread(seconds: list[float]) -> str:
    """Median and worst, in milliseconds."""
    return f"median {median(seconds) * 1000:.0f} ms, worst of {len(seconds)}: {max(seconds) * 1000:.0f} ms"


async def measure(checkpoint: Path) -> None:
    """Run everything and print it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with running_bot(folder, checkpoint) as url, SandboxUser(url, "Collector") as user:
            await (await user.command("newmon")).message(until=lambda m: bool(m.pictures))
            await (await user.command("save", name="First")).message(until=lambda m: bool(m.pictures))
            database = folder / "newmon.sqlite3"
            await asyncio.to_thread(fill, database, checkpoint)
            page, seconds = await shown(user, await user.command("mons", type="Normal"))
            print(f"first filter, which reads {CREATURES:,} creatures: {seconds:.1f} s")
            print(f"  {page.embeds[0]['footer']['text']}")
            print(f"pages of a type, not shown before: {spread(await pages(user, 2))}")
            print(f"the first pages again:             {spread(await pages(user, 0))}")
            print(f"the store's part:                  {spread(await statements(database, int(user.id)))}")


def main(checkpoint: Annotated[Path, typer.Option(help="What to hatch from.")] = SHIPPED) -> None:
    """Measure how quickly a collection is filtered."""
    logging.disable(logging.WARNING)
    asyncio.run(measure(checkpoint))


if __name__ == "__main__":
    typer.run(main)
