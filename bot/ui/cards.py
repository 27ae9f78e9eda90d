"""How one creature is shown: an embed with its picture, and the buttons under it."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from dataclasses import dataclass

import discord

from bot.core.language import N_, _
from bot.core.naming import key_of, own_names
from bot.core.weirdness import describe
from bot.creature.entry import entry, temper
from bot.creature.facts import height_text, weight_text
from bot.creature.traits import Traits
from bot.engine import Picture
from bot.store import Creature, Hatch, Mix, Nearby, Recipe, Rehatch
from bot.ui.pictures import portrait

PICTURE = "creature.png"
SHINY = "✨"  # beside the name of a creature in other colours than its seed's, and never a part of it
LANGUAGE = "en"  # of entries, until there are catalogues that say which one is spoken
CODE_LENGTH = 100  # characters
LIKE_A_BACKTICK = "\N{MODIFIER LETTER GRAVE ACCENT}"

TYPE_NAMES = {
    "Normal": N_("Normal"), "Fire": N_("Fire"), "Water": N_("Water"), "Grass": N_("Grass"),
    "Electric": N_("Electric"), "Ice": N_("Ice"), "Fighting": N_("Fighting"), "Poison": N_("Poison"),
    "Ground": N_("Ground"), "Flying": N_("Flying"), "Psychic": N_("Psychic"), "Bug": N_("Bug"),
    "Rock": N_("Rock"), "Ghost": N_("Ghost"), "Dragon": N_("Dragon"), "Dark": N_("Dark"),
    "Steel": N_("Steel"), "Fairy": N_("Fairy"),
}  # fmt: skip
TAKES = {"shape": N_("body"), "features": N_("features"), "colours": N_("colours")}


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
    traits: Traits | None,
    owner: str,
    parents: tuple[Creature | None, Creature | None] = (None, None),
) -> Card:
    """The card of one creature, which looks like `picture`, with what its owner is called now.

    Without `traits` it says nothing of its nature.

    The picture work happens in a thread.
    """
    png, colour = await asyncio.to_thread(portrait, picture)
    title = creature.name or await asyncio.to_thread(newborn_title, creature, traits, parents)
    nature = None if traits is None else describe_traits(traits, key_of(creature))
    title = f"{title} {SHINY}" if creature.shiny else title
    title = f"{title} ⭐" if creature.favourite else title
    embed = discord.Embed(title=title, description=nature, colour=colour)
    first = parent_label(parents[0], creature.parent_a_name)
    match creature.recipe:
        case Hatch(seed=seed, psi=psi, words=words):
            embed.add_field(name=_("Seed"), value=code_text(words or str(seed)))
            if psi is not None:
                embed.add_field(name=_("Weirdness"), value=describe(psi))
        case Mix():
            second = parent_label(parents[1], creature.parent_b_name)
            embed.add_field(name=_("Parents"), value=f"{first} × {second}")
        case Nearby() | Rehatch():
            embed.add_field(name=_("Parent"), value=first)
    if recipe := describe_recipe(creature.recipe):
        embed.add_field(name=_("Recipe"), value=recipe)
    embed.add_field(name=_("Code"), value=code_text(creature.code))
    embed.set_image(url=f"attachment://{PICTURE}")
    by = _("Saved by {person}") if creature.name else _("Hatched by {person}")
    checkpoint = _("checkpoint {checkpoint}").format(checkpoint=creature.checkpoint_id[:8])
    embed.set_footer(text=f"{by.format(person=owner or _('somebody'))} · {checkpoint}")
    embed.timestamp = creature.saved_at or creature.created_at
    return Card(embed, png)


def describe_traits(traits: Traits, key: int) -> str:
    """What was read of a creature: types and size, its temper in a line, and its entry."""
    facts = (
        [" / ".join(f"**{_(TYPE_NAMES[kind])}**" for kind in traits.types)] if traits.shows("types") else []
    )
    if traits.shows("height"):
        facts.append(_("{height} m").format(height=height_text(traits.height_m)))
    if traits.shows("weight"):
        facts.append(_("{weight} kg").format(weight=weight_text(traits.weight_kg)))
    mood = temper(traits, key, LANGUAGE)
    lines = [" · ".join(facts), f"*{mood}*" if mood else "", "", entry(traits, key, LANGUAGE)]
    return "\n".join(lines).strip()


def newborn_title(
    creature: Creature, traits: Traits | None, parents: tuple[Creature | None, Creature | None]
) -> str:
    """What a card says above a creature that has no name yet."""
    if not isinstance(creature.recipe, Mix):
        return _("A wild {name} hatched!").format(name=own_names(creature, traits, 1)[0])
    a, b = parents
    first = creature.parent_a_name if a is None else a.name or a.code
    second = creature.parent_b_name if b is None else b.name or b.code
    return _("{a} and {b} have a child!").format(a=first or _("Somebody"), b=second or _("somebody"))


def parent_label(parent: Creature | None, released_as: str | None = None) -> str:
    """A parent's name, its code if it has none, or that it is gone."""
    if parent is not None:
        return parent.name or code_text(parent.code)
    return _("{name} (released)").format(name=released_as) if released_as else _("(gone)")


def describe_recipe(recipe: Recipe | None) -> str:
    """How a creature came of its parents, in words, or came to be shiny; "" where there is nothing to say.

    Of a mix: what it took from B, and whether it was varied.
    """
    match recipe:
        case Mix(take=take, amount=amount, varied=varied):
            text = _describe_mix(take, amount)
            return text if varied is None else _("{what}, varied").format(what=text)
        case Nearby():
            return _("A small step away")
        case Hatch(shiny=True):
            return _("Shiny: its seed hatches in other colours")
        case Rehatch(checkpoint_id=checkpoint_id):
            return _("Re-hatched from checkpoint {checkpoint}").format(checkpoint=checkpoint_id[:8])
        case _any:
            return ""


def _describe_mix(take: Sequence[str], amount: int) -> str:
    if len(take) == len(TAKES):
        return _("A blend: {amount} % of B").format(amount=amount)
    parts = _(" and ").join(_(TAKES.get(part, part)) for part in take)
    text = _("A with B's {parts}").format(parts=parts)
    return text if amount == 100 else _("{what}, {amount} %").format(what=text, amount=amount)


def code_text(text: str) -> str:
    """Anything that was typed, as code and nothing but code: as it is, since code has no markup to escape.

    Only a backtick, which would end the code, becomes one that looks like it.
    """
    return f"`{text.replace('`', LIKE_A_BACKTICK)[:CODE_LENGTH]}`"
