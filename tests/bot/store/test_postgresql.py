"""What a PostgreSQL server may do to a store: break, hang, restart, fill up. Nothing is lost or twice."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import asyncpg
import pytest
import pytest_asyncio

from bot.store import Creature, Store, StoreError
from bot.store.database import utc_now
from bot.store.sentences import UNAVAILABLE, UNSURE
from tests.bot.clusters import AMERICAN, Cluster
from tests.bot.sockets import TcpProxy

from .conftest import ANN, CHECKPOINT, SERVER, Clock, hatch, hatching, saved

pytestmark = pytest.mark.postgres

IMPATIENT_S = 1.0  # for a transaction, where a test waits for its end
WATCHDOG_S = 60.0  # what would hang without end is given up after that
_BLOCKED = "FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = '{name}'"
BLOCKED = f"SELECT count(*) {_BLOCKED}"
CUT = f"SELECT pg_terminate_backend(pid) {_BLOCKED}"


@pytest.fixture(scope="module")
def server(cluster: Cluster) -> Iterator[Cluster]:
    """A server of this file's own, which may come to harm."""
    own = Cluster()
    own.start()
    yield own
    own.remove()


@pytest.fixture
def name(server: Cluster) -> Iterator[str]:
    """Of a database there."""
    name = server.create(AMERICAN)
    yield name
    server.drop(name)


@asynccontextmanager
async def opened(
    address: str, timeout_s: float = IMPATIENT_S, now: Callable[[], datetime] = utc_now
) -> AsyncIterator[Store]:
    """A store that has all the connections that it may have."""
    async with asyncio.timeout(WATCHDOG_S):
        store = await Store.open(address, timeout_s=timeout_s, now=now)
        try:
            await store.checkpoints.register(CHECKPOINT, "there", {})
            await asyncio.gather(*(store.collection.suggest(ANN, SERVER, "") for _ in range(5)))
            yield store
        finally:
            await store.close()


@pytest_asyncio.fixture
async def store(server: Cluster, name: str, clock: Clock) -> AsyncIterator[Store]:
    async with opened(server.url(name), timeout_s=30, now=clock) as store:
        yield store


@pytest_asyncio.fixture
async def other(server: Cluster, name: str) -> AsyncIterator[asyncpg.Connection]:
    """Another program's connection to the same database."""
    connection = await asyncpg.connect(server.url(name))
    yield connection
    connection.terminate()


async def number(other: asyncpg.Connection, query: str) -> int:
    found = await other.fetchval(query)
    assert isinstance(found, int)
    return found


async def until(other: asyncpg.Connection, name: str, blocked: int) -> None:
    """Waits until so many transactions wait for a lock."""
    while await number(other, BLOCKED.format(name=name)) < blocked:
        continue


async def rows(other: asyncpg.Connection) -> int:
    return await number(other, "SELECT count(*) FROM creatures")


async def test_connections_that_are_cut_in_a_request_cost_nothing(
    server: Cluster, name: str, store: Store, other: asyncpg.Connection
) -> None:
    """Hatching, saving and releasing are done on other connections, and once."""
    kept, unsaved = await saved(store, "Kept"), await hatch(store)
    async with other.transaction():
        await other.execute("LOCK TABLE creatures IN EXCLUSIVE MODE")
        work = asyncio.gather(
            store.creatures.add([hatching(), hatching()]),
            store.creatures.save(unsaved.id, ANN, "Saved", SERVER),
            store.creatures.release(kept.id, ANN),
        )
        await until(other, name, blocked=3)
        assert len(server.sql(CUT.format(name=name))) == 3
    added, named, released = await work
    assert (len(added), named.name, released.name) == (2, "Saved", "Kept")
    assert await rows(other) == 3


