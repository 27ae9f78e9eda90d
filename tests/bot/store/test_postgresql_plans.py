"""Lists among ten thousand creatures are found in indexes on PostgreSQL, too, however the database sorts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Select
from sqlalchemy.dialects import postgresql

from bot.store import SORTS, Sort, listing, migrate, queries
from bot.store.address import parse_target
from bot.store.checkpoints import listed
from tests.bot.clusters import AMERICAN, Cluster

from .conftest import ANN, BOB, CHECKPOINT, SERVER

pytestmark = pytest.mark.postgres

FILL = f"""
INSERT INTO creatures (code, owner_id, owner_name, guild_id, channel_id, name, name_key, noise_seed, layers,
    checkpoint_id, created_at, saved_at, favourite, w_plus, png)
SELECT lpad(to_hex(i), 6, '0'), CASE WHEN i % 2 = 1 THEN {ANN} ELSE {BOB} END, 'x', {SERVER}, 1, 'Mon ' || i,
    'mon ' || i, 1, 1, '{CHECKPOINT}', now(), now() + i * interval '1 second',
    i % 3 = 0, '\\x00000000', '\\x00'
FROM generate_series(0, 9999) AS i
"""


@pytest.fixture(scope="module")
def name(cluster: Cluster) -> Iterator[str]:
    """Of a database with as many saved creatures, Ann's and Bob's in turn."""
    name = cluster.create(AMERICAN)
    migrate.upgrade(parse_target(cluster.url(name)))
    registered = (
        "INSERT INTO checkpoints (id, path, metadata, registered_at)"
        f" VALUES ('{CHECKPOINT}', 'x', '{{}}', now())"
    )
    cluster.sql(registered, FILL, "ANALYZE", "VACUUM creatures", database=name)
    yield name
    cluster.drop(name)


def plan(cluster: Cluster, name: str, statement: Select[*tuple[Any, ...]]) -> list[str]:
    """How PostgreSQL goes about it."""
    sql = statement.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    return cluster.sql(f"EXPLAIN {sql}", database=name)


@pytest.mark.parametrize("guild_id", [None, SERVER])
@pytest.mark.parametrize("sort", SORTS)
def test_a_page_follows_an_index(cluster: Cluster, name: str, sort: Sort, guild_id: int | None) -> None:
    steps = plan(cluster, name, listing.page_ids(ANN, guild_id, sort, 96, 12))
    assert any("Index" in step for step in steps), steps
    assert not any("Seq Scan" in step or "Sort" in step for step in steps), steps


def test_suggestions_are_searched_as_ranges(cluster: Cluster, name: str) -> None:
    steps = plan(cluster, name, listing.suggestions(ANN, SERVER, "mon 12", 25))
    conditions = [step for step in steps if "Index Cond" in step]
    assert any("owner_id" in one and "name_key >= 'mon 12'" in one for one in conditions), steps
    assert any("guild_id" in one and "name_key >= 'mon 12'" in one for one in conditions), steps


@pytest.mark.parametrize(
    "statement",
    [
        queries.by_code("000abc"),
        queries.by_own_name(ANN, "mon 1"),
        queries.by_server_name(ANN, SERVER, "mon 2", 5),
        queries.latest_shown(ANN, 1),
    ],
    ids=["code", "own name", "server's name", "latest shown"],
)
def test_one_is_found_in_an_index(cluster: Cluster, name: str, statement: Select[Any]) -> None:
    steps = plan(cluster, name, statement)
    assert any("Index" in step for step in steps), steps
    assert not any("Seq Scan" in step for step in steps), steps


def test_a_checkpoint_is_found_by_the_start_of_its_id(cluster: Cluster, name: str) -> None:
    found = cluster.sql(
        str(
            listed(CHECKPOINT[:4], 25).compile(
                dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}
            )
        ),
        database=name,
    )
    assert len(found) == 1 and CHECKPOINT in found[0] and "10000" in found[0]
