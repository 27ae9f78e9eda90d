"""How one creature is shown: its picture, large and first, and what is known of it below."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import discord
from discord.ui import Item

from bot.core.language import N_, _, language
from bot.core.naming import key_of, own_names
from bot.creature.entry import entry, temper
from bot.creature.facts import height_text, weight_text
from bot.creature.traits import Traits
from bot.engine import Picture
from bot.store import Creature, Drawn, Evolved, Hatch, Mix, Nearby, Recipe, Rehatch
from bot.ui.captions import child_caption
from bot.ui.layout import HEADING, SMALL, picture_first
from bot.ui.pictures import portrait

PICTURE = "creature.png"
SHINY = "✨"  # beside the name of a creature in other colours than its seed's, and never a part of it
CODE_LENGTH = 100  # characters
LIKE_A_BACKTICK = "\N{MODIFIER LETTER GRAVE ACCENT}"

TYPE_NAMES = {
    "Normal": N_("Normal"), "Fire": N_("Fire"), "Water": N_("Water"), "Grass": N_("Grass"),
    "Electric": N_("Electric"), "Ice": N_("Ice"), "Fighting": N_("Fighting"), "Poison": N_("Poison"),
    "Ground": N_("Ground"), "Flying": N_("Flying"), "Psychic": N_("Psychic"), "Bug": N_("Bug"),
    "Rock": N_("Rock"), "Ghost": N_("Ghost"), "Dragon": N_("Dragon"), "Dark": N_("Dark"),
    "Steel": N_("Steel"), "Fairy": N_("Fairy"),
}  # fmt: skip
TIER_NAMES = {
    "common": N_("Common"), "uncommon": N_("Uncommon"), "rare": N_("Rare"), "epic": N_("Epic"),
    "legendary": N_("Legendary"),
}  # fmt: skip
TAKES = {"shape": N_("body"), "features": N_("features"), "colours": N_("colours")}


@dataclass(frozen=True)
class Card:
    """A picture with words in an embed, or without any, ready to send or to edit into place."""

    embed: discord.Embed | None
    png: bytes
    filename: str = PICTURE
    alt: str | None = None  # what the picture shows, for those who cannot see it

    @property
    def files(self) -> list[discord.File]:
        """Fresh ones: discord.py reads each only once."""
        return [discord.File(io.BytesIO(self.png), self.filename, description=self.alt)]


@dataclass(frozen=True)
class CreatureCard:
    """A creature's message, which is a layout: the picture first, then the words."""

    png: bytes
    colour: int  # 0xRRGGBB
    alt: str
    text: str
    small: str  # what stands below, in small letters
    filename: str = PICTURE

    @property
    def files(self) -> list[discord.File]:
        """Fresh ones: discord.py reads each only once."""
        return [discord.File(io.BytesIO(self.png), self.filename, description=self.alt)]

    @property
    def parts(self) -> list[Item[Any]]:
        """A fresh frame with the picture and the words."""
        return [picture_first(self.colour, self.filename, self.alt, self.text, self.small)]


async def creature_card(
    creature: Creature,
    picture: Picture,
    traits: Traits | None,
    owner: str,
    parents: tuple[Creature | None, Creature | None] = (None, None),
) -> CreatureCard:
    """The card of one creature, which looks like `picture`, with what its owner is called now.

    Without `traits` it says nothing of its nature.

    All of it happens in a thread, at once: where a machine is busy, each change of threads takes longer.
    """

    def make() -> CreatureCard:
        png, colour = portrait(picture, types_of(traits))
        title = creature.name or newborn_title(creature, traits, parents)
        title = f"{title} {SHINY}" if creature.shiny else title
        title = f"{title} ⭐" if creature.favourite else title
        nature = "" if traits is None else describe_traits(traits, key_of(creature))
        text = f"{HEADING}{title}\n{nature}".strip()
        small = "\n".join(f"{SMALL}{line}" for line in _footer(creature, owner, parents))
        return CreatureCard(png, colour, picture_alt(creature.name, traits), text, small)

    return await asyncio.to_thread(make)


def types_of(traits: Traits | None) -> tuple[str, ...]:
    """The types that may be shown, the main one first."""
    return traits.types if traits is not None and traits.shows("types") else ()