async def test_what_is_cut_in_its_commit_is_not_said_to_be_undone(
    server: Cluster, name: str, store: Store, other: asyncpg.Connection
) -> None:
    await other.execute(
        "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END $$;"
        "CREATE CONSTRAINT TRIGGER waits AFTER INSERT ON creatures DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION wait()"
    )
    async with other.transaction():
        await other.execute("SELECT pg_advisory_xact_lock(1)")
        adding = asyncio.create_task(store.creatures.add([hatching()]))
        await until(other, name, blocked=1)
        server.sql(CUT.format(name=name))
        with pytest.raises(StoreError) as refusal:
            await adding
    assert str(refusal.value) == UNSURE
    assert await rows(other) == 0
    assert len(await store.creatures.add([hatching()])) == await rows(other) == 1


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
async def test_a_server_that_restarts_is_not_noticed_afterwards(
    server: Cluster, name: str, store: Store, how: signal.Signals
) -> None:
    """Whether it stops in order or crashes."""
    kept = await saved(store, "Kept")
    await asyncio.to_thread(server.restart, how)
    again = await asyncio.gather(*(store.creatures.get(kept.id) for _ in range(5)))
    assert all(one is not None and one.name == "Kept" for one in again)
    assert (await saved(store, "Next")).name == "Next"


async def test_a_server_that_is_gone_is_a_sentence_until_it_is_back(
    server: Cluster, name: str, store: Store
) -> None:
    kept = await saved(store, "Kept")
    await asyncio.to_thread(server.stop)
    try:
        for _ in range(2):
            for wish in (store.creatures.add([hatching()]), store.creatures.get(kept.id)):
                with pytest.raises(StoreError) as refusal:
                    await wish
                assert str(refusal.value) == UNAVAILABLE
        with pytest.raises(StoreError, match="cannot be reached: check its address"):
            await Store.open(server.url(name))
    finally:
        await asyncio.to_thread(server.start)
    assert len(await store.creatures.add([hatching()])) == 1
    assert await store.collection.count(ANN) == 1


async def test_a_server_that_freezes_holds_nobody_up(server: Cluster, name: str) -> None:
    """Neither a crowd, nor whoever stops the bot or starts one. Once it goes on, nothing is there twice."""
    async with opened(server.url(name)) as store, opened(server.url(name)) as closed_meanwhile:
        kept = await saved(store, "Kept")
        server.signal_all(signal.SIGSTOP)
        try:
            wishes = [store.creatures.add([hatching()]) for _ in range(10)]
            names = [store.creatures.rename(kept.id, ANN, f"Kept {i}") for i in range(10)]
            refused = await asyncio.gather(*wishes, *names, return_exceptions=True)
            assert all(isinstance(one, StoreError) for one in refused), refused
            assert {str(one) for one in refused} <= {UNAVAILABLE, UNSURE}
            with pytest.raises(StoreError, match="cannot be reached"):
                await Store.open(server.url(name), timeout_s=IMPATIENT_S)
            await closed_meanwhile.close()
        finally:
            server.signal_all(signal.SIGCONT)
        assert (await store.creatures.rename(kept.id, ANN, "Thawed")).name == "Thawed"
        before = int(server.sql("SELECT count(*) FROM creatures", database=name)[0])
        assert len(await store.creatures.add([hatching()])) == 1
        assert int(server.sql("SELECT count(*) FROM creatures", database=name)[0]) == before + 1


async def test_half_open_sockets_of_a_failover_cost_one_sentence(server: Cluster, name: str) -> None:
    """All pooled connections are dead, and nobody was told: the second request works already."""
    async with (
        TcpProxy(server.port) as proxy,
        opened(server.url(name, port=proxy.port)) as store,
    ):
        kept = await saved(store, "Kept")
        proxy.fall_silent()
        with pytest.raises(StoreError) as refusal:
            await store.creatures.set_favourite(kept.id, ANN, True)
        assert str(refusal.value) == UNAVAILABLE
        again = await asyncio.gather(*(store.creatures.set_favourite(kept.id, ANN, True) for _ in range(5)))
        assert all(one.favourite for one in again)
        proxy.fall_silent()  # and the last ones do not keep anybody from stopping


