"""Addresses of PostgreSQL servers: what follows the question mark, and what is said of wrong ones."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator

import asyncpg
import pytest

from bot.store import Store, StoreError
from bot.store.address import describe, parse_target
from tests.bot.clusters import PASSWORD, Cluster, free_port

pytestmark = pytest.mark.postgres
IMPATIENT_S = 1.0


@pytest.fixture(scope="module")
def name(cluster: Cluster) -> Iterator[str]:
    """Of a database."""
    name = cluster.create()
    yield name
    cluster.drop(name)


async def refusal(address: str) -> str:
    with pytest.raises(StoreError) as error:
        await Store.open(address, timeout_s=IMPATIENT_S)
    sentence = str(error.value)
    assert sentence.endswith(".") and "\n" not in sentence and "asyncpg" not in sentence
    assert PASSWORD not in sentence and PASSWORD.replace(" ", "%20") not in sentence
    return sentence


async def opens(address: str) -> None:
    await (await Store.open(address)).close()


@pytest.mark.parametrize(
    "options",
    [
        *("?sslmode=prefer", "?sslmode=disable", "?ssl=false", "?connect_timeout=20", "?application_name=x"),
        *("?keepalives=1&keepalives_idle=30", "?target_session_attrs=read-write", "?search_path=public"),
        "?statement_timeout=20000&options=-c%20work_mem%3D8MB",
    ],
)
async def test_parameters_mean_what_they_mean_to_psql(cluster: Cluster, name: str, options: str) -> None:
    await opens(cluster.url(name, options=options))


async def test_who_logs_in_may_stand_among_the_parameters(cluster: Cluster, name: str) -> None:
    login = f"user=newmon&password={PASSWORD.replace(' ', '%20')}"
    address = f"postgresql:///{name}?host=127.0.0.1&port={cluster.port}&{login}"
    await opens(address)
    assert "password" not in describe(parse_target(address)) and "secret" not in describe(
        parse_target(address)
    )


async def test_of_several_servers_the_one_that_is_there_is_taken(cluster: Cluster, name: str) -> None:
    login = f"user=newmon&password={PASSWORD.replace(' ', '%20')}"
    ports = f"{free_port()},{cluster.port}"
    await opens(f"postgresql:///{name}?host=127.0.0.1,127.0.0.1&port={ports}&{login}")


async def test_what_asks_for_more_safety_than_there_is_is_said(
    cluster: Cluster, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        await opens(cluster.url(name, options="?channel_binding=require"))
    assert "asks for channel_binding" in caplog.text and PASSWORD not in caplog.text


async def test_settings_that_the_address_has_are_its_own(cluster: Cluster, name: str) -> None:
    for options, expected in (("", "10s"), ("?statement_timeout=20000", "20s")):
        store = await Store.open(cluster.url(name, options=options))
        async with store.database.engine.connect() as connection:
            shown = (await connection.exec_driver_sql("SHOW statement_timeout")).scalar()
        await store.close()
        assert shown == expected


async def test_a_missing_database_is_named(cluster: Cluster) -> None:
    sentence = await refusal(cluster.url("nowhere"))
    assert "no database called as in" in sentence and "/nowhere: create it with `createdb`" in sentence


async def test_a_missing_role_and_a_wrong_password_are_one_sentence(cluster: Cluster, name: str) -> None:
    for wrong in (("newmon:", "nobody:"), (PASSWORD.replace(" ", "%20"), "guess")):
        assert "does not let newmon in" in await refusal(cluster.url(name).replace(*wrong, 1))


async def test_no_connection_left_is_one_sentence(cluster: Cluster, name: str) -> None:
    cluster.sql("CREATE ROLE crowded LOGIN PASSWORD 'x' CONNECTION LIMIT 1")
    address = cluster.url(name).partition("@")[2]
    address = f"postgresql://crowded:x@{address}"
    there = await asyncpg.connect(address)
    try:
        assert "has no connection left: raise its max_connections" in await refusal(address)
    finally:
        await there.close()
        cluster.sql("DROP ROLE crowded")


async def test_no_right_to_make_tables_is_one_sentence(cluster: Cluster) -> None:
    empty = cluster.create()
    cluster.sql("CREATE ROLE guest LOGIN PASSWORD 'x'")
    try:
        guest = f"postgresql://guest:x@{cluster.url(empty).partition('@')[2]}"
        assert "let its role own the database" in await refusal(guest)
    finally:
        cluster.sql(f'DROP DATABASE "{empty}"', "DROP ROLE guest")


async def test_a_server_that_takes_only_reads_is_one_sentence(cluster: Cluster, name: str) -> None:
    sentence = await refusal(cluster.url(name, options="?default_transaction_read_only=on"))
    assert "can only be read: give the address of the server that takes writes" in sentence


async def test_another_encoding_is_one_sentence(cluster: Cluster) -> None:
    cluster.sql("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    assert "as it is encoded in LATIN1" in await refusal(cluster.url("latin"))
    cluster.drop("latin")


async def test_another_programs_database_is_left_alone(cluster: Cluster) -> None:
    other = cluster.create()
    cluster.sql("CREATE TABLE bookmarks (url text)", database=other)
    assert "belongs to another program: choose another one" in await refusal(cluster.url(other))
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    assert cluster.sql(tables, database=other) == ["bookmarks"]
    cluster.drop(other)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("?sslmode=perhaps", "is wrong: check its parameters"),
        ("?sslmode=verify-full&sslrootcert=/nowhere/root.crt", "is wrong: check its parameters"),
        ("?sslmode=require", "cannot be reached"),  # the server speaks no TLS
        ("?nonsense=1", "does not know a parameter in the address"),
        ("?statement_timeout=soon", "does not know a parameter in the address"),
    ],
)
async def test_parameters_that_do_not_do_are_one_sentence(
    cluster: Cluster, name: str, options: str, says: str
) -> None:
    assert says in await refusal(cluster.url(name, options=options))


async def test_a_server_that_is_not_there_is_one_sentence(cluster: Cluster, name: str) -> None:
    assert "cannot be reached" in await refusal(cluster.url(name, port=free_port()))
    assert "cannot be reached" in await refusal("postgresql://newmon@nowhere.invalid/newmon")
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # takes connections and says nothing
        assert "cannot be reached" in await refusal(cluster.url(name, port=deaf.getsockname()[1]))
