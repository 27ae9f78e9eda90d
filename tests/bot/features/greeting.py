"""A feature as somebody would add one: this file, and one line that lists it."""

from __future__ import annotations

from typing import Any

from discord import app_commands, ui
from discord.ui import Label, TextInput, View

from bot.core.acknowledge import answering
from bot.core.answers import answer
from bot.core.buttons import Button, view_of
from bot.core.creatures import existing, named, suggest_creatures
from bot.core.custom_id import Id, UserId
from bot.core.dialogs import Answers, Dialog
from bot.core.interaction import Interaction
from bot.core.language import N_, _
from bot.core.slots import CREATURE
from bot.errors import UserError
from bot.store import Creature


@app_commands.command(description=N_("Greet a creature, for example /greet name:Foo"))
@app_commands.describe(name=N_("Its name or its code, for example Foo"))
@app_commands.autocomplete(name=suggest_creatures)
async def greet(interaction: Interaction, name: str) -> None:
    async with answering(interaction) as acknowledge:
        creature = await named(interaction, name)
        await acknowledge()
        again = Bow(creature.id, interaction.user.id).item()
        await answer(interaction, content=_said(creature, _("hello")), view=view_of([again]))


def _said(creature: Creature, words: str) -> str:
    return _("To {name}: {words}.").format(name=creature.name or creature.code, words=words)


class Greet(Button):
    """Asks what to say."""

    prefix, label, emoji = "greet", N_("Greet"), "👋"
    creature_id: Id

    async def press(self, interaction: Interaction) -> None:
        field: TextInput[Any] = TextInput(custom_id="words", max_length=50)
        label = Label(text=_("Words"), component=field)
        await GreetDialog(self.creature_id).open(interaction, _("Greet it"), label)


class GreetDialog(Dialog):
    """Says it."""

    prefix = "greet"
    creature_id: Id

    async def submit(self, interaction: Interaction, answers: Answers) -> None:
        async with answering(interaction) as acknowledge:
            creature = await existing(interaction, self.creature_id)
            if not answers.get("words", "").strip():
                raise UserError(N_("Say something to {code}: any word will do."), code=creature.code)
            await acknowledge()
            await answer(interaction, content=_said(creature, answers["words"]))


class Bow(Button):
    """Greets it once more, for whoever greeted it first."""

    prefix, label, author_only = "bow", N_("Bow"), N_("Only who greeted it may bow: use /greet.")
    creature_id: Id
    user_id: UserId

    async def press(self, interaction: Interaction) -> None:
        async with answering(interaction, in_place=True) as acknowledge:
            creature = await existing(interaction, self.creature_id)
            await acknowledge()
            await answer(interaction, content=_said(creature, _("a bow")))


@CREATURE.offer(order=60)
def offer_greeting(creature: Creature) -> ui.Button[View]:
    return Greet(creature.id).item()
