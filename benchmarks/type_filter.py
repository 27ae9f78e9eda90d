"""How long a page of one type takes among 10,000 creatures: python -m benchmarks.type_filter

Somebody has 10,000 different creatures that an earlier version saved, so that nothing was read of them. The
first filter reads them all; the pages after it are measured, with pictures that were not shown before and
with such as were. Through the sandbox and with the shipped checkpoint: a page counts as shown when its
picture's bytes have been downloaded. The processor's time is that of bot, sandbox and person together; on a
busy machine it says more than the clock.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import tempfile
import time
from collections.abc import Awaitable
from contextlib import closing
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Took:
    """Seconds by the clock, and of the processor's time."""

    wall: float
    cpu: float


async def shown(user: SandboxUser, asking: Awaitable[InteractionHandle]) -> tuple[Message, Took]:
    """A page, and what it took until its picture was there."""
    before = time.process_time()
    handle = await asking
    message = await handle.message(timeout_s=120, until=lambda m: bool(m.pictures) and "only" in m.text)
    assert await user.download(message.pictures[0])
    return message, Took(time.perf_counter() - handle.sent_at, time.process_time() - before)


async def pages(user: SandboxUser) -> tuple[list[Took], list[Took]]:
    """What pages of a type take, the first of each and two after it; and those first ones once more."""
    new: list[Took] = []
    again: list[Took] = []
    for kind in KINDS:
        page, took = await shown(user, user.command("mons", type=kind))
        new.append(took)
        again.append((await shown(user, user.command("mons", type=kind)))[1])
        for _ in range(2):
            page, took = await shown(user, user.click(page, "Next ▶"))
            new.append(took)
    return new, again


async def statements(database: Path, owner_id: int) -> list[Took]:
    """What the store takes for a page, without anything around it."""
    store = await Store.open(database)
    times: list[Took] = []
    for kind in KINDS:
        for sort in listing.ORDERS:
            began, before = time.perf_counter(), time.process_time()
            await store.readings.sources(owner_id)
            await store.collection.page(owner_id, viewer_id=owner_id, guild_id=None, sort=sort, kind=kind)
            times.append(Took(time.perf_counter() - began, time.process_time() - before))
    await store.close()
    return times


def spread(times: list[Took]) -> str:
    """Medians and worst, in milliseconds."""
    wall, cpu = ([1000 * getattr(took, kind) for took in times] for kind in ("wall", "cpu"))
    return (
        f"median {median(wall):.0f} ms, worst of {len(wall)}: {max(wall):.0f} ms; "
        f"processor median {median(cpu):.0f} ms, most {max(cpu):.0f} ms"
    )


async def measure(checkpoint: Path) -> None:
    """Run everything and print it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with running_bot(folder, checkpoint) as url, SandboxUser(url, "Collector") as user:
            await (await user.command("newmon")).message(until=lambda m: bool(m.pictures))
            await (await user.command("save", name="First")).message(until=lambda m: bool(m.pictures))
            database = folder / "newmon.sqlite3"
            await asyncio.to_thread(fill, database, checkpoint)
            page, took = await shown(user, user.command("mons", type="Normal"))
            print(f"first filter, which reads {CREATURES:,}: {took.wall:.1f} s, processor {took.cpu:.1f} s")
            print(f"  {page.embeds[0]['footer']['text']}")
            new, again = await pages(user)
            print(f"pages of a type, not shown before: {spread(new)}")
            print(f"pages that were just shown:        {spread(again)}")
            print(f"the store's part:                  {spread(await statements(database, int(user.id)))}")


def main(checkpoint: Annotated[Path, typer.Option(help="What to hatch from.")] = SHIPPED) -> None:
    """Measure how quickly a collection is filtered."""
    logging.disable(logging.WARNING)
    asyncio.run(measure(checkpoint))


if __name__ == "__main__":
    typer.run(main)
