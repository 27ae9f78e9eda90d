"""What names, traits, rarity and the card add to the answer of /newmon: python -m benchmarks.card_cost

Creatures are drawn, enlarged and made into a message one after the other, in turns: one as it is answered
today, and one as it was before creatures were anybody, with a transparent picture and the seed in an embed.
Every creature is another one, so that no cache helps. Discord and the database are left out: they are the
same for both.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Annotated

import discord
import typer

from bot.engine import DEFAULT_PSI, Hatched, SeedOrder
from bot.engine.local import LocalEngine
from bot.store import Creature, Hatch
from bot.ui.cards import creature_card
from bot.ui.pictures import portrait
from gan.cli.program import run
from gan.package import SHIPPED

FIRST_SEED = 5_000_000
WARM_UP = 40  # creatures: libraries choose their kernels, and grounds of the commoner types are drawn

Times = tuple[float, float]  # seconds by the clock, and those that processors worked

app = typer.Typer(add_completion=False)


@app.command()
def main(
    checkpoint: Annotated[Path, typer.Option(help="What hatches the creatures.")] = SHIPPED,
    creatures: Annotated[int, typer.Option(help="How many of each.", min=2)] = 200,
) -> None:
    """Measure both ways in turns, and print the medians and their difference."""
    today, before = asyncio.run(_measure(checkpoint, creatures))
    for clock, unit in enumerate(("of time", "of processors' time")):
        now, then = ([1000 * figures[clock] for figures in way] for way in (today, before))
        for name, times in (("before", then), ("today", now)):
            print(f"{name}: median {median(times):.1f} ms {unit}, p95 {quantiles(times, n=20)[-1]:.1f} ms")
        print(f"difference of the medians: {median(now) - median(then):.1f} ms {unit}")


async def _measure(checkpoint: Path, count: int) -> tuple[list[Times], list[Times]]:
    engine = LocalEngine(checkpoint)
    await engine.start()
    today: list[Times] = []
    before: list[Times] = []
    try:
        for i in range(2 * (count + WARM_UP)):
            answer, times = ((_today, today), (_before, before))[i % 2]
            began, worked = time.perf_counter(), time.process_time()
            await answer(engine, FIRST_SEED + i)
            if i >= 2 * WARM_UP:
                times.append((time.perf_counter() - began, time.process_time() - worked))
    finally:
        await engine.close()
    return today, before


async def _drawn(engine: LocalEngine, seed: int) -> Hatched:
    [hatched] = await engine.draw([SeedOrder(seed, DEFAULT_PSI)], user_id=1)
    return hatched


async def _today(engine: LocalEngine, seed: int) -> None:
    hatched = await _drawn(engine, seed)
    [picture], traits = await asyncio.gather(engine.pictures([hatched]), engine.traits(hatched))
    card = await creature_card(_creature(hatched, seed), picture, traits, "Ash")
    assert card.files and card.parts


async def _before(engine: LocalEngine, seed: int) -> None:
    hatched = await _drawn(engine, seed)
    [picture] = await engine.pictures([hatched])
    _png, colour = await asyncio.to_thread(portrait, picture)
    assert discord.Embed(title="A wild creature hatched!", colour=colour).add_field(name="Seed", value=seed)


def _creature(hatched: Hatched, seed: int) -> Creature:
    return Creature(
        id=1,
        code="abcdefgh",
        owner_id=1,
        guild_id=1,
        channel_id=1,
        name=None,
        noise_seed=hatched.noise_seed,
        w_plus=hatched.w_plus,
        checkpoint_id=hatched.checkpoint_id,
        parent_a_id=None,
        parent_b_id=None,
        recipe=Hatch(seed, DEFAULT_PSI),
        png=hatched.png,
        created_at=datetime.now(UTC),
        saved_at=None,
        favourite=False,
        parent_a_name=None,
        parent_b_name=None,
        shiny=False,
        reading=None,
    )


if __name__ == "__main__":
    run(app)