def picture_alt(name: str | None, traits: Traits | None) -> str:
    """What a creature's picture shows, in a line for those who cannot see it."""
    who = name or _("A creature that has no name yet")
    if not (types := types_of(traits)):
        return who
    return _("{name}, type {types}").format(name=who, types=type_names(types))


def type_names(types: Sequence[str]) -> str:
    return " / ".join(_(TYPE_NAMES[kind]) for kind in types)


def _footer(creature: Creature, owner: str, parents: tuple[Creature | None, Creature | None]) -> list[str]:
    """Lines that say whose it is and since when, where it comes from, and by what it is found again."""
    by = _("Saved by {person}") if creature.name else _("Hatched by {person}")
    when = int((creature.saved_at or creature.created_at).timestamp())
    who = discord.utils.escape_markdown(owner) or _("somebody")
    origin = [_("code {code}").format(code=code_text(creature.code))]
    match creature.recipe:
        case Hatch(seed=seed, words=words):
            origin.insert(0, _("seed {seed}").format(seed=code_text(words or str(seed))))
    origin.append(_("checkpoint {checkpoint}").format(checkpoint=f"`{creature.checkpoint_id[:8]}`"))
    return [f"{by.format(person=who)} · <t:{when}:d>", *_family(creature, parents), " · ".join(origin)]


def _family(creature: Creature, parents: tuple[Creature | None, Creature | None]) -> list[str]:
    """Whose child it is, and how it came of them; for a hatchling that it is shiny, if it is."""
    first = parent_label(parents[0], creature.parent_a_name)
    recipe = describe_recipe(creature.recipe)
    match creature.recipe:
        case Mix(take=take, amount=amount, varied=varied):
            second = parent_label(parents[1], creature.parent_b_name)
            recipe = str(child_caption(take, amount, first, second))
            if varied is not None:
                recipe = _("{what}, varied").format(what=recipe)
            return [_("Parents {a} × {b}: {recipe}").format(a=first, b=second, recipe=recipe)]
        case Nearby() | Rehatch() | Evolved():
            return [_("Parent {name}: {recipe}").format(name=first, recipe=recipe)]
        case _any:
            return [recipe] if recipe else []


def describe_traits(traits: Traits, key: int) -> str:
    """What was read of a creature: types and size, its temper in a line, and its entry."""
    facts = [f"**{type_names(types)}**"] if (types := types_of(traits)) else []
    if traits.shows("height"):
        facts.append(_("{height} m").format(height=height_text(traits.height_m)))
    if traits.shows("weight"):
        facts.append(_("{weight} kg").format(weight=weight_text(traits.weight_kg)))
    if traits.rarity is not None:
        facts.append(_(TIER_NAMES[traits.rarity.tier]))
    mood = temper(traits, key, language())
    lines = [" · ".join(facts), f"*{mood}*" if mood else "", "", entry(traits, key, language())]
    return "\n".join(lines).strip()


def newborn_title(
    creature: Creature, traits: Traits | None, parents: tuple[Creature | None, Creature | None]
) -> str:
    """What a card says above a creature that has no name yet."""
    a, b = parents
    if isinstance(creature.recipe, Evolved):
        parent = creature.parent_a_name if a is None else a.name or a.code
        name = own_names(creature, traits, 1)[0]
        return _newly_evolved(creature.recipe, name, parent or _("somebody"))
    if not isinstance(creature.recipe, Mix):
        return _("A wild {name} hatched!").format(name=own_names(creature, traits, 1)[0])
    first = creature.parent_a_name if a is None else a.name or a.code
    second = creature.parent_b_name if b is None else b.name or b.code
    return _("{a} and {b} have a child!").format(a=first or _("Somebody"), b=second or _("somebody"))


def _newly_evolved(recipe: Evolved, name: str, parent: str) -> str:
    if recipe.form > recipe.origin:
        return _("{parent} grew into {name}!").format(parent=parent, name=name)
    return _("{parent} was {name} once!").format(parent=parent, name=name)


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
        case Evolved(form=form, origin=origin):
            text = _("Its later form, {form} of 3") if form > origin else _("Its earlier form, {form} of 3")
            return text.format(form=form)
        case Hatch(shiny=True):
            return _("Shiny: its seed hatches in other colours")
        case Rehatch(checkpoint_id=checkpoint_id):
            return _("Re-hatched from checkpoint {checkpoint}").format(checkpoint=checkpoint_id[:8])
        case Drawn():
            return _("Drawn from a picture")
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
