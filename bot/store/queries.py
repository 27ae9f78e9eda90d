"""The statements about creatures and people, apart from the transactions that they run in."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Delete, Select, Update, delete, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import aliased

from bot.store.models import CooldownRow, CreatureRow, PersonRow

# Above every character a key can hold, so that [prefix, prefix + LAST) holds all that start with the prefix.
# A range instead of LIKE: it uses the index everywhere, and % and _ mean nothing in it.
LAST = "\U0010ffff"

_INSERTS = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def by_id(creature_id: int) -> Select[CreatureRow]:
    return select(CreatureRow).where(CreatureRow.id == creature_id)


def by_code(code: str) -> Select[CreatureRow]:
    return select(CreatureRow).where(CreatureRow.code == code)


def by_own_name(owner_id: int, key: str) -> Select[CreatureRow]:
    return select(CreatureRow).where(CreatureRow.owner_id == owner_id, CreatureRow.name_key == key)


def by_server_name(owner_id: int, guild_id: int, key: str, limit: int) -> Select[CreatureRow]:
    """Of everybody else in the server, by age."""
    return (
        select(CreatureRow)
        .where(
            CreatureRow.guild_id == guild_id, CreatureRow.name_key == key, CreatureRow.owner_id != owner_id
        )
        .order_by(CreatureRow.saved_at, CreatureRow.id)
        .limit(limit)
    )


def children(parent_id: int, owner_id: int) -> Select[CreatureRow]:
    """Those of one person, by age."""
    return (
        select(CreatureRow)
        .where(
            or_(CreatureRow.parent_a_id == parent_id, CreatureRow.parent_b_id == parent_id),
            CreatureRow.owner_id == owner_id,
        )
        .order_by(CreatureRow.id)
    )


def latest_shown(owner_id: int, channel_id: int) -> Select[CreatureRow]:
    return (
        select(CreatureRow)
        .where(
            CreatureRow.owner_id == owner_id,
            CreatureRow.channel_id == channel_id,
            CreatureRow.shown_at.is_not(None),
        )
        .order_by(CreatureRow.shown_at.desc(), CreatureRow.id.desc())
        .limit(1)
    )


def taken_keys(ids: Sequence[int], codes: Sequence[str]):
    return select(CreatureRow.id).where(or_(CreatureRow.id.in_(ids), CreatureRow.code.in_(codes)))


def existing_ids(ids: Sequence[int]):
    return select(CreatureRow.id).where(CreatureRow.id.in_(ids))


def saved_by(owner_id: int) -> Select[int]:
    """How many creatures a person has saved."""
    named = CreatureRow.owner_id == owner_id, CreatureRow.name_key.is_not(None)
    return select(func.count()).select_from(CreatureRow).where(*named)


def give_name(
    creature_id: int, owner_id: int, name: str, key: str, guild_id: int | None, saved_at: datetime
) -> Update:
    """Touches one row or none: only the owner's, and only while it has no name."""
    return (
        update(CreatureRow)
        .where(
            CreatureRow.id == creature_id, CreatureRow.owner_id == owner_id, CreatureRow.name_key.is_(None)
        )
        .values(name=name, name_key=key, guild_id=guild_id, saved_at=saved_at)
        .execution_options(synchronize_session=False)
    )


def note_shown(creature_id: int, owner_id: int, shown_at: datetime) -> Update:
    return (
        update(CreatureRow)
        .where(
            CreatureRow.id == creature_id,
            CreatureRow.owner_id == owner_id,
            or_(CreatureRow.shown_at.is_(None), CreatureRow.shown_at < shown_at),
        )
        .values(shown_at=shown_at)
        .execution_options(synchronize_session=False)
    )


def change_name(creature_id: int, owner_id: int, name: str, key: str) -> Update:
    """Another name for what has one, if it is the owner's."""
    return _of_owner(creature_id, owner_id).values(name=name, name_key=key)


def set_favourite(creature_id: int, owner_id: int, favourite: bool) -> Update:
    return _of_owner(creature_id, owner_id).values(favourite=favourite)


def _of_owner(creature_id: int, owner_id: int) -> Update:
    """One saved creature, or none if it is not this owner's."""
    return (
        update(CreatureRow)
        .where(
            CreatureRow.id == creature_id,
            CreatureRow.owner_id == owner_id,
            CreatureRow.name_key.is_not(None),
        )
        .execution_options(synchronize_session=False)
    )


def leave_name_to_children(creature_id: int, name: str) -> tuple[Update, Update]:
    """What a parent's children keep of it when it is released."""
    children = update(CreatureRow).execution_options(synchronize_session=False)
    return (
        children.where(CreatureRow.parent_a_id == creature_id).values(parent_a_name=name),
        children.where(CreatureRow.parent_b_id == creature_id).values(parent_b_name=name),
    )


def release(creature_id: int) -> Delete:
    return (
        delete(CreatureRow).where(CreatureRow.id == creature_id).execution_options(synchronize_session=False)
    )


def _forgettable(created_before: datetime) -> tuple[ColumnElement[bool], ...]:
    """Old and unsaved, and no parent of a saved creature nor of one that may still be saved."""
    child = aliased(CreatureRow)
    needed = exists().where(
        or_(child.parent_a_id == CreatureRow.id, child.parent_b_id == CreatureRow.id),
        or_(child.name_key.is_not(None), child.created_at >= created_before),
    )
    return (CreatureRow.name_key.is_(None), CreatureRow.created_at < created_before, ~needed)


def unsaved(created_before: datetime, limit: int) -> Select[int]:
    """The ids of some that can be forgotten, locked where the database knows that: until the end of the
    transaction nobody saves them, and no child of theirs is born. Those that others use now are left out."""
    return (
        select(CreatureRow.id)
        .where(*_forgettable(created_before))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )


def delete_unsaved(ids: Sequence[int], created_before: datetime) -> Delete:
    """Those of them that can still be forgotten: a child may have been born before they were locked."""
    return (
        delete(CreatureRow)
        .where(CreatureRow.id.in_(ids), *_forgettable(created_before))
        .execution_options(synchronize_session=False)
    )


def names(user_ids: Collection[int], guild_ids: Collection[int]) -> Select[int, str]:
    """(id, name) of people in each of these servers, those of the largest server id last."""
    return (
        select(PersonRow.user_id, PersonRow.name)
        .where(PersonRow.user_id.in_(user_ids), PersonRow.guild_id.in_(guild_ids))
        .order_by(PersonRow.guild_id)
    )


def put_cooldown(dialect: str):
    """When somebody's allowance is full, in place of what was known. Its values are bound as it runs."""
    insert = _INSERTS[dialect](CooldownRow.__table__)
    return insert.on_conflict_do_update(
        index_elements=[CooldownRow.user_id], set_={"full_at": insert.excluded.full_at}
    )


def put_name(dialect: str):
    """What somebody is called, in place of what was seen earlier. Its values are bound as it runs."""
    insert = _INSERTS[dialect](PersonRow.__table__)
    new = insert.excluded
    return insert.on_conflict_do_update(
        index_elements=[PersonRow.user_id, PersonRow.guild_id],
        set_={"name": new.name, "seen_at": new.seen_at},
        where=PersonRow.seen_at < new.seen_at,
    )
