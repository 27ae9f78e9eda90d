"""How long people have to wait who hatched a lot: kept, so that a restart forgives nobody."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import delete, select

from bot.store import queries
from bot.store.database import Database, retried
from bot.store.models import CooldownRow


class Cooldowns:
    """When each person's allowance is full again, in seconds since 1970; who is not there has a full one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @retried
    async def load(self) -> dict[int, float]:
        """All that are not full yet."""
        waiting = select(CooldownRow).where(CooldownRow.full_at > self._database.now())
        async with self._database.reading() as session:
            return {row.user_id: row.full_at.timestamp() for row in await session.scalars(waiting)}

    @retried
    async def keep(self, full_at: Mapping[int, float]) -> None:
        """Notes these, and forgets those that are full."""
        rows = [
            {"user_id": user_id, "full_at": datetime.fromtimestamp(time_s, UTC)}
            for user_id, time_s in full_at.items()
        ]
        over = delete(CooldownRow).where(CooldownRow.full_at <= self._database.now())
        async with self._database.writing() as session:
            if rows:
                await session.execute(queries.put_cooldown(self._database.engine.dialect.name), rows)
            await session.execute(over.execution_options(synchronize_session=False))
