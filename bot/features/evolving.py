"""/evolve and its button: what a creature was before, and what it grows into, in a line of three."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import discord
from discord import app_commands, ui
from discord.ui import View

from bot.core.acknowledge import Acknowledge, answering
from bot.core.answers import put
from bot.core.buttons import Button, view_of
from bot.core.creatures import existing, named, new_creature, suggest_creatures
from bot.core.custom_id import Id
from bot.core.interaction import Interaction
from bot.core.language import N_, _
from bot.core.naming import own_names
from bot.core.slots import CREATURE
from bot.core.waiting import counted, queue_note
from bot.creature.facts import height_text, weight_text
from bot.creature.traits import Traits
from bot.engine import EvolveOrder, NotRead, Picture
from bot.features.choosing import Choose
from bot.store import Creature, Evolved
from bot.ui.cards import Card, parent_label
from bot.ui.line_picture import LineForm, draw_line

PICTURE = "evolution.png"
FORMS = 3  # of a line


@dataclass(frozen=True, eq=False)
class Line:
    """The forms of a line, the earliest first; whose line it is, is number `place`, from 0."""

    forms: list[Creature]
    place: int


@app_commands.command(
    description=N_("What a creature was, and what it grows into, for example /evolve name:Foo")
)
@app_commands.describe(name=N_("Its name or its code, for example Foo or k3f9x0ab"))
@app_commands.autocomplete(name=suggest_creatures)
async def evolve(interaction: Interaction, name: str) -> None:
    async with answering(interaction) as acknowledge:
        await _show_line(interaction, acknowledge, await named(interaction, name))


class Evolve(Button):
    """Shows the line of a creature in a message of its own; the forms are whoever's presses it."""

    prefix, label, emoji = "evolve", N_("Evolve"), "🌱"
    creature_id: Id

    async def press(self, interaction: Interaction) -> None:
        async with answering(interaction) as acknowledge:
            await _show_line(interaction, acknowledge, await existing(interaction, self.creature_id))


@CREATURE.offer(order=50, row=1)
def offer_evolving(creature: Creature) -> ui.Button[View]:
    return Evolve(creature.id).item()


async def _show_line(interaction: Interaction, acknowledge: Acknowledge, asked: Creature) -> None:
    """The line as one picture, with a button for each form that was found."""
    engine = interaction.client.engine
    line = await _line_of(interaction, acknowledge, await _origin_of(interaction, asked))
    await acknowledge()
    pictures = await engine.pictures(line.forms)
    traits = [await engine.traits(form) for form in line.forms]
    shown = next((form.id for form in line.forms if form.id == asked.id), line.forms[line.place].id)
    forms = await asyncio.to_thread(_drawn, line.forms, pictures, traits, shown)
    png = await asyncio.to_thread(draw_line, forms)
    origin = line.forms[line.place]
    embed = discord.Embed(
        title=_("The line of {name}").format(name=parent_label(origin)), description=_told(forms, line.place)
    )
    embed.set_image(url=f"attachment://{PICTURE}")
    embed.set_footer(text=_("Found by {person}").format(person=interaction.user.display_name))
    alt = " → ".join(_("{name}, {size}").format(name=form.name, size=form.size) for form in forms)
    buttons = [
        Choose(creature.id, number).item(form.name)
        for number, (creature, form) in enumerate(zip(line.forms, forms, strict=True), 1)
        if creature.owner_id == interaction.user.id
    ]
    await put(interaction, Card(embed, png, PICTURE, alt), view_of(buttons))


async def _origin_of(interaction: Interaction, creature: Creature) -> Creature:
    """Whose line it is: for a form of another one that is still there, that one's."""
    if not isinstance(creature.recipe, Evolved) or creature.parent_a_id is None:
        return creature
    return await interaction.client.store.creatures.get(creature.parent_a_id) or creature


async def _line_of(interaction: Interaction, acknowledge: Acknowledge, origin: Creature) -> Line:
    """The line of a creature. Its forms are kept as this person's, and found again the next time."""
    store, user_id = interaction.client.store, interaction.user.id
    children = await store.creatures.children(origin.id, user_id)
    children.sort(key=lambda child: child.name is not None)  # of two alike, the one with a name is the form
    known = {child.recipe: child for child in children if isinstance(child.recipe, Evolved)}
    for place in range(FORMS):
        others = [known.get(recipe) for recipe in _recipes(place)]
        if all(others):
            return _line([form for form in others if form is not None], origin, place)
    with counted(interaction, FORMS - 1):
        found = await interaction.client.engine.evolve(
            EvolveOrder(origin.w_plus, origin.noise_seed, origin.checkpoint_id),
            user_id=user_id,
            on_accepted=acknowledge,
            on_queued=queue_note(interaction),
        )
        drawn = [form for i, form in enumerate(found.forms) if i != found.place]
        new = [
            new_creature(interaction, form, recipe, parent_a_id=origin.id, shown=False)
            for form, recipe in zip(drawn, _recipes(found.place), strict=True)
            if recipe not in known
        ]
        known |= {form.recipe: form for form in await store.creatures.add(new)}
    return _line([known[recipe] for recipe in _recipes(found.place)], origin, found.place)


def _recipes(place: int) -> list[Evolved]:
    """How the other forms of a line came about, in which the origin is number `place`, from 0."""
    return [Evolved(form + 1, place + 1) for form in range(FORMS) if form != place]


def _line(others: list[Creature], origin: Creature, place: int) -> Line:
    return Line([*others[:place], origin, *others[place:]], place)


def _drawn(
    forms: Sequence[Creature],
    pictures: Sequence[Picture],
    traits: Sequence[Traits | None],
    shown: int,  # the id of the one that was asked for
) -> list[LineForm]:
    """What is drawn of each. Raises `NotRead` where nothing can be read of one any more."""
    drawn = []
    for creature, picture, read in zip(forms, pictures, traits, strict=True):
        if read is None:
            raise NotRead(creature.checkpoint_id)
        name = creature.name or own_names(creature, read, 1)[0]
        size = _("{height} m · {weight} kg").format(
            height=height_text(read.height_m), weight=weight_text(read.weight_kg)
        )
        drawn.append(LineForm(picture, name, read.height_m, size, creature.id == shown))
    return drawn


def _told(forms: Sequence[LineForm], place: int) -> str:
    """The line in a sentence, as its creature would be told of."""
    first, second, third = (f"**{discord.utils.escape_markdown(form.name)}**" for form in forms)
    told = [
        _("{first} grows into {second}, and then into {third}."),
        _("{second} was {first} once, and grows into {third}."),
        _("{third} was {first} once, then {second}. It is fully grown."),
    ]
    return told[place].format(first=first, second=second, third=third)
