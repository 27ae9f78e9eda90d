"""What an owner does with a creature: save it, rename it, mark it, let it go."""

from __future__ import annotations

import discord

from bot.actions.common import existing, own, parents_of, show
from bot.actions.naming import candidates
from bot.core import dialogs
from bot.core.acknowledge import answering
from bot.core.answers import answer
from bot.core.buttons import on_press
from bot.core.dialogs import Answers, name_dialog, on_submit, rename_dialog
from bot.core.interaction import Interaction
from bot.errors import UserError
from bot.store import AlreadySaved, Creature, NotSaved, NotYours
from bot.ui.buttons import Favourite, Keep, Release, ReleaseNow, Rename, Save, farewell_view, release_view


@on_press(Save)
async def ask_name(interaction: Interaction, creature_id: int) -> None:
    """Open the dialog for a creature's name, which for a child starts as one made of its parents'."""
    creature = await own(interaction, creature_id)
    if creature.name is not None:
        raise AlreadySaved(creature)
    a, b = await parents_of(interaction, creature)
    proposals = candidates(a and a.name, b and b.name)
    name = (
        await interaction.client.store.collection.free_name(creature.owner_id, proposals)
        if proposals
        else None
    )
    await interaction.response.send_modal(name_dialog(creature_id, name))


async def save_latest(interaction: Interaction, name: str | None) -> None:
    """Save what this person last hatched in this channel; without a name, ask for one."""
    store = interaction.client.store
    latest = await store.creatures.latest_shown(interaction.user.id, interaction.channel_id or 0)
    if latest is None:
        raise UserError("There is nothing of yours to save here yet: hatch something with /newmon first.")
    if name is None:
        await ask_name(interaction, latest.id)
    else:
        await _save(interaction, latest.id, name, in_place=False)


@on_submit(dialogs.SAVE)
async def save_as_answered(interaction: Interaction, creature_id: int, answers: Answers) -> None:
    """Save under the name in the dialog, in the message that it was opened from, if from one."""
    await _save(interaction, creature_id, answers.get("name", ""), in_place=interaction.message is not None)


async def _save(interaction: Interaction, creature_id: int, name: str, *, in_place: bool) -> None:
    async with answering(interaction, in_place=in_place) as acknowledge:
        store = interaction.client.store
        user, at = interaction.user, interaction.created_at
        saved = await store.creatures.save(creature_id, user.id, name, interaction.guild_id, at)
        await acknowledge()
        await show(interaction, saved)


@on_press(Rename)
async def ask_another_name(interaction: Interaction, creature_id: int) -> None:
    """Open the dialog for another name, for the owner."""
    creature = await _saved_own(interaction, creature_id, "rename")
    await interaction.response.send_modal(rename_dialog(creature_id, creature.name or ""))


@on_submit(dialogs.RENAME)
async def rename_as_answered(interaction: Interaction, creature_id: int, answers: Answers) -> None:
    """Rename in the message that the dialog was opened from."""
    async with answering(interaction, in_place=True) as acknowledge:
        store = interaction.client.store
        renamed = await store.creatures.rename(creature_id, interaction.user.id, answers.get("name", ""))
        await acknowledge()
        await show(interaction, renamed)


@on_press(Favourite)
async def mark(interaction: Interaction, creature_id: int, favourite: int) -> None:
    """Make it a favourite of its owner's, or no longer."""
    async with answering(interaction, in_place=True) as acknowledge:
        store = interaction.client.store
        marked = await store.creatures.set_favourite(creature_id, interaction.user.id, bool(favourite))
        await acknowledge()
        await show(interaction, marked)


@on_press(Release)
async def ask_release(interaction: Interaction, creature_id: int) -> None:
    """Ask in place whether the owner means it."""
    async with answering(interaction, in_place=True) as acknowledge:
        creature = await _saved_own(interaction, creature_id, "release")
        await acknowledge()
        await interaction.edit_original_response(
            content=f"Let **{creature.name}** go for good? Its children keep its name, nothing else is kept.",
            view=release_view(creature),
        )


@on_press(Keep)
async def keep(interaction: Interaction, creature_id: int) -> None:
    """Show the card as it was before the question."""
    async with answering(interaction, in_place=True) as acknowledge:
        creature = await _saved_own(interaction, creature_id, "release")
        await acknowledge()
        await show(interaction, creature)


@on_press(ReleaseNow)
async def release(interaction: Interaction, creature_id: int) -> None:
    """Let it go, and say so where it was."""
    async with answering(interaction, in_place=True) as acknowledge:
        released = await interaction.client.store.creatures.release(creature_id, interaction.user.id)
        await acknowledge()
        embed = discord.Embed(
            title=f"{released.name} was released.",
            description="It looked back once, and was gone. Its children remember its name.",
        )
        await answer(interaction, embed=embed, view=farewell_view())


async def _saved_own(interaction: Interaction, creature_id: int, do: str) -> Creature:
    creature = await existing(interaction, creature_id)
    if creature.owner_id != interaction.user.id:
        raise NotYours(do)
    if creature.name is None:
        raise NotSaved
    return creature
