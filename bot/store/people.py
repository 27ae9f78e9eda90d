"""What people are called, in one place, so that a new name is shown with everything that they ever did.

Creatures hold their owner's id. A name is kept for each server, where people may call themselves otherwise,
and one for everywhere else. Rows that earlier versions wrote hold names too, which nothing reads any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from bot.store import queries
from bot.store.codec import storable
from bot.store.database import Database, retried
from bot.store.models import PersonRow

EVERYWHERE = 0  # in place of a server's id: what somebody is called where they have no name of its own
SEEN_AGAIN = timedelta(days=1)  # how old a note of an unchanged name may get while its person is around
_KNOWN_MAX = 50_000  # notes that are remembered, so that most interactions write nothing


class People:
    """Names of people. They share transactions with creatures that are kept at the same time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[tuple[int, int], tuple[datetime, str]] = {}  # (person, server) → (seen at, name)

    async def note(self, user_id: int, names: Mapping[int, str], at: datetime) -> None:
        """Notes what somebody is called, by server (`EVERYWHERE` for no server in particular).

        `at` is when the interaction that said so began, by Discord's clock: an older one changes nothing.
        Writes only what is new, and once a day that it is still so.
        """
        news = {server: storable(name) for server, name in names.items()}
        news = {server: name for server, name in news.items() if self._is_news((user_id, server), name, at)}
        if not news:
            return
        await self._database.insert(
            lambda: [
                PersonRow(user_id=user_id, guild_id=i, name=name, seen_at=at) for i, name in news.items()
            ]
        )
        if len(self._known) + len(news) > _KNOWN_MAX:
            self._known.clear()
        for server, name in news.items():
            key = (user_id, server)
            self._known[key] = max(self._known.get(key, (at, name)), (at, name))

    def forget_notes(self, user_id: int) -> None:
        """Remembers no more what was noted of somebody, so that the next note is written."""
        self._known = {key: note for key, note in self._known.items() if key[0] != user_id}

    def _is_news(self, key: tuple[int, int], name: str, at: datetime) -> bool:
        if key not in self._known:
            return True
        seen_at, known = self._known[key]
        return at > seen_at and (name != known or at - seen_at >= SEEN_AGAIN)

    @retried
    async def name(self, user_id: int, guild_id: int | None) -> str:
        """What somebody is called in a server, or elsewhere (None); "" where nobody knows."""
        async with self._database.reading() as session:
            return (await names_in(session, [user_id], guild_id)).get(user_id, "")


async def names_in(session: AsyncSession, user_ids: Iterable[int], guild_id: int | None) -> dict[int, str]:
    """By their ids, what people are called in a server, or elsewhere (None), as far as that is known."""
    servers = {EVERYWHERE, guild_id or EVERYWHERE}
    found = await session.execute(queries.names(set(user_ids), servers))
    return {user_id: name for user_id, name in found}  # of two, the server's comes last and stays
