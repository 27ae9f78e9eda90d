"""SIGKILL at random moments in a storm of saves: what was acknowledged is there, and nothing by halves."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from bot.store import Store, migrate
from bot.store.address import parse_target
from tests import forked

from .conftest import CHECKPOINT
from .storm import LITTER, storm

SAVES = 6  # before a kill, at most
LITTERS_A_STORM = 1_000_000  # numbers that each storm has for itself

Saved = tuple[int, str, int]  # id, name, litter


class Storms:
    """Starts storms on one database and kills them; keeps what they acknowledged."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.acknowledged: list[Saved] = []
        self._context = forked.context()

    def kill_one(self, number: int, saves: int, delay_s: float) -> None:
        """Kills it that long after so many saves."""
        ours, theirs = self._context.Pipe(duplex=False)
        arguments = (self.target, theirs, number * LITTERS_A_STORM)
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
        if "://" not in self.target:
            assert self._rows("PRAGMA quick_check") == [("ok",)]
        kept = {
            creature_id: row
            for creature_id, *row in self._rows(
                "SELECT id, name, name_key, saved_at IS NOT NULL, png, noise_seed FROM creatures"
            )
        }
        for creature_id, name, litter in self.acknowledged[since:]:
            assert kept[creature_id] == [name, name.lower(), True, b"picture %d" % litter, litter]

    def check_all(self) -> None:
        """The same for all, thoroughly, and that nothing is there by halves."""
        self.check(since=0)
        if "://" not in self.target:
            assert self._rows("PRAGMA integrity_check") == [("ok",)]
            assert self._rows("PRAGMA foreign_key_check") == []
        litters = self._rows("SELECT count(*), count(name) FROM creatures GROUP BY noise_seed")
        assert {size for size, _ in litters} == {LITTER}
        assert {named for _, named in litters} <= {0, 1}
        halves = "SELECT count(*) FROM creatures WHERE (name IS NULL) <> (saved_at IS NULL)"
        assert self._rows(halves) == [(0,)]

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = []
        migrate.in_transaction(
            parse_target(self.target), lambda one: found.extend(map(tuple, one.execute(text(query))))
        )
        return found


@pytest.mark.parametrize("kills", [10, pytest.param(100, marks=pytest.mark.slow)])
async def test_kills_in_a_storm_of_saves_lose_nothing_that_was_acknowledged(target: str, kills: int) -> None:
    store = await Store.open(target)
    await store.checkpoints.register(CHECKPOINT, "checkpoints/newmon.safetensors", {})
    await store.close()
    storms, chance = Storms(target), random.Random(4)
    for number in range(kills):
        known = len(storms.acknowledged)
        storms.kill_one(number, saves=chance.randint(0, SAVES), delay_s=chance.uniform(0, 0.02))
        await asyncio.to_thread(storms.check, known)
    assert len(storms.acknowledged) > kills
    await asyncio.to_thread(storms.check_all)

    store = await Store.open(target)  # and the next process goes on
    creature_id, name, litter = storms.acknowledged[-1]
    creature = await store.creatures.get(creature_id)
    assert creature is not None and creature.name == name
    assert (creature.w_plus == np.float32(litter)).all()
    await store.close()
