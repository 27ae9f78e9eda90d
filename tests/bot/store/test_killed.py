"""SIGKILL at random moments in a storm of saves: what was acknowledged is there, and nothing by halves."""

from __future__ import annotations

import random
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pytest

from bot.store import Store
from tests import forked

from .conftest import CHECKPOINT
from .storm import LITTER, storm

SAVES = 6  # before a kill, at most
LITTERS_A_STORM = 1_000_000  # numbers that each storm has for itself

Saved = tuple[int, str, int]  # id, name, litter


class Storms:
    """Starts storms on one database and kills them; keeps what they acknowledged."""

    def __init__(self, database: Path) -> None:
        self.database = database
        self.acknowledged: list[Saved] = []
        self._context = forked.context()

    def kill_one(self, number: int, saves: int, delay_s: float) -> None:
        """Kills it that long after so many saves."""
        ours, theirs = self._context.Pipe(duplex=False)
        arguments = (self.database, theirs, number * LITTERS_A_STORM)
        process = self._context.Process(target=storm, args=arguments)
        process.start()
        theirs.close()
        told = [ours.recv() for _ in range(saves + 1)]
        time.sleep(delay_s)  # anywhere within a transaction
        process.kill()
        process.join()
        with suppress(EOFError, OSError):
            while True:
                told.append(ours.recv())
        self.acknowledged += told[1:]

    def check(self, since: int) -> None:
        """The database opens; what was acknowledged after the first `since` saves is there, whole."""
        with closing(sqlite3.connect(self.database)) as connection:
            assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
            for creature_id, name, litter in self.acknowledged[since:]:
                query = (
                    "SELECT name, name_key, saved_at IS NOT NULL, png, noise_seed FROM creatures WHERE id = ?"
                )
                row = connection.execute(query, (creature_id,)).fetchone()
                assert row == (name, name.lower(), 1, b"picture %d" % litter, litter)

    def check_all(self) -> None:
        """The same for all, thoroughly, and that nothing is there by halves."""
        self.check(since=0)
        with closing(sqlite3.connect(self.database)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
            litters = connection.execute(
                "SELECT count(*), count(name) FROM creatures GROUP BY noise_seed"
            ).fetchall()
            assert {size for size, _ in litters} == {LITTER}
            assert {named for _, named in litters} <= {0, 1}
            halves = "SELECT count(*) FROM creatures WHERE (name IS NULL) <> (saved_at IS NULL)"
            assert connection.execute(halves).fetchone() == (0,)


@pytest.mark.parametrize("kills", [10, pytest.param(100, marks=pytest.mark.slow)])
async def test_kills_in_a_storm_of_saves_lose_nothing_that_was_acknowledged(
    database: Path, kills: int
) -> None:
    store = await Store.open(database)
    await store.checkpoints.register(CHECKPOINT, "checkpoints/newmon.safetensors", {})
    await store.close()
    storms, chance = Storms(database), random.Random(4)
    for number in range(kills):
        known = len(storms.acknowledged)
        storms.kill_one(number, saves=chance.randint(0, SAVES), delay_s=chance.uniform(0, 0.02))
        storms.check(known)
    assert len(storms.acknowledged) > kills
    storms.check_all()

    store = await Store.open(database)  # and the next process goes on
    creature_id, name, litter = storms.acknowledged[-1]
    creature = await store.creatures.get(creature_id)
    assert creature is not None and creature.name == name
    assert (creature.w_plus == np.float32(litter)).all()
    await store.close()
