"""A collection moves to another database: whole, to the byte, also in two goes, and over nobody else's."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest
from sqlalchemy import Connection

from bot.operations.moving import move
from bot.store import Store, StoreError, migrate
from bot.store.address import parse_target
from bot.store.copying import BATCH, TABLES, snapshot
from tests import forked
from tests.bot.store.conftest import ANN, SERVER, hatch, saved

from .collections import digests, fill


async def test_everything_arrives_and_the_bot_goes_on_with_it(source: str, target: str) -> None:
    await fill(source)
    before = await digests(source)
    heard: list[tuple[int, int]] = []
    moved = await move(source, target, lambda *numbers: heard.append(numbers))
    assert moved.saved == 3 and moved.rows == heard[-1][0] == heard[-1][1] > BATCH
    assert await digests(target) == before == await digests(source)
    assert moved.digests == {table.name: before[table.name] for table in TABLES}
    store = await Store.open(target)
    child = await store.collection.find(ANN, SERVER, "child")
    assert child.favourite and child.png == bytes(range(256)) and child.parent_a_id is not None
    assert [one.id for one in await store.checkpoints.newest("aaa")] == ["a" * 16]
    active, latest = await store.checkpoints.active(), await store.jobs.latest()
    assert active is not None and active.checkpoint_id == "a" * 16
    assert latest is not None and latest.number == 1
    assert (await saved(store, "Next")).name == "Next"
    await store.close()


async def test_moving_twice_is_moving_once(source: str, target: str) -> None:
    await fill(source)
    assert await move(source, target) == await move(source, target)
    assert await digests(target) == await digests(source)


def move_and_die(source: str, target: str, after: int) -> None:
    """SIGKILL once so many rows are there."""

    def tell(done: int, _rows: int) -> None:
        if done >= after:
            os.kill(os.getpid(), signal.SIGKILL)

    asyncio.run(move(source, target, tell))


async def killed_in_the_middle(source: str, target: str, after: int) -> None:
    process = forked.context().Process(target=move_and_die, args=(source, target, after))
    process.start()
    await asyncio.to_thread(process.join)
    assert process.exitcode == -signal.SIGKILL


async def test_a_move_that_is_killed_goes_on_where_it_was(source: str, target: str) -> None:
    """And meanwhile no bot takes the half for the whole."""
    await fill(source)
    before = await digests(source)
    await killed_in_the_middle(source, target, after=BATCH)
    with pytest.raises(StoreError, match=r"was not moved to .* completely: run `python -m bot move`"):
        await Store.open(target)
    async with snapshot(parse_target(target)) as half:
        there = sum([len(await half.keys(table)) for table in TABLES])
    moved = await move(source, target)
    assert 0 < there < moved.rows
    assert await digests(target) == before == await digests(source)
    await (await Store.open(target)).close()


async def test_what_has_changed_since_is_not_mixed_with_the_half(source: str, target: str) -> None:
    await fill(source)
    await killed_in_the_middle(source, target, after=BATCH)
    store = await Store.open(source)
    child = await store.collection.find(ANN, SERVER, "child")
    await store.people.note(ANN, {0: "Anna"}, child.created_at.replace(year=2099))
    await store.close()
    half = await digests(target)
    with pytest.raises(StoreError, match="has changed since a part of it was moved there"):
        await move(source, target)
    assert await digests(target) == half


async def test_a_collection_that_is_there_already_is_left_alone(source: str, target: str) -> None:
    for address in (source, target):
        await fill(address)
    before = await digests(source), await digests(target)
    with pytest.raises(StoreError, match="holds something else already"):
        await move(source, target)
    assert (await digests(source), await digests(target)) == before
    await (await Store.open(target)).close()  # it was not marked


async def test_a_collection_is_not_moved_onto_itself(source: str) -> None:
    await fill(source)
    before = await digests(source)
    again = f"{source}?application_name=x" if "://" in source else f"sqlite:///{source}"
    with pytest.raises(StoreError, match=r"in .* already: nothing was moved"):
        await move(source, again)
    assert await digests(source) == before


async def test_a_running_bot_is_not_left_behind(source: str, target: str) -> None:
    """Nor run over, where it uses the target."""
    await fill(source)
    for address in (source, target):
        running = await Store.open(address)
        assert await running.collection.count(ANN) in (0, 3)
        with pytest.raises(StoreError, match=r"The bot is running with the database .*: stop it first"):
            await move(source, target)
        await running.close()
    await move(source, target)


async def test_nobody_writes_while_it_moves(source: str, target: str) -> None:
    await fill(source)
    store = await Store.open(source, busy_timeout_s=0, timeout_s=1)
    async with snapshot(parse_target(source), still=True):
        assert await store.collection.count(ANN) == 3  # reading goes on
        with pytest.raises(StoreError, match=r"busy right now|cannot be reached right now"):
            await hatch(store)
    await store.close()
    before = await digests(source)
    await move(source, target)
    assert await digests(target) == before


async def test_a_copy_that_is_not_the_same_is_found(source: str, target: str) -> None:
    """Here by a trigger that changes what is written, as a broken disk might."""
    await fill(source)
    await (await Store.open(target)).close()
    spoil = "UPDATE creatures SET favourite = true WHERE id = NEW.id"
    statements = [f"CREATE TRIGGER spoils AFTER INSERT ON creatures BEGIN {spoil}; END"]
    if "://" in target:
        statements = [
            "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN {spoil}; RETURN NULL; END $$",
            "CREATE TRIGGER spoils AFTER INSERT ON creatures FOR EACH ROW EXECUTE FUNCTION spoil()",
        ]

    def make_trigger(connection: Connection) -> None:
        for statement in statements:
            connection.exec_driver_sql(statement)

    await asyncio.to_thread(migrate.in_transaction, parse_target(target), make_trigger)
    with pytest.raises(StoreError, match=r"is not what was read \(creatures\)"):
        await move(source, target)
    with pytest.raises(StoreError, match="completely"):
        await Store.open(target)


async def test_what_is_not_there_is_not_moved(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="There is no collection at"):
        await move(tmp_path / "nothing.sqlite3", tmp_path / "target.sqlite3")
    (tmp_path / "source.sqlite3").write_bytes(b"somebody's only copy " * 100)
    with pytest.raises(StoreError, match="is not a newmon database"):
        await move(tmp_path / "source.sqlite3", tmp_path / "target.sqlite3")
    assert [path.name for path in tmp_path.iterdir()] == ["source.sqlite3"]  # noqa: ASYNC240
