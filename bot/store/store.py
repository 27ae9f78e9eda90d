"""All that is kept: creatures, checkpoints, retrains and people, over one database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from bot.store.checkpoints import CheckpointRegistry
from bot.store.collection import Collection
from bot.store.creatures import Creatures
from bot.store.database import Database, utc_now
from bot.store.family import Families
from bot.store.jobs import RetrainJobs
from bot.store.limits import Cooldowns
from bot.store.people import People
from bot.store.personal import PersonalData
from bot.store.readings import Readings


class Store:
    """What the bot remembers. Make one with `Store.open`.

    Any method of its parts may raise StoreError, whose text can be shown; the next call starts afresh.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.creatures = Creatures(database)
        self.collection = Collection(database)
        self.families = Families(database)
        self.checkpoints = CheckpointRegistry(database)
        self.jobs = RetrainJobs(database)
        self.cooldowns = Cooldowns(database)
        self.people = People(database)
        self.personal = PersonalData(database, self.people)
        self.readings = Readings(database)

    @classmethod
    async def open(
        cls,
        target: str | Path,
        *,
        busy_timeout_s: float = 5.0,
        timeout_s: float = 10.0,
        pool_size: int = 5,
        now: Callable[[], datetime] = utc_now,
    ) -> Store:
        """Opens an SQLite file or a database URL, creating it or migrating it as needed.

        `busy_timeout_s` is how long SQLite waits for another program, `timeout_s` how long a PostgreSQL
        server may take for a connection or a transaction. Raises StoreError with a sentence for whoever
        starts the process.
        """
        database = await Database.open(
            target, busy_timeout_s=busy_timeout_s, timeout_s=timeout_s, pool_size=pool_size, now=now
        )
        return cls(database)

    async def close(self) -> None:
        """Lets running transactions end and closes the file."""
        await self.database.close()
