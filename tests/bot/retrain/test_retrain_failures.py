"""Whatever goes wrong: the checkpoint in use stays, the bot answers, and nothing that was learned is lost."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.background import stand_back
from bot.checkpoints import choose_first
from bot.errors import UserError
from bot.retrain import jobs, process, results
from bot.retrain.process import ProcessId
from bot.store import Active, AlreadyRunning, Job, StoreError
from tests.bot.retrain.conftest import Rooms, until
from tests.bot.running import make_checkpoint


def process_of(job: Job) -> ProcessId:
    assert job.pid is not None and job.pid_started is not None
    return ProcessId(job.pid, job.pid_started)


async def can_be_resumed(rooms: Rooms, failed: Job) -> None:
    """What was learned is there, and the next retrain goes on in the same folder."""
    state = rooms.retraining.folder(failed) / "state.safetensors"
    assert state.read_bytes() == b"what was learned"
    chosen = await rooms.plan()
    assert chosen.resumes is not None and chosen.resumes.id == failed.id and chosen.kimg == failed.kimg
    again = await rooms.result("good")
    assert again.run == failed.run and again.id > failed.id
    assert (again.state, again.promoted) == ("done", True)


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
    assert [one.id for one in rooms.notes.concluded] == [job.id]
    await rooms.still_answers()
    await can_be_resumed(rooms, job)


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
    real, loading, go_on = rooms.engine.load, asyncio.Event(), asyncio.Event()

    async def slow(checkpoint_id: str) -> None:
        loading.set()
        await go_on.wait()
        await real(checkpoint_id)

    monkeypatch.setattr(rooms.engine, "load", slow)
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
    with pytest.raises(UserError, match="could not be started"):
        await rooms.begin("good")
    job = await rooms.store.latest_job()
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
        assert [path.name for path in rooms.checkpoints.shelf.folder.glob("*.part")] == []
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
        await rooms.engine.hatch([7], 0.7, user_id=1)
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


async def test_a_better_one_comes_into_use(rooms: Rooms) -> None:
    parent = rooms.engine.checkpoint_id
    job = await rooms.result("good")
    assert (job.state, job.promoted, job.result_id) == ("done", True, rooms.result_id)
    assert rooms.engine.checkpoint_id == rooms.result_id
    assert await rooms.store.active_checkpoint() == Active(rooms.result_id, chosen=True)
    known = await rooms.store.checkpoint(rooms.result_id)
    assert known is not None and (known.parent_id, known.kid) == (parent, 50.0)
    before = await rooms.store.checkpoint(parent)
    assert before is not None and before.kid == 60.0  # it was measured on the way
    shelf = rooms.checkpoints.shelf
    assert shelf.usable(rooms.result_id)
    assert shelf.training_path(rooms.result_id).read_bytes() == b"further weights"  # for the next one
    folder = rooms.retraining.folder(job)
    assert not (folder / "state.safetensors").exists() and not list(folder.glob("ema*"))
    assert (folder / "comparison.png").exists()


@pytest.mark.parametrize("behaviour", ["worse", "empty"])
async def test_a_worse_one_is_registered_and_not_used(rooms: Rooms, behaviour: str) -> None:
    job = await rooms.result(behaviour)
    assert (job.state, job.promoted, job.result_id) == ("done", False, rooms.result_id)
    await rooms.still_answers()
    await rooms.checkpoints.use(rooms.result_id)  # what the button does
    assert rooms.engine.checkpoint_id == rooms.result_id


async def test_both_sides_of_the_latest_one_stay_whatever_else_is_tidied(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms.checkpoints, "keep_unused", 0)
    job = await rooms.result("good")
    shelf = rooms.checkpoints.shelf
    configured = rooms.folder / "another.safetensors"  # so that the parent is nobody's any more
    make_checkpoint(configured, 2)
    await choose_first(rooms.store, shelf, configured)
    await rooms.checkpoints.tidy()
    assert shelf.usable(job.parent_id)
    await rooms.checkpoints.use(job.parent_id)  # what "Go back" does
    await rooms.checkpoints.tidy()
    assert job.result_id is not None and shelf.usable(job.result_id)


async def test_a_choice_that_was_made_meanwhile_stands(rooms: Rooms) -> None:
    job = await rooms.begin("wait")
    await rooms.at_work(job)
    other, metadata = rooms.checkpoints.shelf.put(rooms.settings.checkpoint)
    await rooms.store.register_checkpoint("f" * 16, "there", metadata)
    await rooms.store.promote("f" * 16)
    (rooms.retraining.folder(job) / "go on").touch()
    ended = await rooms.ended()
    assert (ended.state, ended.promoted) == ("done", False)
    assert await rooms.store.active_checkpoint() == Active("f" * 16, chosen=True)
    assert rooms.engine.checkpoint_id == other


async def test_folders_of_old_retrains_are_deleted(rooms: Rooms) -> None:
    await rooms.engine.use(rooms.engine.checkpoint_id)
    folders = [rooms.retraining.folder(await rooms.result("worse")) for _ in range(5)]
    kept = rooms.settings.retrain_keep_runs
    assert [folder.exists() for folder in folders] == [False] * (5 - kept) + [True] * kept


# -- the bot is killed ---------------------------------------------------------------------------------------


async def test_the_bot_is_killed_while_training_goes_on(rooms: Rooms) -> None:
    job = await rooms.begin("wait")
    await rooms.at_work(job)
    await rooms.die()
    assert process_of(job).alive
    await rooms.wake()
    await rooms.retraining.pick_up()
    running = await rooms.store.running_job()
    assert running is not None and running.pid == job.pid  # the same process, found again
    await until(lambda: rooms.notes.shown)
    with pytest.raises(AlreadyRunning):
        await rooms.begin("good")
    (rooms.retraining.folder(job) / "go on").touch()
    assert (await rooms.ended()).promoted


async def test_a_retrain_can_be_cancelled_by_the_next_life_of_the_bot(rooms: Rooms) -> None:
    job = await rooms.begin("wait")
    await rooms.at_work(job)
    await rooms.die()
    await rooms.wake()
    await rooms.retraining.pick_up()
    await rooms.retraining.cancel("Misty")
    assert (await rooms.ended()).state == "cancelled" and not process_of(job).alive


async def test_it_can_be_cancelled_before_the_next_life_of_the_bot_has_found_it(rooms: Rooms) -> None:
    job = await rooms.begin("wait")
    await rooms.at_work(job)
    await rooms.die()
    await rooms.wake()
    await rooms.retraining.cancel("Misty")
    await rooms.retraining.pick_up()
    assert (await rooms.ended()).state == "cancelled" and not process_of(job).alive


async def test_a_wish_to_cancel_outlives_the_bot(rooms: Rooms) -> None:
    job = await rooms.begin("deaf")
    await rooms.at_work(job)
    await rooms.retraining.cancel("Misty")
    await rooms.die()
    process_of(job).send(signal.SIGKILL)
    await rooms.wake()
    await rooms.retraining.pick_up()
    assert (await rooms.ended()).reason == "Misty ended it."


async def test_training_ends_while_the_bot_is_away(rooms: Rooms) -> None:
    job = await rooms.begin("wait")
    await rooms.at_work(job)
    await rooms.die()
    (rooms.retraining.folder(job) / "go on").touch()
    await until(lambda: not process_of(job).alive)
    await rooms.wake()
    await rooms.retraining.pick_up()
    ended = await rooms.ended()
    assert ended.promoted and rooms.engine.checkpoint_id == rooms.result_id


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
async def test_both_are_ended_and_the_next_start_of_the_bot_goes_on(
    rooms: Rooms, how: signal.Signals
) -> None:
    """As when a machine restarts, with or without a warning."""
    job = await rooms.begin("wait")
    await rooms.at_work(job)
    await rooms.die()
    process_of(job).send(how)
    await until(lambda: not process_of(job).alive)
    rooms.behaviour = "good"
    await rooms.wake()
    await rooms.retraining.pick_up()
    ended = await rooms.ended()
    attempts = 2 if how is signal.SIGKILL else 1  # one that saved and stopped has not failed
    assert (ended.id, ended.attempts, ended.promoted) == (job.id, attempts, True)


async def test_a_service_may_be_restarted_as_often_as_it_likes(rooms: Rooms) -> None:
    """With its retrain, which is told to stop each time."""
    job = await rooms.begin("wait")
    for _ in range(jobs.MOST_ATTEMPTS + 1):
        await rooms.at_work(job)
        running = await rooms.store.running_job()
        assert running is not None
        await rooms.die()
        stopped = process_of(running)
        stopped.send(signal.SIGTERM)
        await until(lambda stopped=stopped: not stopped.alive)
        (rooms.retraining.folder(job) / "grids" / "0003.png").unlink()
        await rooms.wake()
        await rooms.retraining.pick_up()
    await rooms.at_work(job)
    (rooms.retraining.folder(job) / "go on").touch()
    assert (await rooms.ended()).promoted


async def test_something_unforeseen_while_the_bot_comes_back(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await rooms.begin("wait")
    await rooms.at_work(job)
    await rooms.die()
    process_of(job).send(signal.SIGKILL)
    await until(lambda: not process_of(job).alive)

    def broken(_folder: Path) -> None:
        raise RuntimeError("of all things")

    await rooms.wake()
    with monkeypatch.context() as patch:
        patch.setattr(jobs, "read_outcome", broken)
        await rooms.retraining.pick_up()
        ended = await rooms.ended()
    assert ended.state == "failed" and "of all things" in str(ended.reason)
    await rooms.still_answers()
    await can_be_resumed(rooms, ended)


async def test_a_process_that_is_always_gone_is_given_up(rooms: Rooms) -> None:
    job = await rooms.begin("wait")
    for _ in range(jobs.MOST_ATTEMPTS):
        await until((rooms.retraining.folder(job) / "progress.json").exists)
        running = await rooms.store.running_job()
        assert running is not None
        await rooms.die()
        process_of(running).send(signal.SIGKILL)
        (rooms.retraining.folder(job) / "progress.json").unlink()
        await rooms.wake()
        await rooms.retraining.pick_up()
    ended = await rooms.ended()
    assert ended.state == "failed" and "gone whenever" in str(ended.reason)


@pytest.mark.parametrize(
    "step", ["shelf.put", "engine.load", "store.register_checkpoint", "store.complete_job", "engine.use"]
)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_the_bot_is_killed_around_each_step_of_the_swap(
    rooms: Rooms, step: str, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, name = step.split(".")
    owner = {"shelf": rooms.checkpoints.shelf, "engine": rooms.engine, "store": rooms.store}[room]
    real, reached = getattr(owner, name), asyncio.Event()
    loop = asyncio.get_running_loop()

    def cut_off(*arguments: object, **more: object) -> object:
        if when == "after":
            real(*arguments, **more)
        loop.call_soon_threadsafe(reached.set)
        raise asyncio.CancelledError

    async def cut_off_async(*arguments: object, **more: object) -> object:
        if when == "after":
            await real(*arguments, **more)
        reached.set()
        raise asyncio.CancelledError

    monkeypatch.setattr(owner, name, cut_off if room == "shelf" else cut_off_async)
    await rooms.begin("good")
    async with asyncio.timeout(60):
        await reached.wait()
    await rooms.die()
    monkeypatch.setattr(owner, name, real)
    await rooms.wake()
    [hatched] = await rooms.engine.hatch([7], 0.7, user_id=1)  # at once, with whole weights
    assert hatched.checkpoint_id in (rooms.first, rooms.result_id)
    await rooms.retraining.pick_up()
    if await rooms.store.running_job() is not None:
        await rooms.ended()
    job = await rooms.store.latest_job()
    assert job is not None and (job.state, job.promoted, job.told) == ("done", True, True)
    assert job.attempts == 1  # nothing was trained twice
    assert rooms.engine.checkpoint_id == rooms.result_id


async def test_news_that_could_not_be_told_are_told_by_the_next_life_of_the_bot(rooms: Rooms) -> None:
    rooms.notes.reachable = False
    job = await rooms.result("worse")
    assert not job.told
    await rooms.die()
    await rooms.wake()
    await rooms.retraining.pick_up()
    assert [one.id for one in rooms.notes.concluded] == [job.id]
    await rooms.retraining.pick_up()
    assert len(rooms.notes.concluded) == 1


async def test_news_that_could_not_be_told_are_told_again_in_the_same_life(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "TELL_AGAIN_S", 0.01)
    rooms.notes.reachable = False
    job = await rooms.result("worse")
    await until(lambda: rooms.notes.refused >= 3)
    assert not job.told
    rooms.notes.reachable = True

    async def told() -> bool:
        return (await rooms.store.untold_jobs()) == []

    await until(told)
    assert [one.id for one in rooms.notes.concluded] == [job.id]


async def test_one_whose_end_is_still_being_told_is_closed_with_the_next_one(rooms: Rooms) -> None:
    rooms.notes.open.clear()  # Discord takes its time
    first = await rooms.begin("good")

    async def done() -> bool:
        return await rooms.store.running_job() is None

    await until(done)
    job = await rooms.begin("wait")
    await rooms.at_work(job)
    await rooms.retraining.close()
    left = {task.get_name() for task in asyncio.all_tasks()}
    assert not left & {f"retrain {first.id}", f"retrain {job.id}"}
    assert [one.id for one in await rooms.store.untold_jobs()] == [first.id]


# -- the process ---------------------------------------------------------------------------------------------


async def test_the_process_stands_back_and_knows_no_secrets(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "hush")
    monkeypatch.setattr(process, "stand_back", stand_back)
    job = await rooms.begin("wait")
    await rooms.at_work(job)
    assert job.pid is not None
    assert os.getpriority(os.PRIO_PROCESS, job.pid) == 19
    assert os.sched_getscheduler(job.pid) == os.SCHED_IDLE
    proc = Path("/proc") / str(job.pid)
    assert int((proc / "oom_score_adj").read_text()) == 800
    assert os.getsid(job.pid) == job.pid  # Ctrl-C for the bot is not for it
    environment = (proc / "environ").read_text()
    assert "hush" not in environment and "OMP_NUM_THREADS=" in environment
    await rooms.retraining.cancel("Oak")
    await rooms.ended()


async def test_a_later_process_of_the_same_number_is_left_alone(rooms: Rooms) -> None:
    job = await rooms.begin("wait")
    await rooms.at_work(job)
    process = process_of(job)
    another = ProcessId(process.pid, "at another time")
    assert process.alive and not another.alive
    another.send(signal.SIGKILL)
    assert process.alive
    await rooms.retraining.cancel("Oak")
    await rooms.ended()
    assert not process.alive


async def test_a_process_that_was_never_told_to_begin_does_nothing(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bot fails between starting it and putting it on record."""

    async def failing(*_: object, **__: object) -> Job:
        raise StoreError("The disk is full.")

    with monkeypatch.context() as broken:
        broken.setattr(rooms.store, "update_job", failing)
        with pytest.raises(UserError, match="could not be started: The disk is full"):
            await rooms.begin("good")
        folder = next((rooms.settings.data_dir / "retrain").iterdir())
    await until(lambda: rooms.retraining._watching is None or rooms.retraining._watching.done())
    assert not (folder / "progress.json").exists()
    job = await rooms.store.latest_job()
    assert job is not None and job.state == "failed"
    assert (await rooms.result("good")).promoted
