"""A copy of the collection while it is in use."""

from __future__ import annotations

import os
import resource
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.store.address import COMPANIONS
from bot.store.backup import back_up
from bot.store.errors import StoreError
from sandbox.driver import SandboxUser
from tests.bot.running import RunningBot
from tests.bot.talking import hatch_and_save
from tests.forked import ForkedProgram


def names(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as database:
        return [n for (n,) in database.execute("SELECT name FROM creatures WHERE name > '' ORDER BY 1")]


async def run_backup(data_dir: Path, target: Path, *options: str) -> tuple[int, str]:
    """`python -m bot backup`: its exit code, and what it says."""
    words = ("bot", "backup", target, *options)
    environment = os.environ | {"DATA_DIR": str(data_dir), "DISCORD_TOKEN": ""}
    async with await ForkedProgram.start(
        "tests.forked:run_module", *words, environment=environment, folder=Path.cwd()
    ) as program:
        said = (await program.stdout.read()).decode()
        return await program.wait(), said


async def test_a_copy_of_a_running_bot_is_a_collection_to_start_from(tmp_path: Path) -> None:
    bot = await RunningBot(tmp_path / "one").start()
    copy = tmp_path / "copy.sqlite3"
    try:
        async with SandboxUser(bot.url, "Ash") as ash:
            for name in ("Flamino", "Aquadon"):
                await hatch_and_save(ash, name, name)
            code, said = await run_backup(bot.settings.data_dir, copy)
            assert code == 0 and "2 saved creatures" in said
            live = bot.settings.data_dir / "newmon.sqlite3"
            code, said = await run_backup(bot.settings.data_dir, live, "--force")
            assert code == 1 and "belongs to the collection" in " ".join(said.split())
            await hatch_and_save(ash, "Later", "Later")
    finally:
        await bot.stop()
    assert names(live) == ["Aquadon", "Flamino", "Later"]
    assert names(copy) == ["Aquadon", "Flamino"]
    assert {path.name for path in tmp_path.iterdir()} == {"one", "copy.sqlite3"}  # noqa: ASYNC240

    again = RunningBot(tmp_path / "two")
    again.settings.data_dir.mkdir()
    copy.rename(again.settings.data_dir / "newmon.sqlite3")
    await again.start()
    try:
        async with SandboxUser(again.url, "Ash") as ash:
            message = await (await ash.command("mons")).message()
            assert "2 creatures" in str(message.embeds)
    finally:
        await again.stop()


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    path = tmp_path / "newmon.sqlite3"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE creatures (name TEXT, png BLOB)")
        database.execute("INSERT INTO creatures VALUES ('Flamino', randomblob(200000))")
        database.commit()
    return path


def test_nothing_is_overwritten_unasked(collection: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy"
    target.write_text("mine")
    with pytest.raises(StoreError, match="--force"):
        back_up(collection, target)
    assert target.read_text() == "mine"
    assert back_up(collection, target, overwrite=True) == 1 and names(target) == ["Flamino"]


def test_the_database_is_named_as_the_bot_takes_it(collection: Path, tmp_path: Path) -> None:
    spellings = ("sqlite:///{}", "sqlite+aiosqlite:///{}", "sqlite:///file:{}?uri=true", "{}")
    for named in (spelling.format(collection) for spelling in spellings):
        assert back_up(named, tmp_path / "copy", overwrite=True) == 1


@pytest.mark.parametrize("end", ["", *COMPANIONS])
def test_the_database_is_never_its_own_copy(collection: Path, tmp_path: Path, end: str) -> None:
    """Nor is any file that SQLite keeps beside it, under whatever name it is reached."""
    own = tmp_path / f"newmon.sqlite3{end}"
    (folder := tmp_path / "linked folder").symlink_to(tmp_path)
    (link := tmp_path / "link").symlink_to(own)
    spellings = [
        own,
        tmp_path / "x" / ".." / own.name,
        folder / own.name,
        link,
        own.with_name(own.name.upper()),
    ]
    (tmp_path / "x").mkdir()
    if own.exists():
        (hard := tmp_path / "hard link").hardlink_to(own)
        spellings.append(hard)
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    for target in spellings:
        for overwrite in (False, True):
            with pytest.raises(StoreError, match="belongs to the collection"):
                back_up(collection, target, overwrite)
    assert {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


def test_a_database_that_is_a_link_is_protected_where_it_lies(collection: Path, tmp_path: Path) -> None:
    (link := tmp_path / "link.sqlite3").symlink_to(collection)
    for target in (collection, link, collection.with_name("newmon.sqlite3-wal")):
        with pytest.raises(StoreError, match="belongs to the collection"):
            back_up(link, target, overwrite=True)
    assert names(collection) == ["Flamino"]


def test_no_other_file_is_lost_by_a_copy(collection: Path, tmp_path: Path) -> None:
    """Neither one that is called like a half-written copy, nor a database that somebody uses."""
    database = collection.rename(tmp_path / "copy.part")
    assert back_up(database, tmp_path / "copy") == 1
    assert names(database) == names(tmp_path / "copy") == ["Flamino"]
    with closing(sqlite3.connect(tmp_path / "other")) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("CREATE TABLE creatures (name TEXT)")
        with pytest.raises(StoreError, match="is a database in use"):
            back_up(database, tmp_path / "other", overwrite=True)
    os.mkfifo(tmp_path / "pipe")
    for target, why in (
        (tmp_path, "is a folder"),
        (Path(), "is a folder"),
        (tmp_path / "pipe", "is not a file"),
    ):
        with pytest.raises(StoreError, match=why):
            back_up(database, target, overwrite=True)


def test_what_cannot_be_copied_is_named(collection: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy"
    with pytest.raises(StoreError, match="no collection"):
        back_up(tmp_path / "nothing", target)
    with pytest.raises(StoreError, match="own backup tool"):
        back_up("postgresql://somebody@example/newmon", target)
    with pytest.raises(StoreError):
        back_up(collection, tmp_path / "no folder" / "copy")
    collection.write_bytes(b"not a database at all" * 100)
    with pytest.raises(StoreError, match="not a database"):
        back_up(f"sqlite:///{collection}", target)
    assert not target.exists() and list(tmp_path.glob("*.part")) == []


def test_a_full_disk_leaves_the_old_copy(collection: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy"
    back_up(collection, target)
    before = target.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(StoreError):
            back_up(collection, target, overwrite=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert target.read_bytes() == before and list(tmp_path.glob("*.part")) == []
