"""What was read of creatures' traits, kept beside them so that a collection is filtered within an index.

It follows from W+ and from the heads that read it, so it is a cache: what other heads read, or what nothing
read yet, is read again. Creatures of versions before this one have nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sqlalchemy import Select, bindparam, select, update

from bot.creature.reading import Reading
from bot.store.codec import decode_w_plus
from bot.store.database import Database, retried
from bot.store.models import CreatureRow
from bot.store.records import reading_columns


@dataclass(frozen=True, slots=True)
class Source:
    """Of which checkpoint some of somebody's creatures are, and what read them; None where nothing did."""

    checkpoint_id: str
    reader: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Styles:
    """What a creature is read from. `w_plus` is float32 [L, w_dim], and empty where it is damaged."""

    id: int
    w_plus: npt.NDArray[np.float32]


class Readings:
    """Which creatures were read by what. Every method is one short transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @retried
    async def sources(self, owner_id: int) -> list[Source]:
        """Each there is among the saved creatures of an owner."""
        async with self._database.reading() as session:
            return [Source(*row) for row in await session.execute(sources(owner_id))]

    @retried
    async def of_source(self, owner_id: int, source: Source, limit: int) -> list[Styles]:
        """Up to `limit` of an owner's saved creatures of that source."""
        async with self._database.reading() as session:
            ids = list(await session.scalars(ids_of_source(owner_id, source, limit)))
            rows = (await session.execute(styles(ids))).all()
        return [Styles(row_id, _decoded(form, packed, layers)) for row_id, form, packed, layers in rows]

    @retried
    async def note(self, readings: Mapping[int, Reading]) -> None:
        """Keeps what was read of creatures, by their ids. What is no longer there is passed over."""
        if not readings:
            return
        async with self._database.writing() as session:
            # Not as the session would do it, which wants every row to be there.
            connection = await session.connection()
            rows = [{"row": i} | reading_columns(one) for i, one in readings.items()]
            await connection.execute(_NOTE, rows)


_NOTE = (
    update(CreatureRow)
    .where(CreatureRow.id == bindparam("row"))
    .values({name: bindparam(name) for name in reading_columns(None)})
)


def sources(owner_id: int) -> Select[str, str | None]:
    """(checkpoint, reader) of an owner's saved creatures, in an index alone."""
    return (
        select(CreatureRow.checkpoint_id, CreatureRow.read_by)
        .where(CreatureRow.owner_id == owner_id, CreatureRow.saved_at.is_not(None))
        .distinct()
    )


def ids_of_source(owner_id: int, source: Source, limit: int) -> Select[int]:
    """Ids of saved creatures, in an index alone: the pictures lie between the rows' other columns."""
    read_by = CreatureRow.read_by
    return (
        select(CreatureRow.id)
        .where(
            CreatureRow.owner_id == owner_id,
            CreatureRow.saved_at.is_not(None),
            CreatureRow.checkpoint_id == source.checkpoint_id,
            read_by.is_(None) if source.reader is None else read_by == source.reader,
        )
        .limit(limit)
    )


def styles(ids: list[int]) -> Select[int, int, bytes, int]:
    """(id, form, W+, layers) of creatures."""
    columns = (CreatureRow.id, CreatureRow.w_form, CreatureRow.w_plus, CreatureRow.layers)
    return select(*columns).where(CreatureRow.id.in_(ids))


def _decoded(form: int, packed: bytes, layers: int) -> npt.NDArray[np.float32]:
    try:
        return decode_w_plus(form, packed, layers)
    except ValueError:
        return np.empty((0, 0), np.float32)
