"""How one creature is shown: an embed with its picture, and the buttons under it."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping
from dataclasses import dataclass

import discord

from bot.store import Creature
from bot.ui.pictures import enlarge, mean_colour
from bot.weirdness import describe

PICTURE = "creature.png"

TAKES = {"shape": "body", "features": "features", "colours": "colours"}


@dataclass(frozen=True)
class Card:
    """A message's content, ready to send or to edit into place."""

    embed: discord.Embed
    png: bytes
    filename: str = PICTURE

    @property
    def file(self) -> discord.File:
        """A fresh file: discord.py reads each only once."""
        return discord.File(io.BytesIO(self.png), self.filename)


async def creature_card(
    creature: Creature, parents: tuple[Creature | None, Creature | None] = (None, None)
) -> Card:
    """The card of one creature. The picture work happens in a thread."""
    png, colour = await asyncio.to_thread(lambda: (enlarge(creature.png), mean_colour(creature.png)))
    embed = discord.Embed(title=creature.name or "A wild creature hatched!", colour=colour)
    if creature.seed is not None:
        embed.add_field(name="Seed", value=_code(creature.seed_text or str(creature.seed)))
    if creature.psi is not None:
        embed.add_field(name="Weirdness", value=describe(creature.psi))
    if creature.parent_a_id is not None or creature.parent_b_id is not None:
        first, second = (parent_label(p) for p in parents)
        embed.add_field(name="Parents", value=f"{first} × {second}")
    if creature.recipe:
        embed.add_field(name="Recipe", value=describe_recipe(creature.recipe))
    embed.add_field(name="Code", value=_code(creature.code))
    embed.set_image(url=f"attachment://{PICTURE}")
    saved = "Saved" if creature.name else "Hatched"
    embed.set_footer(text=f"{saved} by {creature.owner_name} · checkpoint {creature.checkpoint_id[:8]}")
    embed.timestamp = creature.saved_at or creature.created_at
    return Card(embed, png)


def parent_label(parent: Creature | None) -> str:
    """A parent's name, its code if it has none, or that it is gone."""
    if parent is None:
        return "(gone)"
    return parent.name or _code(parent.code)


def describe_recipe(recipe: Mapping[str, object] | None) -> str:
    """What a mix took from its second parent, in words."""
    recipe = recipe or {}
    take, amount = recipe.get("take"), recipe.get("amount", 100)
    if not isinstance(take, list) or len(take) == len(TAKES):
        return f"A blend: {amount} % of B"
    parts = " and ".join(TAKES.get(str(part), str(part)) for part in take)
    return f"A with B's {parts}" + ("" if amount == 100 else f", {amount} %")


def _code(text: str) -> str:
    return f"`{discord.utils.escape_markdown(text, ignore_links=False).replace('`', '')[:100]}`"
