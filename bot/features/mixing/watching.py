"""Watch: one creature becomes the other and itself again, as a GIF."""

from __future__ import annotations

import asyncio

from discord import ui
from discord.ui import View

from bot.config import LARGEST_REQUEST
from bot.core.acknowledge import answering
from bot.core.answers import put
from bot.core.buttons import Button, view_of
from bot.core.custom_id import Id
from bot.core.interaction import Interaction
from bot.core.language import N_, _
from bot.core.proposals import called
from bot.core.slots import CREATURE
from bot.core.waiting import counted, queue_note
from bot.engine import Hatched, morph_orders
from bot.features.mixing.parents import check_parents, parents
from bot.store import Creature
from bot.ui.cards import Card
from bot.ui.morphing import morph_gif

PICTURE = "watch.gif"
STEPS = 18  # from one to the other: 17 creatures are drawn in between


class Watch(Button):
    """Shows how one parent becomes the other, to whoever presses it, in a message of its own."""

    prefix, label, emoji = "watch", N_("Watch"), "🎬"
    a_id: Id
    b_id: Id

    async def press(self, interaction: Interaction) -> None:
        engine = interaction.client.engine
        async with answering(interaction) as acknowledge:
            a, b = await parents(interaction, self.a_id, self.b_id)
            check_parents(a, b)
            orders = morph_orders(a.w_plus, b.w_plus, STEPS, a.noise_seed, a.checkpoint_id)
            between: list[Hatched] = []
            with counted(interaction, LARGEST_REQUEST):
                # In parts, so that nobody needs more room in the queue than for the largest sheet.
                for start in range(0, len(orders), LARGEST_REQUEST):
                    between += await engine.draw(
                        orders[start : start + LARGEST_REQUEST],
                        user_id=interaction.user.id,
                        on_accepted=acknowledge,
                        on_queued=queue_note(interaction),
                    )
            pictures = await engine.pictures([a, *between, b])
            first, second = await called(interaction, a), await called(interaction, b)
            data = await asyncio.to_thread(morph_gif, pictures, first, second)
            alt = _("{a} becomes {b}, and {a} again.").format(a=first, b=second)
            await put(interaction, Card(None, data, PICTURE, alt), view_of())


@CREATURE.offer(order=55, row=1)
def offer_watch(creature: Creature) -> ui.Button[View] | None:
    """Under a child, for as long as both of its parents are there."""
    a, b = creature.parent_a_id, creature.parent_b_id
    return None if a is None or b is None else Watch(a, b).item()
