"""A PostgreSQL database of an earlier version is brought up with all that is in it, and goes back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from bot.store import Store, StoreError, migrate
from bot.store.address import parse_target
from tests.bot.clusters import AMERICAN, Cluster

from .conftest import ANN, CHECKPOINT, SERVER, hatch

pytestmark = pytest.mark.postgres

EARLIER = [f"{i:04d}" for i in range(1, int(str(migrate.present_revision())))]
CHECKPOINTS = f"""
INSERT INTO checkpoints (id, path, metadata, registered_at) VALUES
    ('{CHECKPOINT}', 'x', '{{}}', '2025-01-01Z'), ('older', 'x', '{{}}', '2024-01-01Z'),
    ('newer', 'x', '{{}}', '2026-01-01Z')
"""
CREATURE = f"""
INSERT INTO creatures (id, code, owner_id, owner_name, guild_id, channel_id, name, name_key, noise_seed,
    layers, checkpoint_id, created_at, saved_at, w_plus, png)
VALUES (7, 'aaaaaa', {ANN}, 'Ann', {SERVER}, 1, 'Foo', 'foo', 5, 2, '{CHECKPOINT}', '2025-01-01Z',
    '2025-01-01Z', '\\x0000803f00000040', '\\x89')
"""
NUMBERS = "UPDATE checkpoints SET number = extract(year FROM registered_at)"
KEPT = "SELECT id, code, name, name_key, saved_at, checkpoint_id, encode(w_plus, 'hex') FROM creatures"


@pytest.fixture
def name(cluster: Cluster) -> Iterator[str]:
    """Of a database without any table."""
    name = cluster.create(AMERICAN)
    yield name
    cluster.drop(name)


@pytest.mark.parametrize("revision", EARLIER)
async def test_every_earlier_version_is_brought_up_and_goes_back(
    cluster: Cluster, name: str, revision: str
) -> None:
    url = parse_target(cluster.url(name))
    await asyncio.to_thread(migrate.upgrade, url, revision=revision)
    numbers = [NUMBERS] if revision >= "0005" else []
    cluster.sql(CHECKPOINTS, CREATURE, *numbers, database=name)
    before = cluster.sql(KEPT, database=name)
    store = await Store.open(cluster.url(name))
    creature = await store.collection.find(ANN, SERVER, "aaaaaa")
    assert (creature.id, creature.name, creature.w_plus.tolist()) == (7, "Foo", [[1.0], [2.0]])
    assert [one.id for one in await store.checkpoints.newest()] == ["newer", CHECKPOINT, "older"]
    assert (await hatch(store)).id > 7
    await store.close()
    await asyncio.to_thread(migrate.downgrade, url, revision)
    assert cluster.sql(f"{KEPT} WHERE id = 7", database=name) == before
    await (await Store.open(cluster.url(name))).close()


async def test_a_migration_that_fails_leaves_the_database_as_it_was(cluster: Cluster, name: str) -> None:
    """Here because another program has a table of that name since."""
    url = parse_target(cluster.url(name))
    await asyncio.to_thread(migrate.upgrade, url, revision="0002")
    cluster.sql(CHECKPOINTS, CREATURE, "CREATE TABLE people (id int)", database=name)
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
    before = cluster.sql(KEPT, database=name), cluster.sql(tables, database=name)
    with pytest.raises(StoreError):
        await Store.open(cluster.url(name))
    assert (cluster.sql(KEPT, database=name), cluster.sql(tables, database=name)) == before
    cluster.sql("DROP TABLE people", database=name)
    await (await Store.open(cluster.url(name))).close()


async def test_whoever_stops_waiting_for_a_migration_stops_it(cluster: Cluster, name: str) -> None:
    """As a bot that is told to stop while another one migrates: it does not wait for its turn."""
    holding = f"SELECT pg_advisory_lock({migrate.MIGRATING})"
    blocked = f"SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = '{name}'"
    held = await asyncio.create_subprocess_exec(
        *cluster.psql(name), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert held.stdin is not None and held.stdout is not None
    held.stdin.write(f"{holding}; SELECT 'held';\n".encode())
    while b"held" not in await held.stdout.readline():
        continue
    opening = asyncio.create_task(Store.open(cluster.url(name)))
    while cluster.sql(blocked) != ["1"]:
        await asyncio.to_thread(cluster.sql, "SELECT 1")
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    held.stdin.close()
    await held.wait()
    assert cluster.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", database=name) == ["0"]
    await (await Store.open(cluster.url(name))).close()
