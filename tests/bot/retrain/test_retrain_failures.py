"""Whatever goes wrong with it: the checkpoint in use stays, the bot answers, and what was learned is kept."""

from __future__ import annotations

import asyncio
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.errors import UserError
from bot.retrain import jobs
from bot.store import AlreadyRunning, Job
from tests.bot.engine.ordering import hatched
from tests.bot.retrain.conftest import Rooms, can_be_resumed, process_of, until


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("crash", "exit code 1): RuntimeError: the shapes do not fit"),
        ("killed", "was killed, most likely because the memory ran out"),
        ("give up", "There are no images."),
        ("broken", "The new checkpoint is broken, so it is not used"),
        ("another", "The new checkpoint is broken, so it is not used"),
    ],
)
async def test_a_process_that_fails(rooms: Rooms, behaviour: str, reason: str) -> None:
    job = await rooms.result(behaviour)
    assert job.state == "failed" and job.reason is not None and reason in job.reason
    assert (job.pid, job.promoted, job.result_id, job.told) == (None, False, None, True)
    assert str(rooms.folder) not in job.reason
    assert [one.id for one in rooms.notes.concluded] == [job.id]
    assert not rooms.checkpoints.files.path(rooms.result_id).exists()
    await rooms.still_answers()
    await can_be_resumed(rooms, job)


async def test_a_reason_names_no_place_of_the_machine(rooms: Rooms, caplog: pytest.LogCaptureFixture) -> None:
    job = await rooms.result("nosy")
    assert job.reason == f"retrain/{job.run}/state.safetensors and x.png are damaged."
    assert "/srv/secret/x.png" in caplog.text  # for whoever runs the bot


