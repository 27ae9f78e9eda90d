"""The statements that list creatures: pages of a collection, and suggestions while somebody types."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select, union_all

from bot.store.models import CreatureRow
from bot.store.queries import LAST
from bot.store.records import Sort

# Each follows an index from one end to the other, so that no page needs sorting.
ORDERS: dict[Sort, Callable[[Any], tuple[ColumnElement[Any], ...]]] = {
    "newest": lambda columns: (columns.saved_at.desc(), columns.id.desc()),
    "oldest": lambda columns: (columns.saved_at.asc(), columns.id.asc()),
    "name": lambda columns: (columns.name_key.asc(),),
    "favourites": lambda columns: (columns.favourite.desc(), columns.saved_at.desc(), columns.id.desc()),
}


def page_ids(
    owner_id: int, guild_id: int | None, sort: Sort, offset: int, limit: int, kind: str | None = None
) -> Select[int]:
    """The ids of one page. Ids alone: they are in the index, so that what is skipped costs next to nothing.

    Of what was saved in this server, or everywhere where `guild_id` is None; of one type, or of all.
    """
    if kind is not None:
        return _page_of_kind(owner_id, guild_id, sort, offset, limit, kind)
    column = CreatureRow.name_key if sort == "name" else CreatureRow.saved_at
    return (
        select(CreatureRow.id)
        .where(*_seen(owner_id, guild_id), column.is_not(None))
        .order_by(*ORDERS[sort](CreatureRow))
        .offset(offset)
        .limit(limit)
    )


def _page_of_kind(
    owner_id: int, guild_id: int | None, sort: Sort, offset: int, limit: int, kind: str
) -> Select[int]:
    """First all of that type, in the index that has the types; then they are put in order.

    In one step the database would follow an index that is in order, and look for the types of ten thousand
    creatures in their rows, behind the pictures: how large those are it does not know.
    """
    found = (
        select(CreatureRow.id, CreatureRow.saved_at, CreatureRow.favourite, CreatureRow.name_key)
        .where(*_seen(owner_id, guild_id), CreatureRow.saved_at.is_not(None), _of_kind(kind))
        .cte("found")
        .prefix_with("MATERIALIZED")
    )
    return select(found.c.id).order_by(*ORDERS[sort](found.c)).offset(offset).limit(limit)


def count_until(owner_id: int, saved_at: datetime, creature_id: int) -> Select[int]:
    """How many of somebody's were saved no later than this one, itself included."""
    until = or_(
        CreatureRow.saved_at < saved_at,
        and_(CreatureRow.saved_at == saved_at, CreatureRow.id <= creature_id),
    )
    return count_saved(owner_id).where(until)


def count_saved(owner_id: int, guild_id: int | None = None, kind: str | None = None) -> Select[int]:
    """How many somebody saved: in this server or everywhere, of one type or of all."""
    only = [] if kind is None else [_of_kind(kind)]
    return (
        select(func.count())
        .select_from(CreatureRow)
        .where(*_seen(owner_id, guild_id), CreatureRow.saved_at.is_not(None), *only)
    )


def _seen(owner_id: int, guild_id: int | None) -> list[ColumnElement[bool]]:
    here = [] if guild_id is None else [CreatureRow.guild_id == guild_id]
    return [CreatureRow.owner_id == owner_id, *here]


def _of_kind(kind: str) -> ColumnElement[bool]:
    return or_(CreatureRow.type_1 == kind, CreatureRow.type_2 == kind)


def entries(ids: list[int]):
    """What a page shows of each creature."""
    columns = (
        CreatureRow.id,
        CreatureRow.code,
        CreatureRow.name,
        CreatureRow.favourite,
        CreatureRow.png,
        CreatureRow.checkpoint_id,
        CreatureRow.shiny,
    )
    return select(*columns).where(CreatureRow.id.in_(ids))


def partners(owner_id: int, checkpoint_id: str, besides: int, limit: int):
    """What somebody may mix a creature with: their own of its checkpoint, newest first."""
    return (
        select(CreatureRow.id, CreatureRow.name)
        .where(
            CreatureRow.owner_id == owner_id,
            CreatureRow.saved_at.is_not(None),
            CreatureRow.checkpoint_id == checkpoint_id,
            CreatureRow.id != besides,
        )
        .order_by(*ORDERS["newest"](CreatureRow))
        .limit(limit)
    )


def taken_keys(owner_id: int, keys: list[str]):
    return select(CreatureRow.name_key).where(
        CreatureRow.owner_id == owner_id, CreatureRow.name_key.in_(keys)
    )


def suggestions(owner_id: int, guild_id: int | None, text: str, limit: int):
    """Saved creatures for what was typed: (name, code, owner_id), in one query.

    One's own first, then what others saved in this server; of each, names that start with the text, then
    names that have it elsewhere. Every part walks an index in its order and stops at the limit.
    """
    own = (CreatureRow.owner_id == owner_id,)
    parts = [_starting(0, own, text, limit)]
    if text:
        parts.append(_containing(1, own, text, limit))
    if guild_id is not None:
        others = (CreatureRow.guild_id == guild_id, CreatureRow.owner_id != owner_id)
        parts.append(_starting(2, others, text, limit))
        if text:
            parts.append(_containing(3, others, text, limit))
    # SQLite takes ORDER BY and LIMIT within a UNION only in subqueries.
    found = union_all(*(select(part.subquery()) for part in parts)).subquery()
    columns = (found.c.name, found.c.code, found.c.owner_id)
    return select(*columns).order_by(found.c.rank, found.c.name_key, found.c.owner_id).limit(limit)


def _starting(rank: int, whose: tuple[ColumnElement[bool], ...], text: str, limit: int):
    return _part(rank, whose, CreatureRow.name_key >= text, CreatureRow.name_key < text + LAST, limit=limit)


def _containing(rank: int, whose: tuple[ColumnElement[bool], ...], text: str, limit: int):
    elsewhere = or_(CreatureRow.name_key < text, CreatureRow.name_key >= text + LAST)
    inside = CreatureRow.name_key.contains(text, autoescape=True)
    return _part(rank, whose, elsewhere, inside, limit=limit)


def _part(rank: int, whose: tuple[ColumnElement[bool], ...], *matches: ColumnElement[bool], limit: int):
    return (
        select(
            literal(rank).label("rank"),
            CreatureRow.name,
            CreatureRow.name_key,
            CreatureRow.code,
            CreatureRow.owner_id,
        )
        .where(*whose, *matches)
        .order_by(CreatureRow.name_key, CreatureRow.owner_id)
        .limit(limit)
    )
