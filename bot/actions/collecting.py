"""Looking at what people saved: the collection, page by page, and one creature of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import discord

from bot.actions.common import existing, show
from bot.core.acknowledge import Acknowledge, answering
from bot.core.answers import put
from bot.core.buttons import on_press
from bot.core.interaction import Interaction
from bot.core.people import name_of, note_name
from bot.engine import Picture
from bot.errors import UserError
from bot.store import SORTS, Page, Sort
from bot.store.names import plain
from bot.ui.buttons import SORT_LABELS, Collection, Open, Order, Turn, page_view
from bot.ui.cards import Card
from bot.ui.pictures import CHILD_SIDE, GALLERY_COLUMNS, Portrait, grid_sheet

PICTURE = "collection.png"
NOBODY_YET = "You have not saved anyone yet: hatch a creature with /newmon, then press Save."


async def show_collection(
    interaction: Interaction, user: discord.User | discord.Member | None, sort: Sort
) -> None:
    """The first page of somebody's collection, or of one's own."""
    if user is not None and user.id != interaction.user.id and interaction.guild_id is None:
        raise UserError("In direct messages there is only your own collection: use /mons without a user.")
    owner = user or interaction.user
    async with answering(interaction) as acknowledge:
        await _show_page(interaction, acknowledge, owner.id, sort, 0, named=owner)


@on_press(Collection)
async def show_own(interaction: Interaction) -> None:
    """The collection of whoever pressed."""
    await show_collection(interaction, None, "newest")


@on_press(Turn)
async def turn(
    interaction: Interaction, owner_id: int, order: int, user_id: int, number: int, _direction: int
) -> None:
    """Another page, for the person who asked for the collection."""
    _refuse_others(interaction, user_id)
    async with answering(interaction, in_place=True) as acknowledge:
        await _show_page(interaction, acknowledge, owner_id, SORTS[order % len(SORTS)], number)


@on_press(Order)
async def reorder(interaction: Interaction, owner_id: int, user_id: int, chosen: str) -> None:
    """The first page in another order, for the person who asked for the collection."""
    _refuse_others(interaction, user_id)
    sorts: dict[str, Sort] = {sort: sort for sort in SORTS}
    async with answering(interaction, in_place=True) as acknowledge:
        await _show_page(interaction, acknowledge, owner_id, sorts.get(chosen, SORTS[0]), 0)


@on_press(Open)
async def open_chosen(interaction: Interaction, chosen: str) -> None:
    """The card of a creature that somebody chose on a page."""
    async with answering(interaction) as acknowledge:
        creature = await existing(interaction, int(chosen))
        await acknowledge()
        await show(interaction, creature)


async def show_named(interaction: Interaction, name: str) -> None:
    """The card of a creature by name or code."""
    async with answering(interaction) as acknowledge:
        creature = await interaction.client.store.collection.find(
            interaction.user.id, interaction.guild_id, name
        )
        await acknowledge()
        await show(interaction, creature)


def _refuse_others(interaction: Interaction, user_id: int) -> None:
    if interaction.user.id != user_id:
        raise UserError("Somebody else is browsing this: open your own with /mons.")


async def _show_page(
    interaction: Interaction,
    acknowledge: Acknowledge,
    owner_id: int,
    sort: Sort,
    number: int,
    *,
    named: discord.User | discord.Member | None = None,  # the owner, where Discord says who that is
) -> None:
    page = await interaction.client.store.collection.page(
        owner_id,
        viewer_id=interaction.user.id,
        guild_id=interaction.guild_id,
        sort=sort,
        number=number,
    )
    owner = named.display_name if named else await name_of(interaction, owner_id)
    if not page.entries:
        if owner_id == interaction.user.id:
            raise UserError(NOBODY_YET)
        raise UserError(f"{plain(owner) or 'This person'} has not saved anyone in this server yet.")
    await acknowledge()
    if named is not None:
        await note_name(interaction, named)  # for the page's buttons, and for what else shows it
    pictures = await interaction.client.engine.pictures(page.entries)
    png = await asyncio.to_thread(_picture, page, pictures)
    title = f"{discord.utils.escape_markdown(owner)}'s creatures" if owner else "Creatures"
    embed = discord.Embed(title=title)
    embed.set_image(url=f"attachment://{PICTURE}")
    total = f"{page.total:,} creature{'' if page.total == 1 else 's'}"
    embed.set_footer(text=f"Page {page.number + 1} of {page.pages} · {total} · {SORT_LABELS[sort].lower()}")
    await put(interaction, Card(embed, png, PICTURE), page_view(page, owner_id, sort, interaction.user.id))


def _picture(page: Page, pictures: Sequence[Picture]) -> bytes:
    portraits = [
        Portrait(picture, entry.name, entry.favourite)
        for picture, entry in zip(pictures, page.entries, strict=True)
    ]
    return grid_sheet(portraits, GALLERY_COLUMNS, CHILD_SIDE)
