"""Hatching: one creature or several, again, and a small step away."""

from __future__ import annotations

import asyncio
from typing import Literal, get_args

import discord

from bot.actions.common import (
    ALL_LEVELS,
    counted,
    existing,
    new_creature,
    own,
    queue_note,
    random_seed,
    show,
)
from bot.core import weirdness
from bot.core.acknowledge import answering
from bot.core.answers import put
from bot.core.buttons import on_press
from bot.core.interaction import Interaction
from bot.engine import SEED_MAX, seed_from_text
from bot.errors import UserError
from bot.store import Creature
from bot.ui.buttons import Another, Choose, Nearby, Several, sheet_view
from bot.ui.cards import Card, code_text
from bot.ui.pictures import Portrait, grid_sheet

Count = Literal[1, 4, 9]
COUNTS: tuple[Count, ...] = get_args(Count)
SEED_LENGTH_MAX = 100

SHEET_PICTURE = "hatchlings.png"
LAYOUTS = {4: (2, 192), 9: (3, 128)}  # how many → columns, and pixels of one creature's square
STEP = 0.25  # how far "nearby" goes towards a random creature's styles


async def hatch(interaction: Interaction, seed_text: str | None, psi: float, count: int = 1) -> None:
    """Hatch creatures and show them; without a seed, random ones. Several come on one numbered sheet.

    Raises `UserError` for what Discord would not let anybody choose, too: not everything comes from Discord's
    own app.
    """
    if count not in COUNTS or len(seed_text or "") > SEED_LENGTH_MAX:
        raise UserError("Creatures hatch one, four or nine at a time, from up to 100 letters: use /newmon.")
    seeds = _seeds(seed_text, count)
    async with answering(interaction) as acknowledge:
        with counted(interaction, count):
            hatched = await interaction.client.engine.hatch(
                [seed for seed, _ in seeds],
                psi,
                user_id=interaction.user.id,
                on_accepted=acknowledge,
                on_queued=queue_note(interaction),
            )
            creatures = await interaction.client.store.creatures.add(
                [
                    new_creature(interaction, one, seed_text=words, shown=count == 1)
                    for one, (_, words) in zip(hatched, seeds, strict=True)
                ]
            )
        if count == 1:
            await show(interaction, creatures[0])
        else:
            await _show_sheet(interaction, creatures, psi)


def _seeds(text: str | None, count: int) -> list[tuple[int, str | None]]:
    """(seed, words) of each: the numbers that follow a number, "Ash", "Ash 2", "Ash 3" for words."""
    if text is None:
        return [(random_seed(), None) for _ in range(count)]
    first, words = seed_from_text(text), text.strip()
    if words.isdecimal():
        return [((first + i) % (SEED_MAX + 1), None) for i in range(count)]
    following = [f"{words} {i}" for i in range(2, count + 1)]
    return [(first, words), *((seed_from_text(more), more) for more in following)]


async def _show_sheet(interaction: Interaction, creatures: list[Creature], psi: float) -> None:
    columns, side = LAYOUTS[len(creatures)]
    portraits = [Portrait(picture) for picture in await interaction.client.engine.pictures(creatures)]
    png = await asyncio.to_thread(grid_sheet, portraits, columns, side)
    legend = "\n".join(
        f"**{i}** seed {code_text(creature.seed_text or str(creature.seed))}"
        for i, creature in enumerate(creatures, 1)
    )
    embed = discord.Embed(
        title=f"{len(creatures)} wild creatures hatched!", description=f"Choose one:\n{legend}"
    )
    embed.set_image(url=f"attachment://{SHEET_PICTURE}")
    embed.set_footer(text=f"Hatched by {interaction.user.display_name} · {weirdness.describe(psi)}")
    view = sheet_view([creature.id for creature in creatures], columns, psi)
    await put(interaction, Card(embed, png, SHEET_PICTURE), view)


@on_press(Another)
async def hatch_another(interaction: Interaction, percent: int) -> None:
    """One more, as weird as the last."""
    await hatch(interaction, None, weirdness.parse(str(percent / 100)))


@on_press(Several)
async def hatch_several(interaction: Interaction, percent: int, count: int) -> None:
    """As many more, as weird as the last."""
    await hatch(interaction, None, weirdness.parse(str(percent / 100)), count)


@on_press(Choose)
async def choose(interaction: Interaction, creature_id: int, _number: int) -> None:
    """Show one creature of this person's own sheet, in a message of its own."""
    async with answering(interaction) as acknowledge:
        creature = await own(interaction, creature_id)
        await interaction.client.store.creatures.note_shown(
            creature.id, creature.owner_id, interaction.created_at
        )
        await acknowledge()
        await show(interaction, creature)


@on_press(Nearby)
async def hatch_nearby(interaction: Interaction, creature_id: int) -> None:
    """Hatch a creature that is a small step away from this one, with the same noise."""
    engine = interaction.client.engine
    async with answering(interaction) as acknowledge:
        origin = await existing(interaction, creature_id)
        with counted(interaction, 1):
            own = origin.checkpoint_id  # which may be an older one: its styles mean nothing to any other
            await engine.prepare(own)
            seed = random_seed()
            psi = weirdness.parse(None) if origin.psi is None else origin.psi
            [target] = await engine.styles([seed], psi, own)
            [hatched] = await engine.render(
                [engine.mixed(origin.w_plus, target, ALL_LEVELS, STEP, own)],
                [origin.noise_seed],
                user_id=interaction.user.id,
                checkpoint_id=own,
                on_accepted=acknowledge,
                on_queued=queue_note(interaction),
            )
            recipe = {"nearby": seed, "step": STEP}
            [creature] = await interaction.client.store.creatures.add(
                [new_creature(interaction, hatched, parent_a_id=origin.id, recipe=recipe)]
            )
        await show(interaction, creature, (origin, None))
