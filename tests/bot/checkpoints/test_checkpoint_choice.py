"""The folder of checkpoint files, what the bot starts with, and what it does when another one is chosen."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from bot.checkpoints import switching as choosing
from bot.checkpoints.files import CheckpointFiles
from bot.checkpoints.switching import Checkpoints, choose_first, describe, find
from bot.engine import CheckpointError
from bot.engine.local import LocalEngine
from bot.errors import UserError
from bot.store import Active, Store, StoreError
from tests.bot.running import make_checkpoint
from tests.bot.store.conftest import hatch


@contextmanager
def full_disk(bytes_left: int) -> Iterator[None]:
    """No file can grow beyond that."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_left, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def files(tmp_path: Path) -> CheckpointFiles:
    return CheckpointFiles(tmp_path / "files")


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await Store.open(tmp_path / "newmon.db")
    yield store
    await store.close()


def made(tmp_path: Path, seed: int = 0, training: bytes | None = None) -> Path:
    path = tmp_path / f"made{seed}.safetensors"
    make_checkpoint(path, seed)
    if training is not None:
        path.with_name(f"made{seed}.training.safetensors").write_bytes(training)
    return path


async def in_use(store: Store) -> str:
    active = await store.checkpoints.active()
    assert active is not None
    return active.checkpoint_id


# -- the files ----------------------------------------------------------------------------------------------


def test_a_copy_lies_in_the_folder_with_what_it_is_trained_further_from(
    tmp_path: Path, files: CheckpointFiles
) -> None:
    source = made(tmp_path, training=b"weights")
    checkpoint_id, metadata = files.put(source)
    assert files.put(source) == (checkpoint_id, metadata) == (checkpoint_id, {"kimg": 0})
    make_checkpoint(source, seed=1)  # the place it came from changes, and the copy does not
    assert files.usable(checkpoint_id)
    assert files.training_path(checkpoint_id).read_bytes() == b"weights"
    files.remove(checkpoint_id)
    files.remove(checkpoint_id)
    assert list(files.folder.iterdir()) == []


def test_what_cannot_be_hatched_from_is_never_copied(tmp_path: Path, files: CheckpointFiles) -> None:
    source = made(tmp_path)
    source.write_bytes(source.read_bytes()[:-10])
    with pytest.raises(CheckpointError):
        files.put(source)
    assert not files.folder.exists()


