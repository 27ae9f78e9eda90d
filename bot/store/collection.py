"""The collection: finding saved creatures by what people type, and listing them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

from bot.errors import N_
from bot.store import listing, queries
from bot.store.codes import parse_code
from bot.store.database import Database, retried
from bot.store.errors import AmbiguousName, NameInvalid, NotFound
from bot.store.models import CreatureRow
from bot.store.names import MAX_LENGTH, clean_name, plain, search_key
from bot.store.people import names_in
from bot.store.records import Creature, Entry, Page, Sort, Suggestion, from_row

_AMBIGUOUS_SHOWN = 5


class Collection:
    """What people saved, as they look at it. Only reads; every method is one short transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @retried
    async def find(self, owner_id: int, guild_id: int | None, text: str) -> Creature:
        """What a person means by `text`: a name of their own, else a code, else a name saved in this server.

        Raises NotFound, or AmbiguousName where several others have a creature of that name.
        """
        key, code = search_key(text), parse_code(text)
        if not key:
            raise NotFound(N_("Please type the name or the code of a creature."))
        async with self._database.reading() as session:
            row = await session.scalar(queries.by_own_name(owner_id, key))
            if row is None and code is not None:
                row = await session.scalar(queries.by_code(code))
            if row is None and guild_id is not None:
                shared = queries.by_server_name(owner_id, guild_id, key, _AMBIGUOUS_SHOWN)
                rows = (await session.scalars(shared)).all()
                if len(rows) > 1:
                    names = await names_in(session, [row.owner_id for row in rows], guild_id)
                    raise _ambiguous(rows, names)
                row = rows[0] if rows else None
        if row is None:
            raise NotFound(
                N_(
                    "There is no creature called “{name}” here: choose one from the list that appears while "
                    "typing, or use the code under a picture."
                ),
                name=plain(text[: 2 * MAX_LENGTH]),
            )
        return from_row(row)

    @retried
    async def suggest(
        self, owner_id: int, guild_id: int | None, text: str, limit: int = 25
    ) -> list[Suggestion]:
        """Saved creatures for what was typed: one's own, then the server's; of each those whose name starts
        with it, then those whose name contains it, alphabetically."""
        async with self._database.reading() as session:
            chosen = listing.suggestions(owner_id, guild_id, search_key(text), limit)
            found = (await session.execute(chosen)).all()
            names = await names_in(session, {owner for _, _, owner in found}, guild_id)
        return [Suggestion(name or "", code, owner, names.get(owner, "")) for name, code, owner in found]

    @retried
    async def count(self, owner_id: int) -> int:
        async with self._database.reading() as session:
            return await session.scalar(listing.count_saved(owner_id)) or 0

    @retried
    async def number_of(self, creature: Creature) -> int | None:
        """Which of its owner's creatures it is, from 1 in the order of saving; None where nobody saved it."""
        if creature.saved_at is None:
            return None
        chosen = listing.count_until(creature.owner_id, creature.saved_at, creature.id)
        async with self._database.reading() as session:
            return await session.scalar(chosen)

    @retried
    async def page(
        self,
        owner_id: int,
        *,
        viewer_id: int,
        guild_id: int | None,
        sort: Sort = "newest",
        number: int = 0,
        size: int = 12,
        kind: str | None = None,
    ) -> Page:
        """A page of somebody's collection; beyond the last, the last. With `kind`, of one type alone.

        People see all of their own. Of somebody else they see what was saved in the server where they look,
        and nothing in a direct message.
        """
        if owner_id != viewer_id and guild_id is None:
            return Page((), 0, 1, 0)
        scope = None if owner_id == viewer_id else guild_id
        async with self._database.reading() as session:
            total = await session.scalar(listing.count_saved(owner_id, scope, kind)) or 0
            pages = max(-(-total // size), 1)
            number = min(max(number, 0), pages - 1)
            chosen = listing.page_ids(owner_id, scope, sort, number * size, size, kind)
            ids = list(await session.scalars(chosen))
            rows = {row.id: row for row in await session.execute(listing.entries(ids))}
        shown = (rows[i] for i in ids if i in rows)
        return Page(tuple(Entry(*row) for row in shown), number, pages, total)

    @retried
    async def partners(self, owner_id: int, of: Creature, limit: int = 25) -> list[tuple[int, str]]:
        """(id, name) of one's own creatures that `of` can be mixed with, newest first."""
        async with self._database.reading() as session:
            found = await session.execute(listing.partners(owner_id, of.checkpoint_id, of.id, limit))
            return [(creature_id, name or "") for creature_id, name in found]

    @retried
    async def free_name(self, owner_id: int, candidates: Sequence[str]) -> str | None:
        """The first of these that may be a name and that the owner has not used yet."""
        keys: dict[str, str] = {}
        for candidate in candidates:
            with suppress(NameInvalid):
                name, key = clean_name(candidate)
                keys.setdefault(key, name)
        async with self._database.reading() as session:
            taken = set(await session.scalars(listing.taken_keys(owner_id, list(keys))))
        return next((name for key, name in keys.items() if key not in taken), None)


def _ambiguous(rows: Sequence[CreatureRow], names: Mapping[int, str]) -> AmbiguousName:
    owned = [(row.code, plain(names.get(row.owner_id, ""))) for row in rows]
    choices = ", ".join(f"{code} ({owner})" if owner else code for code, owner in owned)
    return AmbiguousName(
        N_("Several people here have a creature called {name}, please use its code: {choices}."),
        name=rows[0].name,
        choices=choices,
    )
