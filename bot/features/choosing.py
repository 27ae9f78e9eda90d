"""Choosing one creature of a sheet, whatever the sheet is of."""

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


def choices(
    creatures: Sequence[Creature], labels: Sequence[str], columns: int
) -> list[list[ui.Button[View]]]:
    """A button for each, row by row as in the picture, with what stands there on it."""
    buttons = [
        Choose(creature.id, i).item(label)
        for i, (creature, label) in enumerate(zip(creatures, labels, strict=True), 1)
    ]
    return [buttons[start : start + columns] for start in range(0, len(buttons), columns)]
