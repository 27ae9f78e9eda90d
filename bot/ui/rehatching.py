"""What is shown to somebody whose two parents are of different checkpoints, and the buttons under it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import discord
from discord import ButtonStyle
from discord.ui import View

from bot.core.buttons import Press
from bot.engine import Picture
from bot.store import Creature
from bot.ui.cards import Card, parent_label
from bot.ui.pictures import Portrait, grid_sheet

PICTURE = "rehatched.png"
SIDE = 192  # pixels of one creature's square


class Rehatch(Press, template=r"newmon:rehatch:(\d{1,19}):(\d{1,19}):([01]):(\d{1,20})"):
    """Re-hatches the first creature in the checkpoint of the second, for one person; 1: the first is A."""

    prefix, label, emoji = "rehatch", "Re-hatch", "🥚"


class KeepAndMix(Press, template=r"newmon:rehatched:(\d{1,19}):(\d{1,19}):([01]):(\d{1,20})"):
    """Saves what was re-hatched, and mixes it with the other parent, for that person; 1: it is A."""

    prefix, label, emoji, style = "rehatched", "Keep it and mix", "🧬", ButtonStyle.primary


def offer(a: Creature, b: Creature, into: list[Creature], user_id: int) -> tuple[discord.Embed, View]:
    """Which of the two can be re-hatched: one button for each parent whose checkpoint can be hatched with,
    the recommended one first.
    """
    names = f"**{parent_label(a)}** and **{parent_label(b)}**"
    embed = discord.Embed(
        title="These two hatched from different checkpoints",
        description=(
            f"{names} cannot be mixed as they are, because each one's styles mean something on its own "
            "checkpoint alone. One of them can be re-hatched: the other one's checkpoint looks for the "
            "creature that is most like it. That takes about a minute, and the original stays as it is."
        ),
    )
    view = View(timeout=None)
    for target in into:
        first = target.id == b.id
        creature = a if first else b
        view.add_item(
            Rehatch(
                creature.id,
                target.id,
                int(first),
                user_id,
                label=f"Re-hatch {creature.name or creature.code}",
            )
        )
    return embed, view


async def comparison(
    original: Creature,
    made: Creature,
    pictures: Sequence[Picture],  # of both
    other: Creature,
    first: bool,
    user_id: int,
) -> tuple[Card, View]:
    """The original beside what it became."""
    labels = (original.name or original.code, "re-hatched")
    portraits = [Portrait(picture, label) for picture, label in zip(pictures, labels, strict=True)]
    png = await asyncio.to_thread(grid_sheet, portraits, 2, SIDE)
    embed = discord.Embed(
        title=f"{parent_label(original)}, re-hatched",
        description=(
            f"Left the original, right what comes closest to it on {parent_label(other)}'s checkpoint. Keep "
            "it as a creature of your own, and mix the two? The original stays as it is."
        ),
    )
    embed.set_image(url=f"attachment://{PICTURE}")
    view = View(timeout=None)
    view.add_item(KeepAndMix(made.id, other.id, int(first), user_id))
    return Card(embed, png, PICTURE), view
