"""/save, and what an owner does with a creature: rename it, mark it, let it go."""

from __future__ import annotations

from typing import Any

import discord
from discord import ButtonStyle, app_commands, ui
from discord.ui import Label, TextInput, View

from bot.core.acknowledge import answering
from bot.core.answers import answer
from bot.core.buttons import Button, view_of
from bot.core.creatures import existing, own, show
from bot.core.custom_id import Id
from bot.core.dialogs import Answers, Dialog
from bot.core.interaction import Interaction
from bot.core.language import N_, _
from bot.core.proposals import proposed_names
from bot.core.slots import CREATURE, RELEASED
from bot.errors import UserError
from bot.store import AlreadySaved, Creature, NotSaved, NotYours
from bot.store.errors import Doing
from bot.store.names import MAX_LENGTH


@app_commands.command(
    description=N_("Keep the creature that you last hatched here, for example /save name:Foo")
)
@app_commands.describe(name=N_("What to call it, for example Foo; without a name you are asked for one"))
async def save(interaction: Interaction, name: str | None = None) -> None:
    creatures = interaction.client.store.creatures
    latest = await creatures.latest_shown(interaction.user.id, interaction.channel_id or 0)
    if latest is None:
        raise UserError(N_("There is nothing of yours to save here yet: hatch something with /newmon first."))
    if name is None:
        await _ask_name(interaction, latest.id)
    else:
        await _save(interaction, latest.id, name, in_place=False)


async def _ask_name(interaction: Interaction, creature_id: int) -> None:
    """Open the dialog for a creature's name: at first its own, or for a child one made of its parents'.

    A form of another one has a name of its own, too, as it is called in its line.
    """
    creature = await own(interaction, creature_id)
    if creature.name is not None:
        raise AlreadySaved(creature)
    names = await proposed_names(interaction, creature)
    name = await interaction.client.store.collection.free_name(creature.owner_id, names)
    await NameDialog(creature_id).open(interaction, _("Save this creature"), _name_field(name))


async def _save(interaction: Interaction, creature_id: int, name: str, *, in_place: bool) -> None:
    async with answering(interaction, in_place=in_place) as acknowledge:
        store = interaction.client.store
        user, at = interaction.user, interaction.created_at
        saved = await store.creatures.save(
            creature_id, user.id, name, interaction.guild_id, at, most=interaction.client.settings.saved_limit
        )
        await acknowledge()
        await show(interaction, saved)


def _name_field(default: str | None) -> Label[Any]:
    field: TextInput[Any] = TextInput(
        custom_id="name", max_length=MAX_LENGTH, placeholder=_("Foo"), default=default
    )
    return Label(text=_("Name"), description=_("Letters, digits, spaces, - ' and ."), component=field)


async def _saved_own(interaction: Interaction, creature_id: int, do: Doing) -> Creature:
    creature = await existing(interaction, creature_id)
    if creature.owner_id != interaction.user.id:
        raise NotYours(do)
    if creature.name is None:
        raise NotSaved
    return creature


class Save(Button):
    """Opens the dialog for a name."""

    prefix, label, emoji, style = "save", N_("Save"), "💾", ButtonStyle.primary
    creature_id: Id

    async def press(self, interaction: Interaction) -> None:
        await _ask_name(interaction, self.creature_id)


class NameDialog(Dialog):
    """Saves under the name that was typed, in the message that it was opened from, if from one."""

    prefix = "name"
    creature_id: Id

    async def submit(self, interaction: Interaction, answers: Answers) -> None:
        in_place = interaction.message is not None
        await _save(interaction, self.creature_id, answers.get("name", ""), in_place=in_place)


class Rename(Button):
    """Opens the dialog for another name, for the owner."""

    prefix, label, emoji = "rename", N_("Rename"), "✏️"
    creature_id: Id

    async def press(self, interaction: Interaction) -> None:
        name = (await _saved_own(interaction, self.creature_id, "rename")).name or ""
        title = _("Rename {name}").format(name=name)
        await RenameDialog(self.creature_id).open(interaction, title, _name_field(name))


class RenameDialog(Dialog):
    """Renames in the message that the dialog was opened from."""

    prefix = "rename"
    creature_id: Id

    async def submit(self, interaction: Interaction, answers: Answers) -> None:
        async with answering(interaction, in_place=True) as acknowledge:
            store, user_id = interaction.client.store, interaction.user.id
            renamed = await store.creatures.rename(self.creature_id, user_id, answers.get("name", ""))
            await acknowledge()
            await show(interaction, renamed)


class Favourite(Button):
    """Marks or unmarks: the wish is in the button, so that a double press is the same as one."""

    prefix, label, emoji = "favourite", N_("Favourite"), "⭐"
    creature_id: Id
    favourite: bool

    async def press(self, interaction: Interaction) -> None:
        async with answering(interaction, in_place=True) as acknowledge:
            store, user_id = interaction.client.store, interaction.user.id
            marked = await store.creatures.set_favourite(self.creature_id, user_id, self.favourite)
            await acknowledge()
            await show(interaction, marked)


class Release(Button):
    """Asks in place whether the owner means it."""

    prefix, label, emoji = "release", N_("Release"), "🍃"
    creature_id: Id

    async def press(self, interaction: Interaction) -> None:
        async with answering(interaction, in_place=True) as acknowledge:
            creature = await _saved_own(interaction, self.creature_id, "release")
            await acknowledge()
            question = _(
                "Let **{name}** go for good? Its children keep its name, nothing else is kept."
            ).format(name=creature.name)
            yes = ReleaseNow(creature.id).item(_("Yes, let {name} go").format(name=creature.name))
            await show(interaction, creature, asking=(question, [yes, Keep(creature.id).item()]))


class Keep(Button):
    """Thinks better of it: shows the card as it was before the question."""

    prefix, label = "keep", N_("Keep it")
    creature_id: Id

    async def press(self, interaction: Interaction) -> None:
        async with answering(interaction, in_place=True) as acknowledge:
            creature = await _saved_own(interaction, self.creature_id, "release")
            await acknowledge()
            await show(interaction, creature)


class ReleaseNow(Button):
    """Lets the creature go, and says so where it was."""

    prefix, label, emoji, style = "goodbye", N_("Yes, let it go"), "🍃", ButtonStyle.danger
    creature_id: Id

    async def press(self, interaction: Interaction) -> None:
        async with answering(interaction, in_place=True) as acknowledge:
            released = await interaction.client.store.creatures.release(self.creature_id, interaction.user.id)
            await acknowledge()
            embed = discord.Embed(
                title=_("{name} was released.").format(name=released.name),
                description=_("It looked back once, and was gone. Its children remember its name."),
            )
            view = view_of(RELEASED.items(interaction.client.offers, None))
            await answer(interaction, embed=embed, view=view)


@CREATURE.offer(order=10)
def offer_save(creature: Creature) -> ui.Button[View] | None:
    return Save(creature.id).item() if creature.name is None else None


@CREATURE.offer(order=10, row=1)
def offer_favourite(creature: Creature) -> ui.Button[View] | None:
    if creature.name is None:
        return None
    label = _("Unfavourite") if creature.favourite else _("Favourite")
    return Favourite(creature.id, not creature.favourite).item(label)


@CREATURE.offer(order=20, row=1)
def offer_rename(creature: Creature) -> ui.Button[View] | None:
    return None if creature.name is None else Rename(creature.id).item()


@CREATURE.offer(order=30, row=1)
def offer_release(creature: Creature) -> ui.Button[View] | None:
    return None if creature.name is None else Release(creature.id).item()