async def test_a_process_that_hangs_is_ended(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    job = await rooms.begin("silent")
    await rooms.at_work(job)
    monkeypatch.setattr(rooms.retraining, "settings", rooms.settings.model_copy(update=SOON))
    ended = await rooms.ended()
    assert ended.state == "failed" and "did nothing for" in str(ended.reason)
    await rooms.still_answers()
    await can_be_resumed(rooms, ended)


SOON = {"retrain_hang_minutes": 0.005}


async def test_a_process_that_is_frozen_is_ended_all_the_same(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await rooms.begin("wait")
    await rooms.at_work(job)
    process = process_of(job)
    process.send(signal.SIGSTOP)  # it cannot even hear that it is to stop
    monkeypatch.setattr(rooms.retraining, "settings", rooms.settings.model_copy(update=SOON))
    ended = await rooms.ended()
    assert ended.state == "failed" and "did nothing for" in str(ended.reason)
    assert not process.alive
    await rooms.still_answers()
    await can_be_resumed(rooms, ended)


async def test_a_retrain_is_cancelled_and_what_it_learned_is_saved(rooms: Rooms) -> None:
    job = await rooms.begin("wait")
    await rooms.at_work(job)
    await rooms.retraining.cancel("Misty")
    ended = await rooms.ended()
    assert (ended.state, ended.reason) == ("cancelled", "Misty ended it.")
    assert any(shown.cancelled_by == "Misty" for shown, _ in rooms.notes.shown)
    with pytest.raises(UserError, match="No retrain is running"):
        await rooms.retraining.cancel("Misty")
    await rooms.still_answers()
    await can_be_resumed(rooms, ended)


async def test_it_is_too_late_to_cancel_what_is_being_kept(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, loading, go_on = rooms.engine.prepare, asyncio.Event(), asyncio.Event()

    async def slow(checkpoint_id: str) -> None:
        loading.set()
        await go_on.wait()
        await real(checkpoint_id)

    monkeypatch.setattr(rooms.engine, "prepare", slow)
    await rooms.begin("good")
    await loading.wait()
    with pytest.raises(UserError, match="is done"):
        await rooms.retraining.cancel("Misty")
    go_on.set()
    assert (await rooms.ended()).promoted


async def test_who_asks_for_another_one_does_not_undo_the_wish_to_cancel(rooms: Rooms) -> None:
    job = await rooms.begin("wait")
    await rooms.at_work(job)
    another = await rooms.wanted()
    await rooms.retraining.cancel("Misty")
    with pytest.raises(AlreadyRunning):
        await rooms.retraining.begin(another)
    assert (await rooms.ended()).reason == "Misty ended it."


async def test_one_that_does_not_want_to_stop_is_made_to(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "GRACE_S", 0.1)
    job = await rooms.begin("deaf")
    await rooms.at_work(job)
    await rooms.retraining.cancel("Misty")
    assert (await rooms.ended()).state == "cancelled"
    assert not process_of(job).alive


async def test_one_that_somebody_else_stops_says_so(rooms: Rooms) -> None:
    job = await rooms.begin("wait")
    await rooms.at_work(job)
    process_of(job).send(signal.SIGTERM)
    ended = await rooms.ended()
    assert ended.state == "failed" and "from outside of the bot" in str(ended.reason)
    await can_be_resumed(rooms, ended)


async def test_only_one_runs_however_many_ask_at_once(rooms: Rooms) -> None:
    asked = await asyncio.gather(*(rooms.begin("wait") for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(one, Job) for one in asked) == 1
    assert sum(isinstance(one, AlreadyRunning) for one in asked) == 4
    await rooms.retraining.cancel("Oak")
    await rooms.ended()
    assert len([path for path in (rooms.settings.data_dir / "retrain").iterdir()]) == 1


async def test_a_process_that_cannot_be_started(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    (rooms.settings.data_dir / "retrain").write_text("in the way")
    with pytest.raises(UserError, match="could not be started") as refused:
        await rooms.begin("good")
    assert str(rooms.folder) not in str(refused.value)
    job = await rooms.store.jobs.latest()
    assert job is not None and job.state == "failed" and job.told
    await rooms.still_answers()
    (rooms.settings.data_dir / "retrain").unlink()
    assert (await rooms.result("good")).promoted


@contextmanager
def full_disk(bytes_left: int) -> Iterator[None]:
    """No file of this process can grow beyond that."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_left, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_there_is_no_room_to_keep_the_result(rooms: Rooms) -> None:
    with (rooms.folder / "handed-in.training.safetensors").open("wb") as file:
        file.truncate(20_000_000)
    job = await rooms.begin("wait")
    await rooms.at_work(job)
    with full_disk(5_000_000):
        (rooms.retraining.folder(job) / "go on").touch()
        job = await rooms.ended()
        assert job.state == "failed" and "could not be kept: File too large" in str(job.reason)
        await rooms.still_answers()
        assert [path.name for path in rooms.checkpoints.files.folder.glob("*.part")] == []
    (rooms.retraining.folder(job) / "go on").unlink()
    await can_be_resumed(rooms, job)


async def test_the_process_has_no_room(rooms: Rooms) -> None:
    with (rooms.folder / "handed-in.training.safetensors").open("wb") as file:
        file.truncate(20_000_000)
    with full_disk(5_000_000):  # which a process inherits
        job = await rooms.result("good")
        assert job.state == "failed" and "File too large" in str(job.reason)
        await rooms.still_answers()
    await can_be_resumed(rooms, job)


async def test_the_disk_is_full_while_a_result_is_registered(
    rooms: Rooms, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing can be noted any more, and it comes right by itself."""
    job = await rooms.begin("wait")
    await rooms.at_work(job)
    with full_disk(10):
        (rooms.retraining.folder(job) / "go on").touch()
        await until(lambda: caplog.text.count("waits for the database") >= 2)
        await hatched(rooms.engine, [7], 0.7, user_id=1)
    assert (await rooms.ended()).promoted
    assert rooms.engine.checkpoint_id == rooms.result_id


async def test_something_unforeseen_in_the_bot_ends_the_job_with_a_reason(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_folder: Path) -> None:
        raise RuntimeError("of all things")

    monkeypatch.setattr(jobs, "read_outcome", broken)
    job = await rooms.result("good")
    assert job.state == "failed" and "of all things" in str(job.reason)
    await rooms.still_answers()


# -- what came of it -----------------------------------------------------------------------------------------
