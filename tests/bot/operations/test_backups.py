"""Backups of either kind of database, restored to either kind; what was there before is kept."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.operations.backups import back_up, restore
from bot.store import Store, StoreError, migrate
from bot.store.address import parse_target
from tests.bot.store.conftest import ANN, SERVER, hatch, saved

from .collections import digests, fill

NOW = datetime(2025, 1, 1, 12, tzinfo=UTC)
EARLIER = [f"{i:04d}" for i in range(1, int(str(migrate.present_revision())))]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Where the backup goes."""
    return tmp_path / "copies" / "copy.sqlite3"


@pytest.fixture(autouse=True)
def folders(copy: Path) -> None:
    copy.parent.mkdir()


async def count(address: str | Path) -> int:
    store = await Store.open(address)
    try:
        return await store.collection.count(ANN)
    finally:
        await store.close()


async def test_a_backup_holds_everything_and_is_one_file(source: str, target: str, copy: Path) -> None:
    await fill(source)
    before = await digests(source)
    assert await back_up(source, copy) == 3
    assert await digests(str(copy)) == before
    with pytest.raises(StoreError, match="exists already"):
        await back_up(source, copy)
    assert await back_up(source, copy, overwrite=True) == 3
    assert sorted(path.name for path in copy.parent.iterdir()) == [copy.name]
    restored = await restore(copy, target, copy.parent / "kept", NOW)
    assert (restored.saved, restored.before) == (3, None)
    assert await digests(target) == before


async def test_a_backup_is_one_state_while_the_bot_goes_on(source: str, target: str, copy: Path) -> None:
    await fill(source)
    store = await Store.open(source)
    working = [asyncio.create_task(saved(store, f"Meanwhile {i}")) for i in range(5)]
    await back_up(source, copy)
    await asyncio.gather(*working)
    await hatch(store)
    await store.close()
    assert 3 <= await count(copy) <= await count(source) == 8
    assert (await restore(copy, target, copy.parent, NOW)).saved == await count(copy)


async def test_what_was_there_is_kept_and_can_be_restored_again(source: str, target: str, copy: Path) -> None:
    for address in (source, target):
        await fill(address)
    store = await Store.open(target)
    await saved(store, "Only here")
    await store.close()
    theirs, ours = await digests(source), await digests(target)
    await back_up(source, copy)
    restored = await restore(copy, target, copy.parent / "kept", NOW)
    assert restored.before == copy.parent / "kept" / "before-restore-2025-01-01-120000.sqlite3"
    assert await digests(target) == theirs and await digests(str(restored.before)) == ours
    assert restored.before is not None
    again = await restore(restored.before, target, copy.parent / "kept", NOW + timedelta(seconds=1))
    assert again.saved == 4 and await digests(target) == ours


async def test_a_restore_waits_for_nobody_who_uses_the_collection(
    source: str, target: str, copy: Path
) -> None:
    for address in (source, target):
        await fill(address)
    await back_up(source, copy)
    before = await digests(target)
    running = await Store.open(target)
    assert await running.collection.count(ANN) == 3
    with pytest.raises(StoreError, match=r"The bot is running with the database .*: stop it first"):
        await restore(copy, target, copy.parent, NOW)
    assert await digests(target) == before
    assert (await saved(running, "Goes on")).name == "Goes on"
    await running.close()
    assert (await restore(copy, target, copy.parent, NOW)).saved == 3


async def test_what_is_no_backup_changes_nothing(source: str, target: str, copy: Path) -> None:
    await fill(target)
    before = await digests(target)
    with pytest.raises(StoreError, match="There is no backup at"):
        await restore(copy, target, copy.parent, NOW)
    (garbage := copy.with_name("garbage")).write_bytes(b"somebody's holiday " * 1000)
    with pytest.raises(StoreError, match="is not a backup of newmon, or is damaged"):
        await restore(garbage, target, copy.parent, NOW)
    with closing(sqlite3.connect(copy.with_name("other"))) as other:
        other.execute("CREATE TABLE bookmarks (url TEXT)")
    with pytest.raises(StoreError, match="is not a backup of newmon"):
        await restore(copy.with_name("other"), target, copy.parent, NOW)
    await fill(source)
    await back_up(source, copy)
    half = copy.with_name("half")
    half.write_bytes(copy.read_bytes()[:50_000])  # noqa: ASYNC240
    with pytest.raises(StoreError, match="is not a backup of newmon, or is damaged"):
        await restore(half, target, copy.parent, NOW)
    with closing(sqlite3.connect(copy)) as newer, newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match=f"{copy.name} was written by a newer version"):
        await restore(copy, target, copy.parent, NOW)
    assert await digests(target) == before


@pytest.mark.parametrize("revision", EARLIER)
async def test_a_backup_of_every_earlier_version_is_restored(
    copy: Path, tmp_path: Path, revision: str
) -> None:
    target = str(tmp_path / "restored.sqlite3")
    await fill(str(copy))
    await asyncio.to_thread(migrate.downgrade, parse_target(copy), revision)
    before = copy.read_bytes()  # noqa: ASYNC240
    assert (await restore(copy, target, copy.parent, NOW)).saved == 3
    store = await Store.open(target)
    child = await store.collection.find(ANN, SERVER, "Child")
    assert child.png == bytes(range(256))
    await store.close()
    assert copy.read_bytes() == before  # noqa: ASYNC240


def run(database: str, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    settings = {"DATABASE_URL": database, "DATA_DIR": str(folder), "DISCORD_TOKEN": ""}
    command = [sys.executable, "-m", "bot", *words]
    return subprocess.run(command, env=os.environ | settings, capture_output=True, text=True, timeout=120)


@pytest.mark.slow  # four fresh interpreters
def test_an_operator_backs_up_moves_and_restores(source: str, target: str, copy: Path) -> None:
    asyncio.run(fill(source))
    done = run(source, copy.parent, "backup", str(copy))
    assert done.returncode == 0 and "3 saved creatures" in done.stdout, done.stderr
    done = run(source, copy.parent, "move", target)
    assert done.returncode == 0 and "with 3 saved creatures are in" in done.stdout, done.stderr
    assert "secret" not in done.stdout + done.stderr and "Set DATABASE_URL" in done.stdout
    done = run(target, copy.parent, "restore", str(copy))
    assert done.returncode == 0 and "What was there before is in" in done.stdout, done.stderr
    done = run(target, copy.parent, "restore", str(copy.with_name("nothing")))
    assert done.returncode == 1 and done.stderr.startswith("newmon: There is no backup at"), done.stderr
    assert asyncio.run(digests(target)) == asyncio.run(digests(source))