async def test_a_server_that_takes_only_reads_is_left_for_another(server: Cluster, name: str) -> None:
    """As a standby does whose primary took over: the next connection may lead to the right one."""
    async with opened(server.url(name)) as store:
        server.sql(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
        server.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        with pytest.raises(StoreError, match="cannot be written, nothing was changed"):
            await store.creatures.add([hatching()])
        server.sql(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
        assert len(await store.creatures.add([hatching()])) == 1


async def test_a_full_disk_is_a_sentence_and_loses_nothing(cluster: Cluster, clock: Clock) -> None:
    megabyte, page = 2**20, 8192
    small = Cluster(largest_file=4 * megabyte + page // 2)
    small.start()
    try:
        async with opened(small.url(small.create())) as store:
            kept = await saved(store, "Kept")
            picture = random.Random(1).randbytes(megabyte)  # which no database makes smaller
            with pytest.raises(StoreError, match="The disk is full, nothing was changed"):
                for _ in range(10):
                    await store.creatures.add([hatching(png=picture)])
            found = await store.creatures.get(kept.id)
            assert found is not None and found.name == "Kept"
            assert (await store.creatures.rename(kept.id, ANN, "Still")).name == "Still"
    finally:
        small.remove()


@pytest.mark.parametrize("state", ["40P01", "40001"])
async def test_one_of_two_that_block_each_other_goes_again(
    store: Store, other: asyncpg.Connection, state: str
) -> None:
    """The server chooses one and undoes it: a deadlock, or a serialization failure."""
    kept = await saved(store, "Kept")
    await other.execute(
        f"""
        CREATE SEQUENCE attempts;
        CREATE FUNCTION undo_first() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF nextval('attempts') = 1 THEN RAISE EXCEPTION 'undone' USING ERRCODE = '{state}'; END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER undoes BEFORE INSERT OR UPDATE ON creatures
            FOR EACH STATEMENT EXECUTE FUNCTION undo_first()
        """
    )
    assert (await store.creatures.rename(kept.id, ANN, "Renamed")).name == "Renamed"
    await other.execute("ALTER SEQUENCE attempts RESTART")
    assert len(await store.creatures.add([hatching()])) == 1
    assert await rows(other) == 2


async def test_what_has_a_child_that_is_being_born_is_not_forgotten(
    store: Store, clock: Clock, other: asyncpg.Connection
) -> None:
    old, parent = await hatch(store), await hatch(store)
    clock.advance(timedelta(days=2))
    child = await hatch(store)
    async with other.transaction():
        await other.execute("UPDATE creatures SET parent_a_id = $1 WHERE id = $2", parent.id, child.id)
        assert await store.creatures.prune(timedelta(days=1)) == 1  # does not wait for it, either
    assert await store.creatures.prune(timedelta(days=1)) == 0
    assert await store.creatures.get(old.id) is None and await store.creatures.get(parent.id) is not None


async def test_of_many_in_several_processes_one_brings_a_checkpoint_into_use(
    server: Cluster, name: str, store: Store
) -> None:
    """Each has connections of its own, as several bots do."""
    ids = [f"{i:016x}" for i in range(12)]
    for one in ids:
        await store.checkpoints.register(one, "there", {})
    await store.checkpoints.promote(CHECKPOINT)
    others = [await Store.open(server.url(name), pool_size=2) for _ in range(4)]
    for round_ in range(3):
        active = await store.checkpoints.active()
        assert active is not None
        wins = await asyncio.gather(
            *(
                others[i % 4].checkpoints.promote(one, expected=active.checkpoint_id)
                for i, one in enumerate(ids)
                if one != active.checkpoint_id
            )
        )
        assert wins.count(True) == 1, (round_, wins)
    for one in others:
        await one.close()


async def test_a_save_in_several_processes_is_done_once(server: Cluster, name: str, store: Store) -> None:
    others = [await Store.open(server.url(name), pool_size=2) for _ in range(3)]
    creature = await hatch(store)
    results = await asyncio.gather(
        *(others[i % 3].creatures.save(creature.id, ANN, f"Mon {i}", SERVER) for i in range(12)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Creature) for one in results) == 1
    for one in others:
        await one.close()
