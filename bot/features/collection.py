"""/mons and /mon: what people saved, page by page, and one creature of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

import discord
from discord import SelectOption, app_commands, ui
from discord.app_commands import Choice
from discord.ui import Item, View

from bot.core.acknowledge import Acknowledge, answering
from bot.core.answers import put
from bot.core.buttons import Button, Menu, view_of
from bot.core.creatures import existing, named, show, suggest_creatures
from bot.core.custom_id import FOREIGN, Digits, OneOf, UserId
from bot.core.interaction import Interaction
from bot.core.language import N_, _, ngettext
from bot.core.people import name_of, note_name
from bot.core.readings import read_collection
from bot.core.slots import CREATURE, HATCHED, HELP, RELEASED
from bot.creature.traits import TYPES
from bot.engine import Picture
from bot.errors import UserError
from bot.store import SORTS, Creature, Page, Sort
from bot.store.names import plain
from bot.ui.captions import name_caption
from bot.ui.cards import SHINY, TYPE_NAMES, Card
from bot.ui.sheets import SMALL_TILE, Tile, sheet

PICTURE = "collection.png"
COLUMNS = 4
NOT_THEIRS = N_("Somebody else is browsing this: open your own with /mons.")
ANY = ""  # in place of a type
ALL = "all"  # the same, as a choice: Discord knows no empty one
KINDS = (ANY, *TYPES)
Kind = Annotated[str, OneOf(KINDS)]
SORT_LABELS: dict[Sort, str] = {
    "newest": N_("Newest first"),
    "name": N_("By name"),
    "favourites": N_("Favourites first"),
    "oldest": N_("Oldest first"),
}


@app_commands.command(description=N_("Your collection, or somebody's, for example /mons type:Fire"))
@app_commands.describe(
    user=N_("Whose creatures to look at, for example @Misty; without it, your own"),
    sort=N_("The order, for example name; without it, the newest first"),
    kind=N_("Only creatures of this type, for example Fire"),
)
@app_commands.rename(kind="type")
@app_commands.choices(kind=[Choice(name=TYPE_NAMES[kind], value=kind) for kind in TYPES])
async def mons(
    interaction: Interaction,
    user: discord.User | None = None,
    sort: Sort = "newest",
    kind: str | None = None,
) -> None:
    await show_collection(interaction, user, sort, kind or ANY)


@app_commands.command(description=N_("One creature with everything about it, for example /mon name:Foo"))
@app_commands.describe(name=N_("Its name or its code, for example Foo or k3f9x0ab"))
@app_commands.autocomplete(name=suggest_creatures)
async def mon(interaction: Interaction, name: str) -> None:
    async with answering(interaction) as acknowledge:
        creature = await named(interaction, name)
        await acknowledge()
        await show(interaction, creature)


async def show_collection(
    interaction: Interaction, user: discord.User | discord.Member | None, sort: Sort, kind: str = ANY
) -> None:
    """The first page of somebody's collection, or of one's own; of one type, or of all."""
    if kind not in KINDS:  # not everything comes from Discord's own app
        raise UserError(N_("There is no such type: choose one from the list that appears while typing."))
    if user is not None and user.id != interaction.user.id and interaction.guild_id is None:
        raise UserError(N_("In direct messages there is only your own collection: use /mons without a user."))
    owner = user or interaction.user
    async with answering(interaction) as acknowledge:
        await _show_page(interaction, acknowledge, owner.id, sort, kind, 0, named=owner)


async def _show_page(
    interaction: Interaction,
    acknowledge: Acknowledge,
    owner_id: int,
    sort: Sort,
    kind: str,
    number: int,
    *,
    named: discord.User | discord.Member | None = None,  # the owner, where Discord says who that is
) -> None:
    store = interaction.client.store
    if kind:
        await read_collection(interaction.client.engine, store, owner_id)
    page = await store.collection.page(
        owner_id,
        viewer_id=interaction.user.id,
        guild_id=interaction.guild_id,
        sort=sort,
        number=number,
        kind=kind or None,
    )
    owner = named.display_name if named else await name_of(interaction, owner_id)
    if not page.entries:
        raise _nobody(owner_id == interaction.user.id, plain(owner), kind)
    await acknowledge()
    if named is not None:
        await note_name(interaction, named)  # for the page's buttons, and for what else shows it
    pictures = await interaction.client.engine.pictures(page.entries)
    png = await asyncio.to_thread(_picture, page, pictures)
    embed = _embed(page, owner, sort, kind)
    view = view_of(_items(page, owner_id, sort, kind, interaction.user.id))
    await put(interaction, Card(embed, png, PICTURE, _alt(page)), view)


def _nobody(own: bool, owner: str, kind: str) -> UserError:
    if kind:
        return UserError(
            N_("Nobody of the type {type} was found here: try another type, or /mons without one."),
            type=TYPE_NAMES[kind],
        )
    if own:
        return UserError(N_("You have not saved anyone yet: hatch a creature with /newmon, then press Save."))
    if owner:
        return UserError(N_("{owner} has not saved anyone in this server yet."), owner=owner)
    return UserError(N_("This person has not saved anyone in this server yet."))


def _picture(page: Page, pictures: Sequence[Picture]) -> bytes:
    tiles = [
        Tile(picture, name_caption(entry.name), number, entry.favourite, entry.shiny)
        for number, (picture, entry) in enumerate(zip(pictures, page.entries, strict=True), 1)
    ]
    return sheet(tiles, min(COLUMNS, len(tiles)), side=SMALL_TILE)


def _alt(page: Page) -> str:
    return ", ".join(f"{number} {entry.name}" for number, entry in enumerate(page.entries, 1))


def _embed(page: Page, owner: str, sort: Sort, kind: str) -> discord.Embed:
    if owner:
        title = _("{owner}'s creatures").format(owner=discord.utils.escape_markdown(owner))
    else:
        title = _("Creatures")
    embed = discord.Embed(title=title)
    embed.set_image(url=f"attachment://{PICTURE}")
    total = ngettext("{total:,} creature", "{total:,} creatures", page.total).format(total=page.total)
    text = _("Page {number} of {pages} · {total} · {order}").format(
        number=page.number + 1, pages=page.pages, total=total, order=_(SORT_LABELS[sort]).lower()
    )
    if kind:
        text = _("{page} · only {type}").format(page=text, type=_(TYPE_NAMES[kind]))
    return embed.set_footer(text=text)


def _items(page: Page, owner_id: int, sort: Sort, kind: str, user_id: int) -> list[Item[Any]]:
    """The menus and buttons under a page."""
    shown = [
        SelectOption(label=f"{i} · {e.name}", value=str(e.id), emoji=SHINY if e.shiny else None)
        for i, e in enumerate(page.entries, 1)
    ]
    orders = [SelectOption(label=_(SORT_LABELS[s]), value=s, default=s == sort) for s in SORTS]
    items: list[Item[Any]] = [Open().item(shown, row=0), Order(owner_id, user_id, kind).item(orders, row=1)]
    if page.pages > 1 or kind:
        types = [
            SelectOption(label=_(TYPE_NAMES[k]) if k else _("All types"), value=k or ALL, default=k == kind)
            for k in KINDS
        ]
        items.append(OfType(owner_id, sort, user_id).item(types, row=2))
    if page.pages > 1:
        first, last = page.number == 0, page.number == page.pages - 1
        back, following = max(page.number - 1, 0), min(page.number + 1, page.pages - 1)
        items += [
            Turn(owner_id, sort, user_id, back, False, kind).item(_("◀ Back"), row=3, disabled=first),
            Turn(owner_id, sort, user_id, following, True, kind).item(_("Next ▶"), row=3, disabled=last),
        ]
    return items


class Turn(Button):
    """Turns to a page of a collection, for the person who asked for it."""

    prefix, label, author_only = "page", N_("Page"), NOT_THEIRS
    owner_id: UserId
    sort: Sort
    user_id: UserId
    number: Annotated[int, Digits(6)]
    following: bool  # so that the two buttons of a first or last page differ
    kind: Kind = ANY

    async def press(self, interaction: Interaction) -> None:
        async with answering(interaction, in_place=True) as acknowledge:
            await _show_page(interaction, acknowledge, self.owner_id, self.sort, self.kind, self.number)


class Order(Menu):
    """Shows the first page in another order, for the person who asked for the collection."""

    prefix, placeholder, author_only = "sort", N_("Order"), NOT_THEIRS
    owner_id: UserId
    user_id: UserId
    kind: Kind = ANY

    async def choose(self, interaction: Interaction, value: str) -> None:
        known: dict[str, Sort] = {sort: sort for sort in SORTS}
        sort = known.get(value, SORTS[0])
        async with answering(interaction, in_place=True) as acknowledge:
            await _show_page(interaction, acknowledge, self.owner_id, sort, self.kind, 0)


class OfType(Menu):
    """Shows the first page of a type, or of all, for the person who asked for the collection."""

    prefix, placeholder, author_only = "oftype", N_("Type"), NOT_THEIRS
    owner_id: UserId
    sort: Sort
    user_id: UserId

    async def choose(self, interaction: Interaction, value: str) -> None:
        kind = value if value in TYPES else ANY
        async with answering(interaction, in_place=True) as acknowledge:
            await _show_page(interaction, acknowledge, self.owner_id, self.sort, kind, 0)


class Open(Menu):
    """Shows the card of one creature of a page, to anybody."""

    prefix, placeholder = "open", N_("Open one …")

    async def choose(self, interaction: Interaction, value: str) -> None:
        if not value.isdecimal():
            raise UserError(FOREIGN)
        async with answering(interaction) as acknowledge:
            creature = await existing(interaction, int(value))
            await acknowledge()
            await show(interaction, creature)


class Collection(Button):
    """Shows the collection of whoever presses it."""

    prefix, label, emoji = "collection", N_("My creatures"), "📖"

    async def press(self, interaction: Interaction) -> None:
        await show_collection(interaction, None, "newest")


@CREATURE.offer(order=50)
def offer_collection(_creature: Creature) -> ui.Button[View]:
    return Collection().item()


@HELP.offer(order=20)
def offer_in_help(_nothing: None) -> ui.Button[View]:
    return Collection().item()


@HATCHED.offer(order=20)
def offer_beside_hatchlings(_nothing: None) -> ui.Button[View]:
    return Collection().item()


@RELEASED.offer(order=20)
def offer_after_release(_nothing: None) -> ui.Button[View]:
    return Collection().item()