def test_a_copy_for_which_there_is_no_room_leaves_nothing_behind(
    tmp_path: Path, files: CheckpointFiles
) -> None:
    source = made(tmp_path)
    with full_disk(source.stat().st_size // 2), pytest.raises(OSError):
        files.put(source)
    assert list(files.folder.iterdir()) == []
    checkpoint_id, _ = files.put(source)
    assert files.usable(checkpoint_id)


# -- the first one -------------------------------------------------------------------------------------------


async def test_the_configured_one_is_the_first_and_a_new_file_there_the_next(
    tmp_path: Path, files: CheckpointFiles, store: Store
) -> None:
    source = made(tmp_path)
    choice = await choose_first(store, files, source)
    first = await in_use(store)
    assert choice.path == files.path(first)
    make_checkpoint(source, seed=1)
    choice = await choose_first(store, files, source)
    assert choice.id == await in_use(store) != first and choice.path == files.path(choice.id)
    assert choice.why == "the one that CHECKPOINT names"
    assert files.usable(first)  # its creatures still need it


async def test_what_was_chosen_stays_in_use_after_a_restart(
    tmp_path: Path, files: CheckpointFiles, store: Store
) -> None:
    configured, other = made(tmp_path), made(tmp_path, 1)
    await choose_first(store, files, configured)
    other_id, metadata = files.put(other)
    await store.checkpoints.register(other_id, files.path(other_id), metadata)
    await store.checkpoints.promote(other_id)
    choice = await choose_first(store, files, configured)
    assert (choice.id, choice.path) == (other_id, files.path(other_id))
    assert f"`python -m bot checkpoint use {configured}`" in choice.why  # what would make CHECKPOINT count
    files.path(other_id).write_bytes(b"damaged")  # then the bot starts all the same
    choice = await choose_first(store, files, configured)
    assert choice.path.is_file() and choice.id != other_id and "missing or damaged" in choice.why
    assert await in_use(store) == other_id  # and it is back once its file is


async def test_without_a_configured_file_the_one_in_use_will_do(
    tmp_path: Path, files: CheckpointFiles, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(CheckpointError):
        await choose_first(store, files, tmp_path / "missing.safetensors")
    configured = made(tmp_path)
    path = (await choose_first(store, files, configured)).path
    configured.unlink()
    choice = await choose_first(store, files, configured)
    assert choice.path == path and "CHECKPOINT names cannot be used" in choice.why
    assert "CHECKPOINT cannot be used" in caplog.text


async def test_without_room_for_a_copy_the_bot_hatches_from_the_file_itself(
    tmp_path: Path, files: CheckpointFiles, store: Store
) -> None:
    source = made(tmp_path)
    files.folder.write_text("in the way")  # no folder can be made here
    assert (await choose_first(store, files, source)).path == source


# -- choosing ------------------------------------------------------------------------------------------------


@pytest_asyncio.fixture
async def checkpoints(
    tmp_path: Path, files: CheckpointFiles, store: Store, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Checkpoints]:
    """Two checkpoints: the configured one in use, and another."""
    monkeypatch.setattr(choosing, "FOLLOW_INTERVAL_S", 0.01)
    engine = LocalEngine(
        (await choose_first(store, files, made(tmp_path))).path, folder=files.folder, threads=1
    )
    await engine.start()
    other, metadata = files.put(made(tmp_path, 1))
    await store.checkpoints.register(other, files.path(other), metadata)
    checkpoints = Checkpoints(store, files, engine, keep_unused=1)
    await checkpoints.start()
    yield checkpoints
    await checkpoints.close()
    await engine.close()


async def other_of(checkpoints: Checkpoints) -> str:
    known = await checkpoints.store.checkpoints.newest()
    return next(one.id for one in known if one.id != checkpoints.engine.checkpoint_id)


async def until_in_use(checkpoints: Checkpoints, checkpoint_id: str) -> None:
    async with asyncio.timeout(20):
        while checkpoints.engine.checkpoint_id != checkpoint_id:  # noqa: ASYNC110  (polling is what it does)
            await asyncio.sleep(0.01)


async def test_one_is_chosen_by_the_start_of_its_id(checkpoints: Checkpoints) -> None:
    first, other = checkpoints.engine.checkpoint_id, await other_of(checkpoints)
    assert (await checkpoints.use(f" {other[:6].upper()} ")).id == other
    assert checkpoints.engine.checkpoint_id == await in_use(checkpoints.store) == other
    assert (await checkpoints.use(first)).id == first
    assert await checkpoints.store.checkpoints.active() == Active(first, chosen=False)
    for text, sentence in (("abc", "at least 4"), ("0000000", "no checkpoint"), ("%", "at least 4")):
        with pytest.raises(UserError, match=sentence):
            await checkpoints.use(text)


async def test_an_id_that_fits_several_is_refused(checkpoints: Checkpoints) -> None:
    for end in "12":
        await checkpoints.store.checkpoints.register(f"abcd{end * 12}", "there", {})
    with pytest.raises(UserError, match="more characters"):
        await find(checkpoints.store, "abcd")


async def test_a_damaged_one_is_refused_and_nothing_changes(checkpoints: Checkpoints) -> None:
    first, other = checkpoints.engine.checkpoint_id, await other_of(checkpoints)
    checkpoints.files.path(other).write_bytes(b"damaged")
    with pytest.raises(UserError, match="missing or damaged"):
        await checkpoints.use(other)
    assert checkpoints.engine.checkpoint_id == await in_use(checkpoints.store) == first


async def test_a_database_that_cannot_be_written_changes_nothing(
    checkpoints: Checkpoints, tmp_path: Path
) -> None:
    first, other = checkpoints.engine.checkpoint_id, await other_of(checkpoints)
    with full_disk(10), pytest.raises(StoreError):
        await checkpoints.use(other)
    assert checkpoints.engine.checkpoint_id == await in_use(checkpoints.store) == first


async def test_what_another_process_chooses_is_followed(checkpoints: Checkpoints) -> None:
    first, other = checkpoints.engine.checkpoint_id, await other_of(checkpoints)
    await checkpoints.store.checkpoints.promote(other)
    await until_in_use(checkpoints, other)
    checkpoints.files.path("f" * 16).write_bytes(b"damaged")
    await checkpoints.store.checkpoints.register("f" * 16, "there", {})
    await checkpoints.store.checkpoints.promote("f" * 16)  # is tried once, and the bot goes on as it was
    async with asyncio.timeout(20):
        while checkpoints._refused is None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert checkpoints.engine.checkpoint_id == other
    await checkpoints.store.checkpoints.promote(first)
    await until_in_use(checkpoints, first)


async def test_a_file_that_was_put_back_is_followed_after_all(checkpoints: Checkpoints) -> None:
    other = await other_of(checkpoints)
    path = checkpoints.files.path(other)
    whole = path.read_bytes()
    path.write_bytes(b"damaged")
    await checkpoints.store.checkpoints.promote(other)
    async with asyncio.timeout(20):
        while checkpoints._refused is None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    path.write_bytes(whole)
    await until_in_use(checkpoints, other)


async def test_of_many_none_that_can_be_hatched_from_is_left_out(checkpoints: Checkpoints) -> None:
    for number in range(30):  # newer ones, whose files are gone
        await checkpoints.store.checkpoints.register(f"{number:016x}", "there", {})
    assert len(await checkpoints.listed()) == 2


async def test_files_that_nothing_needs_are_deleted_but_for_the_newest(
    checkpoints: Checkpoints, tmp_path: Path
) -> None:
    store, files = checkpoints.store, checkpoints.files
    first, other = checkpoints.engine.checkpoint_id, await other_of(checkpoints)
    more = [files.put(made(tmp_path, seed))[0] for seed in (2, 3, 4)]
    for one in more:
        await store.checkpoints.register(one, files.path(one), {})
    await hatch(store, checkpoint_id=more[0])
    await checkpoints.tidy()
    assert {one for one in (first, other, *more) if files.usable(one)} == {first, more[0], more[2]}
    assert {one.id for one in await checkpoints.listed()} == {first, more[0], more[2]}


async def test_a_checkpoint_is_described_in_a_line(checkpoints: Checkpoints) -> None:
    other = await other_of(checkpoints)
    metrics = {"kid": {"mean": 102.44}}
    await checkpoints.store.checkpoints.register(other, "there", {"kimg": 1408.0}, metrics=metrics)
    known = await find(checkpoints.store, other)
    assert describe(known).startswith(f"{other[:8]} · 1,408 kimg · KID 102.4 · {known.registered_at.day} ")
