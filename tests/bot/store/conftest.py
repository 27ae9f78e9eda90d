"""A store on a real database of either kind, and creatures to put into it."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from sqlalchemy import CompoundSelect, Select
from sqlalchemy.dialects import sqlite

from bot.store import Creature, Hatch, NewCreature, Store
from tests.bot.conftest import KINDS, SQLITE

CHECKPOINT = "0123456789abcdef"
ANN, BOB, CLEO = 101, 102, 103
SERVER, ELSEWHERE, CHANNEL = 201, 202, 301
PNG = b"\x89PNG\r\n\x1a\n\x00picture"


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.time = datetime(2025, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def advance(self, by: timedelta) -> None:
        self.time += by


def w_plus(seed: int = 0) -> np.ndarray:
    """float32 [10, 512]"""
    return np.random.default_rng(seed).standard_normal((10, 512)).astype(np.float32)


def hatching(owner_id: int = ANN, **changes: Any) -> NewCreature:
    """With `seed`, `psi` and `seed_text` it hatched from that seed."""
    seed, psi, words = (changes.pop(name, None) for name in ("seed", "psi", "seed_text"))
    if seed is not None:
        changes["recipe"] = Hatch(seed, psi, words)
    values: dict[str, Any] = {
        "owner_id": owner_id,
        "guild_id": SERVER,
        "channel_id": CHANNEL,
        "w_plus": w_plus(),
        "noise_seed": 7,
        "png": PNG,
        "checkpoint_id": CHECKPOINT,
    }
    return NewCreature(**(values | changes))


async def hatch(store: Store, owner_id: int = ANN, **changes: Any) -> Creature:
    [creature] = await store.creatures.add([hatching(owner_id, **changes)])
    return creature


async def saved(store: Store, name: str, owner_id: int = ANN, **changes: Any) -> Creature:
    creature = await hatch(store, owner_id, **changes)
    return await store.creatures.save(creature.id, owner_id, name, creature.guild_id)


def ten_thousand(database: Path) -> None:
    """As many saved creatures, Ann's (odd) and Bob's in turn, every third a favourite, a second apart."""
    start = datetime(2025, 1, 1)
    rows = [
        (f"{i:06x}", ANN if i % 2 else BOB, SERVER, f"Mon {i}", f"mon {i}", CHECKPOINT, str(when), i % 3 == 0)
        for i in range(10_000)
        for when in [start + timedelta(seconds=i, microseconds=1)]
    ]
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.executemany(
            "INSERT INTO creatures (code, owner_id, owner_name, guild_id, channel_id, name, name_key,"
            " noise_seed, layers, checkpoint_id, created_at, saved_at, favourite, w_plus, png)"
            " VALUES (?1, ?2, 'x', ?3, 1, ?4, ?5, 1, 1, ?6, ?7, ?7, ?8, x'00000000', x'00')",
            rows,
        )


def plan(database: Path, statement: Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]]) -> list[str]:
    """How SQLite goes about it, step by step."""
    sql = statement.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    with closing(sqlite3.connect(database)) as connection:
        return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}")]


@pytest.fixture
def clock() -> Clock:
    return Clock()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What concerns a store is tested on each kind of database; with the file `database`, on SQLite alone."""
    if "kind" in metafunc.fixturenames:
        metafunc.parametrize("kind", [SQLITE] if "database" in metafunc.fixturenames else KINDS)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """The file of an SQLite database."""
    return tmp_path / "newmon.db"


@pytest.fixture
def target(kind: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a database of that kind with nothing in it."""
    if kind == SQLITE:
        yield str(request.getfixturevalue("tmp_path") / "newmon.db")
        return
    address = request.getfixturevalue("new_database")(kind)
    yield address
    request.getfixturevalue("cluster").drop(address.rpartition("/")[2])


@pytest.fixture
def empty(kind: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a database of that kind without any table."""
    if kind == SQLITE:
        yield str(request.getfixturevalue("tmp_path") / "newmon.db")
        return
    cluster = request.getfixturevalue("cluster")
    name = cluster.create(kind)
    yield cluster.url(name)
    cluster.drop(name)


@pytest_asyncio.fixture
async def store(target: str, clock: Clock) -> AsyncIterator[Store]:
    store = await Store.open(target, busy_timeout_s=30, now=clock)
    await store.checkpoints.register(CHECKPOINT, "checkpoints/newmon.safetensors", {"kimg": "500"})
    yield store
    await store.close()


def contents(database: Path) -> dict[str, list[tuple[object, ...]]]:
    """The schema and every row."""
    with closing(sqlite3.connect(database)) as connection:
        schema = connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
        tables = [name for name, sql in schema if sql and sql.startswith("CREATE TABLE")]
        return {"schema": schema} | {t: connection.execute(f"SELECT * FROM {t}").fetchall() for t in tables}
