"""Parents of different checkpoints: one is re-hatched in the other's, and if its owner likes it, they mix."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import discord
from discord import ButtonStyle

from bot.core.acknowledge import Acknowledge, answering
from bot.core.answers import answer, put
from bot.core.buttons import Button, view_of
from bot.core.creatures import existing, new_creature
from bot.core.custom_id import Id, UserId
from bot.core.interaction import Interaction
from bot.core.language import N_, _
from bot.core.naming import candidates
from bot.core.waiting import progress_note
from bot.engine import CheckpointGone, OnProgress, Picture, ProjectionOrder
from bot.errors import UserError
from bot.features.mixing.children import show_children
from bot.store import AlreadySaved, Creature, recipes
from bot.ui.captions import Caption, name_caption
from bot.ui.cards import Card, parent_label
from bot.ui.sheets import Tile, sheet

PICTURE = "rehatched.png"
NOT_THEIRS = N_("This is somebody else's mix: make your own with /mix.")


async def offer_rehatching(
    interaction: Interaction, acknowledge: Acknowledge, a: Creature, b: Creature
) -> None:
    """Say why these two do not mix, and offer what can be done: a button for each parent whose checkpoint can
    be hatched with, the recommended one first. Raises `UserError` if that is none.
    """
    engine = interaction.client.engine
    # Into the checkpoint in use, if it is one of the two: it is there to stay.
    targets = sorted((b, a), key=lambda one: one.checkpoint_id != engine.checkpoint_id)
    possible = [target for target in targets if await engine.can_draw(target.checkpoint_id)]
    if not possible:
        raise CheckpointGone(targets[-1].checkpoint_id)
    await acknowledge()
    embed = discord.Embed(
        title=_("These two hatched from different checkpoints"),
        description=_(
            "**{a}** and **{b}** cannot be mixed as they are, because each one's styles mean something on "
            "its own checkpoint alone. One of them can be re-hatched: the other one's checkpoint looks for "
            "the creature that is most like it. That takes about a minute, and the original stays as it is."
        ).format(a=parent_label(a), b=parent_label(b)),
    )
    buttons = []
    for target in possible:
        first = target.id == b.id
        creature = a if first else b
        label = _("Re-hatch {name}").format(name=creature.name or creature.code)
        buttons.append(Rehatch(creature.id, target.id, first, interaction.user.id).item(label))
    await answer(interaction, embed=embed, view=view_of(buttons))


class Rehatch(Button):
    """Looks for the creature most like this one on the other's checkpoint, and shows both, for one person."""

    prefix, label, emoji, author_only = "rehatch", N_("Re-hatch"), "🥚", NOT_THEIRS
    creature_id: Id
    target_id: Id
    first: bool  # whether the creature is A
    user_id: UserId

    async def press(self, interaction: Interaction) -> None:
        bot = interaction.client
        async with answering(interaction) as acknowledge:
            original = await existing(interaction, self.creature_id)
            other = await existing(interaction, self.target_id)
            hatched = await bot.engine.project(
                ProjectionOrder(original.png, original.noise_seed, other.checkpoint_id),
                user_id=self.user_id,
                on_accepted=acknowledge,
                on_progress=_progress_note(interaction, original.name or original.code),
            )
            recipe = recipes.Rehatch(original.checkpoint_id)
            [made] = await bot.store.creatures.add(
                [new_creature(interaction, hatched, recipe, parent_a_id=original.id, shown=False)]
            )
            card = await _comparison(original, other, await bot.engine.pictures([original, made]))
            button = KeepAndMix(made.id, other.id, self.first, self.user_id)
            await put(interaction, card, view_of([button.item()]))


class KeepAndMix(Button):
    """Saves what was re-hatched, and mixes it with the other parent in a message of its own."""

    prefix, label, emoji, author_only = "rehatched", N_("Keep it and mix"), "🧬", NOT_THEIRS
    style = ButtonStyle.primary
    creature_id: Id
    other_id: Id
    first: bool  # whether what was re-hatched is A
    user_id: UserId

    async def press(self, interaction: Interaction) -> None:
        async with answering(interaction) as acknowledge:
            made = await existing(interaction, self.creature_id)
            other = await existing(interaction, self.other_id)
            made = await _kept(interaction, made)
            a, b = (made, other) if self.first else (other, made)
            await show_children(interaction, acknowledge, a, b)


async def _kept(interaction: Interaction, made: Creature) -> Creature:
    """What was re-hatched, saved under a name like its original's if that was not done yet."""
    if made.name is not None:
        return made
    store, user_id = interaction.client.store, interaction.user.id
    original = None if made.parent_a_id is None else await store.creatures.get(made.parent_a_id)
    known_as = (original and original.name) or made.parent_a_name or "Rehatched"
    name = await store.collection.free_name(user_id, candidates(known_as, None))
    if name is None:
        raise UserError(
            N_("All names like {name} are taken: rename one of those creatures first."), name=known_as
        )
    try:
        at = interaction.created_at
        most = interaction.client.settings.saved_limit
        return await store.creatures.save(made.id, user_id, name, interaction.guild_id, at, most=most)
    except AlreadySaved as error:  # by a second press at the same time
        return error.creature


async def _comparison(
    original: Creature,
    other: Creature,
    pictures: Sequence[Picture],  # of the original and of what it became
) -> Card:
    before, after = name_caption(original.name or original.code), Caption(_("re-hatched"))
    tiles = [Tile(picture, caption) for picture, caption in zip(pictures, (before, after), strict=True)]
    png = await asyncio.to_thread(sheet, tiles, len(tiles))
    embed = discord.Embed(
        title=_("{name}, re-hatched").format(name=parent_label(original)),
        description=_(
            "Left the original, right what comes closest to it on {name}'s checkpoint. Keep it as a creature "
            "of your own, and mix the two? The original stays as it is."
        ).format(name=parent_label(other)),
    )
    embed.set_image(url=f"attachment://{PICTURE}")
    alt = _("{name}, and beside it what comes closest to it").format(name=before)
    return Card(embed, png, PICTURE, alt)


def _progress_note(interaction: Interaction, name: str) -> OnProgress:
    return progress_note(
        interaction, lambda share: _("Re-hatching {name} … {share:.0%}").format(name=name, share=share)
    )
