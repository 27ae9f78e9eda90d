"""Choosing one creature of a numbered sheet, whatever the sheet is of."""

from __future__ import annotations

from collections.abc import Sequence

from discord import ui
from discord.ui import View

from bot.core.acknowledge import answering
from bot.core.buttons import Button
from bot.core.creatures import own, show
from bot.core.custom_id import Digit, Id
from bot.core.interaction import Interaction
from bot.core.language import N_
from bot.store import Creature


class Choose(Button):
    """Shows one creature of this person's own sheet, in a message of its own."""

    prefix, label = "choose", N_("Choose")
    creature_id: Id
    number: Digit

    async def press(self, interaction: Interaction) -> None:
        async with answering(interaction) as acknowledge:
            creature = await own(interaction, self.creature_id)
            at = interaction.created_at
            await interaction.client.store.creatures.note_shown(creature.id, creature.owner_id, at)
            await acknowledge()
            await show(interaction, creature)


def choices(creatures: Sequence[Creature], columns: int) -> list[ui.Button[View]]:
    """A button for each, laid out as in the picture."""
    return [
        Choose(creature.id, i + 1).item(str(i + 1), row=i // columns) for i, creature in enumerate(creatures)
    ]
