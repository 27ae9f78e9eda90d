"""The two whose children are shown, or who become each other."""

from __future__ import annotations

from bot.core.interaction import Interaction
from bot.core.language import N_
from bot.errors import UserError
from bot.store import Creature


async def parents(interaction: Interaction, a_id: int, b_id: int) -> tuple[Creature, Creature]:
    """Raises `UserError` if one of them was released or forgotten."""
    a, b = [await interaction.client.store.creatures.get(i) for i in (a_id, b_id)]
    if a is None or b is None:
        raise UserError(N_("One of the parents is no longer there: choose two others with /mix."))
    return a, b


def check_parents(a: Creature, b: Creature) -> None:
    """Raises `UserError` for two that have nothing in between."""
    if a.id == b.id:
        raise UserError(N_("A creature mixed with itself stays itself: choose two different ones."))
    if a.checkpoint_id != b.checkpoint_id:
        raise UserError(N_("These two hatched from different checkpoints: begin anew with /mix."))
