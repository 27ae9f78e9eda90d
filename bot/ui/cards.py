"""How one creature is shown: an embed with its picture, and the buttons under it."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping
from dataclasses import dataclass

import discord

from bot.core.weirdness import describe
from bot.engine import Picture
from bot.store import Creature
from bot.ui.pictures import portrait

PICTURE = "creature.png"
CODE_LENGTH = 100  # characters
LIKE_A_BACKTICK = "\N{MODIFIER LETTER GRAVE ACCENT}"

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
    creature: Creature,
    picture: Picture,
    owner: str,
    parents: tuple[Creature | None, Creature | None] = (None, None),
) -> Card:
    """The card of one creature, which looks like `picture`, with what its owner is called now.

    The picture work happens in a thread.
    """
    png, colour = await asyncio.to_thread(portrait, picture)
    title = creature.name or newborn_title(creature, parents)
    embed = discord.Embed(title=f"{title} ⭐" if creature.favourite else title, colour=colour)
    if creature.seed is not None:
        embed.add_field(name="Seed", value=code_text(creature.seed_text or str(creature.seed)))
    if creature.psi is not None:
        embed.add_field(name="Weirdness", value=describe(creature.psi))
    recipe = creature.recipe or {}
    if "rehatched" in recipe or ("take" not in recipe and "nearby" in recipe):
        embed.add_field(name="Parent", value=parent_label(parents[0], creature.parent_a_name))
    elif recipe:
        first = parent_label(parents[0], creature.parent_a_name)
        second = parent_label(parents[1], creature.parent_b_name)
        embed.add_field(name="Parents", value=f"{first} × {second}")
    if recipe:
        embed.add_field(name="Recipe", value=describe_recipe(recipe))
    embed.add_field(name="Code", value=code_text(creature.code))
    embed.set_image(url=f"attachment://{PICTURE}")
    saved = "Saved" if creature.name else "Hatched"
    embed.set_footer(text=f"{saved} by {owner or 'somebody'} · checkpoint {creature.checkpoint_id[:8]}")
    embed.timestamp = creature.saved_at or creature.created_at
    return Card(embed, png)


def newborn_title(creature: Creature, parents: tuple[Creature | None, Creature | None]) -> str:
    """What a card says above a creature that has no name yet."""
    if "take" not in (creature.recipe or {}):
        return "A wild creature hatched!"
    a, b = parents
    first = creature.parent_a_name if a is None else a.name or a.code
    second = creature.parent_b_name if b is None else b.name or b.code
    return f"{first or 'Somebody'} and {second or 'somebody'} have a child!"


def parent_label(parent: Creature | None, released_as: str | None = None) -> str:
    """A parent's name, its code if it has none, or that it is gone."""
    if parent is not None:
        return parent.name or code_text(parent.code)
    return f"{released_as} (released)" if released_as else "(gone)"


def describe_recipe(recipe: Mapping[str, object] | None) -> str:
    """How a creature came of its parents, in words: what a mix took from B, and whether it was varied."""
    recipe = recipe or {}
    take, amount = recipe.get("take"), recipe.get("amount", 100)
    if "rehatched" in recipe:
        return f"Re-hatched from checkpoint {str(recipe['rehatched'])[:8]}"
    varied = ", varied" if "nearby" in recipe else ""
    if take is None and varied:
        return "A small step away"
    if not isinstance(take, list) or len(take) == len(TAKES):
        return f"A blend: {amount} % of B{varied}"
    parts = " and ".join(TAKES.get(str(part), str(part)) for part in take)
    return f"A with B's {parts}" + ("" if amount == 100 else f", {amount} %") + varied


def code_text(text: str) -> str:
    """Anything that was typed, as code and nothing but code: as it is, since code has no markup to escape.

    Only a backtick, which would end the code, becomes one that looks like it.
    """
    return f"`{text.replace('`', LIKE_A_BACKTICK)[:CODE_LENGTH]}`"
