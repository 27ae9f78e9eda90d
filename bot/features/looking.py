"""/card, and looking closer: the collectible card, the picture in full size, and all that is known."""

from __future__ import annotations

import asyncio

from discord import app_commands, ui
from discord.ui import View

from bot.core.acknowledge import Acknowledge, answering
from bot.core.answers import answer, put
from bot.core.buttons import Button, view_of
from bot.core.creatures import existing, named, show, suggest_creatures
from bot.core.custom_id import Id
from bot.core.interaction import Interaction
from bot.core.language import N_, _, language
from bot.core.naming import key_of, own_names
from bot.core.people import name_of
from bot.core.slots import CREATURE
from bot.creature.entry import entry, temper
from bot.creature.traits import Traits
from bot.store import Creature
from bot.ui.card_picture import Face, draw_card
from bot.ui.cards import Card, picture_alt
from bot.ui.details import details
from bot.ui.pictures import FULL_SIDE, enlarge

CARD_PICTURE, FULL_PICTURE = "card.png", "creature.png"
# Of a creature of which nothing is read: values that the card does not show.
UNREAD = Traits(("Normal",), "Gray", "upright", 1.0, 1.0, (1, 1, 1, 1, 1, 1), 1, shown=frozenset())


@app_commands.command(
    name="card", description=N_("Draw a creature's collectible card, for example /card name:Foo")
)
@app_commands.describe(name=N_("The creature, by name or code, for example Foo"))
@app_commands.autocomplete(name=suggest_creatures)
async def show_card(interaction: Interaction, name: str) -> None:
    async with answering(interaction) as acknowledge:
        await _show_card(interaction, acknowledge, await named(interaction, name))


async def _show_card(interaction: Interaction, acknowledge: Acknowledge, creature: Creature) -> None:
    """The collectible card as a picture. It is drawn in a thread."""
    await acknowledge()
    engine = interaction.client.engine
    [picture] = await engine.pictures([creature])
    traits = await engine.traits(creature)
    owner = await name_of(interaction, creature.owner_id) or _("somebody")
    number = await interaction.client.store.collection.number_of(creature)

    def draw() -> bytes:
        name = creature.name or own_names(creature, traits, 1)[0]
        key, read = key_of(creature), traits or UNREAD
        text = _("Nobody has read yet what it is like.") if traits is None else entry(traits, key, language())
        face = Face(
            name=name,
            traits=read,
            art=enlarge(picture),
            entry=text,
            temper=temper(read, key, language()),
            owner=owner,
            number=number,
            rarity=None if read.rarity is None else read.rarity.tier,
            shiny=creature.shiny,
        )
        return draw_card(face, language())

    png = await asyncio.to_thread(draw)
    alt = _("The collectible card of {creature}").format(creature=picture_alt(creature.name, traits))
    view = view_of([Look(creature.id).item()])
    await put(interaction, Card(None, png, CARD_PICTURE, alt), view)


class DrawCard(Button):
    """Draws the collectible card, in a message of its own."""

    prefix, label, emoji = "card", N_("Card"), "🃏"
    creature_id: Id

    async def press(self, interaction: Interaction) -> None:
        async with answering(interaction) as acknowledge:
            await _show_card(interaction, acknowledge, await existing(interaction, self.creature_id))


class Look(Button):
    """Shows a creature's message, with all that can be done with it."""

    prefix, label, emoji = "look", N_("Have a look"), "👀"
    creature_id: Id

    async def press(self, interaction: Interaction) -> None:
        async with answering(interaction) as acknowledge:
            creature = await existing(interaction, self.creature_id)
            await acknowledge()
            await show(interaction, creature)


class FullSize(Button):
    """Gives the picture in full size, with a transparent background, to whoever presses it alone."""

    prefix, label, emoji = "full", N_("Full size"), "🖼️"
    creature_id: Id

    async def press(self, interaction: Interaction) -> None:
        async with answering(interaction, private=True) as acknowledge:
            creature = await existing(interaction, self.creature_id)
            await acknowledge()
            engine = interaction.client.engine
            [picture] = await engine.pictures([creature])
            png = await asyncio.to_thread(enlarge, picture, FULL_SIDE)
            alt = picture_alt(creature.name, await engine.traits(creature))
            await answer(interaction, card=Card(None, png, FULL_PICTURE, alt))


class Details(Button):
    """Says all that is known of a creature, to whoever presses it alone."""

    prefix, label, emoji = "details", N_("Details"), "🔍"
    creature_id: Id

    async def press(self, interaction: Interaction) -> None:
        async with answering(interaction, private=True) as acknowledge:
            creature = await existing(interaction, self.creature_id)
            await acknowledge()
            traits = await interaction.client.engine.traits(creature)
            await answer(interaction, embed=details(creature, traits))


@CREATURE.offer(order=60, row=1)
def offer_card(creature: Creature) -> ui.Button[View]:
    return DrawCard(creature.id).item()


@CREATURE.offer(order=70, row=1)
def offer_full_size(creature: Creature) -> ui.Button[View]:
    return FullSize(creature.id).item()


@CREATURE.offer(order=80, row=1)
def offer_details(creature: Creature) -> ui.Button[View]:
    return Details(creature.id).item()
