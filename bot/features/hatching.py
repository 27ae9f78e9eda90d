"""/newmon: one creature or several, again, and a small step away."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Literal, get_args

import discord
from discord import app_commands, ui
from discord.app_commands import Choice
from discord.ui import Item, View

from bot.core import weirdness
from bot.core.acknowledge import answering
from bot.core.answers import put
from bot.core.buttons import Button, view_of
from bot.core.creatures import existing, new_creature, random_seed, show
from bot.core.custom_id import Digit, Id, Percent
from bot.core.interaction import Interaction
from bot.core.language import N_, _
from bot.core.luck import is_lucky
from bot.core.proposals import called
from bot.core.slots import CREATURE, HATCHED, HELP, RELEASED
from bot.core.waiting import counted, queue_note
from bot.engine import SEED_MAX, NearbyOrder, SeedOrder, StylesOrder, seed_from_text
from bot.errors import UserError
from bot.features.choosing import choices
from bot.store import Creature, recipes
from bot.ui.captions import name_caption
from bot.ui.cards import SHINY
from bot.ui.sheet_card import Row, SheetCard
from bot.ui.sheets import Tile, sheet

Count = Literal[1, 4, 9]
COUNTS: tuple[Count, ...] = get_args(Count)
SEED_LENGTH_MAX = 100

COLUMNS = {4: 2, 9: 3}  # of how many
STEP = 0.25  # how far "nearby" goes towards a random creature's styles


@app_commands.command(
    description=N_("Hatch a creature that never existed, for example /newmon seed:Ash count:4")
)
@app_commands.describe(
    seed=N_("A number or any words, for example Ash: the same seed hatches the same creature"),
    weirdness_text=N_("tame, normal, wild, or a number from 0 to 1.5, for example 0.8"),
    count=N_("How many at once, for example 4: they come on one sheet, and you choose"),
)
@app_commands.rename(weirdness_text="weirdness")
async def newmon(
    interaction: Interaction,
    seed: app_commands.Range[str, 1, SEED_LENGTH_MAX] | None = None,
    weirdness_text: str | None = None,
    count: Count = 1,
) -> None:
    await hatch(interaction, seed, weirdness.parse(weirdness_text), count)


@newmon.autocomplete("weirdness_text")
async def _suggest_weirdness(_interaction: discord.Interaction[Any], current: str) -> list[Choice[str]]:
    steps = [Choice(name=weirdness.describe(psi), value=name) for name, psi in weirdness.STEPS.items()]
    return [step for step in steps if step.value.startswith(current.strip().casefold())]


async def hatch(interaction: Interaction, seed_text: str | None, psi: float, count: int = 1) -> None:
    """Hatch creatures and show them; without a seed, random ones. Several come on one numbered sheet.

    Raises `UserError` for what Discord would not let anybody choose, too: not everything comes from Discord's
    own app.
    """
    if count not in COUNTS or len(seed_text or "") > SEED_LENGTH_MAX:
        raise UserError(
            N_("Creatures hatch one, four or nine at a time, from up to 100 letters: use /newmon.")
        )
    seeds = _seeds(seed_text, count)
    # Nobody collects shinies by repeating one: a seed that was given hatches as it always does.
    odds = interaction.client.settings.shiny_odds if seed_text is None else 0
    orders = [SeedOrder(seed, psi, shiny=is_lucky(odds)) for seed, _words in seeds]
    async with answering(interaction) as acknowledge:
        with counted(interaction, count):
            hatched = await interaction.client.engine.draw(
                orders,
                user_id=interaction.user.id,
                on_accepted=acknowledge,
                on_queued=queue_note(interaction),
            )
            creatures = await interaction.client.store.creatures.add(
                [
                    new_creature(
                        interaction,
                        one,
                        recipes.Hatch(seed, psi, words, one.candidate, one.shiny),
                        shown=count == 1,
                    )
                    for one, (seed, words) in zip(hatched, seeds, strict=True)
                ]
            )
        if count == 1:
            await show(interaction, creatures[0])
        else:
            await _show_sheet(interaction, creatures, psi)


def _seeds(text: str | None, count: int) -> list[tuple[int, str | None]]:
    """(seed, words) of each: the numbers that follow a number, "Ash", "Ash 2", "Ash 3" for words."""
    if text is None:
        return [(random_seed(), None) for _i in range(count)]
    first, words = seed_from_text(text), text.strip()
    if words.isdecimal():
        return [((first + i) % (SEED_MAX + 1), None) for i in range(count)]
    following = [f"{words} {i}" for i in range(2, count + 1)]
    return [(first, words), *((seed_from_text(more), more) for more in following)]


async def _show_sheet(interaction: Interaction, creatures: list[Creature], psi: float) -> None:
    """Every creature with the name that it hatched with, which is on its button, too."""
    columns = COLUMNS[len(creatures)]
    pictures = await interaction.client.engine.pictures(creatures)
    names = [await called(interaction, creature) for creature in creatures]
    tiles = [
        Tile(picture, name_caption(name), shiny=creature.shiny)
        for picture, name, creature in zip(pictures, names, creatures, strict=True)
    ]
    rows = await asyncio.to_thread(_rows, tiles, choices(creatures, names, columns))
    person = discord.utils.escape_markdown(interaction.user.display_name)
    card = SheetCard(rows, _("Hatched by {person}").format(person=person))
    label = _("Hatch {count} more").format(count=len(creatures))
    items: list[Item[Any]] = [Several(round(psi * 100), len(creatures)).item(label)]
    items += HATCHED.items(interaction.client.offers, None, taken=1)
    await put(interaction, card, view_of(items))


def _rows(tiles: Sequence[Tile], buttons: Sequence[Sequence[Item[Any]]]) -> list[Row]:
    rows: list[Row] = []
    for below in buttons:
        shown, tiles = tiles[: len(below)], tiles[len(below) :]
        alt = ", ".join(f"{tile.caption} {SHINY}" if tile.shiny else str(tile.caption) for tile in shown)
        rows.append(Row(sheet(shown, len(below)), alt, below))
    return rows


class Another(Button):
    """Hatches another creature, as weird as the last (ψ in percent), for whoever presses it."""

    prefix, label, emoji = "another", N_("Hatch another"), "🥚"
    psi: Percent

    async def press(self, interaction: Interaction) -> None:
        await hatch(interaction, None, weirdness.parse(str(self.psi / 100)))


class Several(Button):
    """Hatches several at once, as weird as the last (ψ in percent)."""

    prefix, label, emoji = "several", N_("Hatch more"), "🥚"
    psi: Percent
    count: Digit

    async def press(self, interaction: Interaction) -> None:
        await hatch(interaction, None, weirdness.parse(str(self.psi / 100)), self.count)


class Nearby(Button):
    """Hatches a creature a small step away from this one, with the same noise, for whoever presses it."""

    prefix, label, emoji = "nearby", N_("Reroll nearby"), "🎲"
    creature_id: Id

    async def press(self, interaction: Interaction) -> None:
        async with answering(interaction) as acknowledge:
            origin = await existing(interaction, self.creature_id)
            with counted(interaction, 1):
                # On its own checkpoint, which may be an older one: its styles mean nothing to any other.
                known = StylesOrder(origin.w_plus, origin.noise_seed, origin.checkpoint_id)
                seed = random_seed()
                psi = _psi_of(origin)
                [hatched] = await interaction.client.engine.draw(
                    [NearbyOrder(known, seed, psi, STEP)],
                    user_id=interaction.user.id,
                    on_accepted=acknowledge,
                    on_queued=queue_note(interaction),
                )
                [creature] = await interaction.client.store.creatures.add(
                    [new_creature(interaction, hatched, recipes.Nearby(seed, STEP), parent_a_id=origin.id)]
                )
            await show(interaction, creature, (origin, None))


@CREATURE.offer(order=20)
def offer_another(creature: Creature) -> ui.Button[View]:
    return Another(round(_psi_of(creature) * 100)).item()


@CREATURE.offer(order=30)
def offer_nearby(creature: Creature) -> ui.Button[View]:
    return Nearby(creature.id).item()


@HELP.offer(order=10)
def offer_beginning(_nothing: None) -> ui.Button[View]:
    button = Another(round(weirdness.parse(None) * 100)).item(_("Hatch a creature"))
    button.style = discord.ButtonStyle.primary
    return button


@RELEASED.offer(order=10)
def offer_first(_nothing: None) -> ui.Button[View]:
    return Another(round(weirdness.parse(None) * 100)).item()


def _psi_of(creature: Creature) -> float:
    """How weird it is, where it hatched from a seed; the usual for any other."""
    hatched = creature.recipe
    known = hatched.psi if isinstance(hatched, recipes.Hatch) else None
    return weirdness.parse(None) if known is None else known
