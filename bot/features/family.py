"""/family and its button: a creature's ancestors and descendants as a picture, and a way to each of them."""

from __future__ import annotations

import asyncio
from typing import Any

from discord import SelectOption, app_commands, ui
from discord.ui import Item, View

from bot.core.acknowledge import Acknowledge, answering
from bot.core.answers import put
from bot.core.buttons import Button, Menu, view_of
from bot.core.creatures import existing, named, show, suggest_creatures
from bot.core.custom_id import FOREIGN, Id
from bot.core.interaction import Interaction
from bot.core.language import N_, _, ngettext
from bot.core.limits import CHOICES_MAX
from bot.core.slots import CREATURE
from bot.errors import UserError
from bot.store import Creature, Family
from bot.ui.cards import Card
from bot.ui.family_tree import draw

PICTURE = "family.png"


@app_commands.command(
    description=N_("Whom a creature comes from, and who comes from it, for example /family name:Foo")
)
@app_commands.describe(name=N_("Its name or its code, for example Foo or k3f9x0ab"))
@app_commands.autocomplete(name=suggest_creatures)
async def family(interaction: Interaction, name: str) -> None:
    async with answering(interaction) as acknowledge:
        await _show_family(interaction, acknowledge, await named(interaction, name))


async def _show_family(interaction: Interaction, acknowledge: Acknowledge, creature: Creature) -> None:
    """The picture, in the answer's place. It is drawn in a thread.

    It shows what whoever asked may see: what belongs to this server, and their own, as their collection does.
    """
    bot = interaction.client
    found = await bot.store.families.of(creature, interaction.user.id, interaction.guild_id)
    if len(found.relatives) == 1:
        raise UserError(
            N_("{name} has no family yet: mix it with another one, or save a reroll of it."),
            name=creature.name or creature.code,
        )
    await acknowledge()
    drawn = [relative for relative in found.relatives if relative.kind == "creature"]
    pictures = await bot.engine.pictures(drawn)
    looks = {relative.key: picture for relative, picture in zip(drawn, pictures, strict=True)}
    png = await asyncio.to_thread(draw, found, looks)
    alt = _describe(found, creature.name or creature.code)
    await put(interaction, Card(None, png, PICTURE, alt), view_of(_ways(found)))


def _describe(found: Family, name: str) -> str:
    """For those who cannot see the picture."""
    before = sum(relative.generation < 0 for relative in found.relatives)
    after = len(found.relatives) - 1 - before + sum(found.more.values())
    ancestors = ngettext("{n} ancestor", "{n} ancestors", before).format(n=before)
    descendants = ngettext("{n} descendant", "{n} descendants", after).format(n=after)
    text = _("The family tree of {name}: {ancestors} and {descendants}")
    return text.format(name=name, ancestors=ancestors, descendants=descendants)


def _ways(found: Family) -> list[Item[Any]]:
    """A menu of those who can be looked at, as they stand in the picture."""
    creatures = [relative for relative in found.relatives if relative.kind == "creature"]
    options = [SelectOption(label=r.name[:100], value=str(r.key)) for r in creatures[:CHOICES_MAX]]
    return [Visit(found.key).item(options)]


class Visit(Menu):
    """Shows the card of one of a family, to anybody."""

    prefix, placeholder = "visit", N_("Look at one …")
    creature_id: Id  # whose family it is

    async def choose(self, interaction: Interaction, value: str) -> None:
        if not value.isdecimal():
            raise UserError(FOREIGN)
        async with answering(interaction) as acknowledge:
            creature = await existing(interaction, int(value))
            await acknowledge()
            await show(interaction, creature)


class ShowFamily(Button):
    """Draws the family, in a message of its own."""

    prefix, label, emoji = "family", N_("Family"), "🌳"
    creature_id: Id

    async def press(self, interaction: Interaction) -> None:
        async with answering(interaction) as acknowledge:
            await _show_family(interaction, acknowledge, await existing(interaction, self.creature_id))


@CREATURE.offer(order=65, row=1)
def offer_family(creature: Creature) -> ui.Button[View] | None:
    """For whoever has parents, and for whoever may have children: those that were saved."""
    parents = (creature.parent_a_id, creature.parent_b_id, creature.parent_a_name, creature.parent_b_name)
    return ShowFamily(creature.id).item() if creature.name or any(parents) else None
