"""What commands, buttons and dialogs do: ask the engine and the store, and show what comes of it."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import discord

from bot.engine import SEED_MAX, Engine, Hatched, Take, seed_from_text
from bot.errors import UserError
from bot.interaction import Interaction
from bot.store import AlreadySaved, Creature, NewCreature, Store
from bot.ui import buttons
from bot.ui.cards import Card, creature_card, describe_recipe, parent_label
from bot.ui.dialogs import name_dialog
from bot.ui.pictures import Portrait, mix_sheet

MIX_PICTURE = "mix.png"
ALL_LEVELS: list[Take] = ["shape", "features", "colours"]

# The six children of a mix: what is taken of B, how much of it (percent), and the label in the picture.
CHILDREN: list[tuple[list[Take], int, str]] = [
    (["colours"], 100, "colours"),
    (["features"], 100, "features"),
    (["features", "colours"], 100, "both"),
    (ALL_LEVELS, 25, "25 %"),
    (ALL_LEVELS, 50, "50 %"),
    (ALL_LEVELS, 75, "75 %"),
]


class Actions:
    """Everything a person can do. Each action acknowledges its interaction first.

    What a person did wrong is raised as `UserError` and left to the caller's error path.
    """

    def __init__(self, engine: Engine, store: Store) -> None:
        self.engine = engine
        self.store = store

    async def hatch(self, interaction: Interaction, seed_text: str | None, psi: float) -> None:
        """Hatch one creature and show it; without a seed, a random one."""
        seed = secrets.randbelow(SEED_MAX + 1) if seed_text is None else seed_from_text(seed_text)
        await interaction.response.defer(thinking=True)
        hatched = await self.engine.hatch(
            [seed], psi, user_id=interaction.user.id, on_queued=_queue_note(interaction)
        )
        words = None if seed_text is None or seed_text.strip().isdecimal() else seed_text.strip()
        [creature] = await self.store.add_creatures([_new(interaction, hatched[0], seed_text=words)])
        await self._show(interaction, creature)

    async def show(self, interaction: Interaction, creature_id: int) -> None:
        """Show one creature of this person's own, in a message of its own."""
        await interaction.response.defer(thinking=True)
        creature = await self._own(interaction, creature_id)
        await self.store.note_shown(creature.id, creature.owner_id)
        await self._show(interaction, creature)

    async def save(self, interaction: Interaction, creature_id: int, name: str, *, in_place: bool) -> None:
        """Name a creature. `in_place` edits the message that the dialog was opened from."""
        await interaction.response.defer(thinking=not in_place)
        creature = await self.store.save(creature_id, interaction.user.id, name)
        await self._show(interaction, creature)

    async def ask_name(self, interaction: Interaction, creature_id: int) -> None:
        """Open the dialog for a creature's name."""
        creature = await self._own(interaction, creature_id)
        if creature.name is not None:
            raise AlreadySaved(creature)
        await interaction.response.send_modal(name_dialog(creature_id))

    async def save_latest(self, interaction: Interaction, name: str | None) -> None:
        """Save what this person last hatched in this channel; without a name, ask for one."""
        latest = await self.store.latest_shown(interaction.user.id, interaction.channel_id or 0)
        if latest is None:
            raise UserError("There is nothing of yours to save here yet: hatch something with /newmon first.")
        if name is None:
            await self.ask_name(interaction, latest.id)
        else:
            await self.save(interaction, latest.id, name, in_place=False)

    async def _own(self, interaction: Interaction, creature_id: int) -> Creature:
        """A creature that this person may use. Raises `UserError` if it is gone or somebody else's."""
        creature = await self.store.get(creature_id)
        if creature is None:
            raise UserError("This creature was never saved and is gone: hatch another one with /newmon.")
        if creature.owner_id != interaction.user.id:
            raise UserError(f"This one is {creature.owner_name}'s: hatch your own with /newmon.")
        return creature

    async def mix(
        self,
        interaction: Interaction,
        a: str,
        b: str,
        take: list[Take] | None = None,
        amount: int | None = None,
    ) -> None:
        """Mix two creatures by name or code: six children, or one if `take` or `amount` is given."""
        await interaction.response.defer(thinking=True)
        guild_id = interaction.guild_id
        first = await self.store.find(interaction.user.id, guild_id, a)
        second = await self.store.find(interaction.user.id, guild_id, b)
        if take is None and amount is None:
            await self._show_children(interaction, first, second)
            return
        percent = amount if amount is not None else 100 if take else 50
        [child] = await self._breed(interaction, first, second, [(take or ALL_LEVELS, percent)])
        await self._show(interaction, child, (first, second))

    async def swap(self, interaction: Interaction, a_id: int, b_id: int, user_id: int) -> None:
        """Exchange the parents of a mix in its message, for the person who asked for it."""
        if interaction.user.id != user_id:
            raise UserError("This mix is somebody else's: make your own with /mix.")
        await interaction.response.defer()
        first, second = [await self.store.get(i) for i in (b_id, a_id)]
        if first is None or second is None:
            raise UserError("One of the parents is no longer there: choose two others with /mix.")
        await self._show_children(interaction, first, second)

    async def _show_children(self, interaction: Interaction, a: Creature, b: Creature) -> None:
        recipes = [(take, amount) for take, amount, _ in CHILDREN]
        children = await self._breed(interaction, a, b, recipes)
        png = await asyncio.to_thread(
            mix_sheet,
            Portrait(a.png, f"A · {a.name or a.code}"),
            Portrait(b.png, f"B · {b.name or b.code}"),
            [Portrait(child.png, label) for child, (_, _, label) in zip(children, CHILDREN, strict=True)],
        )
        legend = "\n".join(f"**{i}** {describe_recipe(child.recipe)}" for i, child in enumerate(children, 1))
        embed = discord.Embed(
            title=f"{parent_label(a)} × {parent_label(b)}", description=f"Choose a child:\n{legend}"
        )
        embed.set_image(url=f"attachment://{MIX_PICTURE}")
        embed.set_footer(text=f"Mixed by {interaction.user.display_name}")
        card = Card(embed, png, MIX_PICTURE)
        view = buttons.mix_view([child.id for child in children], a.id, b.id, interaction.user.id)
        await interaction.edit_original_response(
            content=None, embed=card.embed, attachments=[card.file], view=view
        )

    async def _breed(
        self, interaction: Interaction, a: Creature, b: Creature, recipes: list[tuple[list[Take], int]]
    ) -> list[Creature]:
        """Draw and keep one child for each recipe. All have A's noise, so that they differ by style alone."""
        if a.id == b.id:
            raise UserError("A creature mixed with itself stays itself: choose two different ones.")
        for parent in (a, b):
            if parent.checkpoint_id != self.engine.checkpoint_id:
                label = parent.name or parent.code
                raise UserError(
                    f"{label} hatched from an older checkpoint, which cannot be mixed with this one."
                )
        codes = [self.engine.mixed(a.w_plus, b.w_plus, take, amount / 100) for take, amount in recipes]
        drawn = await self.engine.render(
            codes,
            [a.noise_seed] * len(codes),
            user_id=interaction.user.id,
            on_queued=_queue_note(interaction),
        )
        return await self.store.add_creatures(
            [
                _new(
                    interaction,
                    child,
                    parent_a_id=a.id,
                    parent_b_id=b.id,
                    recipe={"take": take, "amount": amount},
                    shown=len(recipes) == 1,
                )
                for child, (take, amount) in zip(drawn, recipes, strict=True)
            ]
        )

    async def _show(
        self,
        interaction: Interaction,
        creature: Creature,
        parents: tuple[Creature | None, Creature | None] | None = None,
    ) -> None:
        """Put a creature's card where the interaction's answer stands."""
        if parents is None:
            ids = (creature.parent_a_id, creature.parent_b_id)
            first, second = [None if i is None else await self.store.get(i) for i in ids]
            parents = (first, second)
        card = await creature_card(creature, parents)
        view = buttons.creature_view(creature)
        await interaction.edit_original_response(
            content=None, embed=card.embed, attachments=[card.file], view=view
        )


def _queue_note(interaction: Interaction) -> Callable[[int], Awaitable[None]]:
    """Tells a person who has to wait where in the queue they stand."""

    async def note(position: int) -> None:
        with contextlib.suppress(discord.HTTPException):  # a courtesy: the creature comes all the same
            await interaction.edit_original_response(content=f"You are number {position} in the queue …")

    return note


def _new(interaction: Interaction, hatched: Hatched, **more: Any) -> NewCreature:
    return NewCreature(
        owner_id=interaction.user.id,
        owner_name=interaction.user.display_name,
        guild_id=interaction.guild_id,
        channel_id=interaction.channel_id or 0,
        w_plus=hatched.w_plus,
        noise_seed=hatched.noise_seed,
        png=hatched.png,
        checkpoint_id=hatched.checkpoint_id,
        seed=hatched.seed,
        psi=hatched.psi,
        **more,
    )
