"""The bot or the training process is ended at the worst moment, and the next start goes on."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from bot.retrain import jobs, results
from bot.store import AlreadyRunning
from tests.bot.engine.ordering import hatched
from tests.bot.retrain.conftest import Rooms, can_be_resumed, process_of, until


async def test_the_bot_is_killed_while_training_goes_on(rooms: Rooms) -> None:
    job = await rooms.begin("wait")
    await rooms.at_work(job)
    await rooms.die()
    assert process_of(job).alive
    await rooms.start_serving()
    await rooms.retraining.pick_up()
    running = await rooms.store.jobs.running()
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
    await rooms.start_serving()
    await rooms.retraining.pick_up()
    await rooms.retraining.cancel("Misty")
    assert (await rooms.ended()).state == "cancelled" and not process_of(job).alive


async def test_it_can_be_cancelled_before_the_next_life_of_the_bot_has_found_it(rooms: Rooms) -> None:
    job = await rooms.begin("wait")
    await rooms.at_work(job)
    await rooms.die()
    await rooms.start_serving()
    await rooms.retraining.cancel("Misty")
    await rooms.retraining.pick_up()
    assert (await rooms.ended()).state == "cancelled" and not process_of(job).alive


async def test_a_wish_to_cancel_outlives_the_bot(rooms: Rooms) -> None:
    job = await rooms.begin("deaf")
    await rooms.at_work(job)
    await rooms.retraining.cancel("Misty")
    await rooms.die()
    process_of(job).send(signal.SIGKILL)
    await rooms.start_serving()
    await rooms.retraining.pick_up()
    assert (await rooms.ended()).reason == "Misty ended it."


async def test_training_ends_while_the_bot_is_away(rooms: Rooms) -> None:
    job = await rooms.begin("wait")
    await rooms.at_work(job)
    await rooms.die()
    (rooms.retraining.folder(job) / "go on").touch()
    await until(lambda: not process_of(job).alive)
    await rooms.start_serving()
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
    await rooms.start_serving()
    await rooms.retraining.pick_up()
    ended = await rooms.ended()
    attempts = 2 if how is signal.SIGKILL else 1  # one that saved and stopped has not failed
    assert (ended.id, ended.attempts, ended.promoted) == (job.id, attempts, True)


async def test_a_service_may_be_restarted_as_often_as_it_likes(rooms: Rooms) -> None:
    """With its retrain, which is told to stop each time."""
    job = await rooms.begin("wait")
    for _ in range(jobs.MOST_ATTEMPTS + 1):
        await rooms.at_work(job)
        running = await rooms.store.jobs.running()
        assert running is not None
        await rooms.die()
        stopped = process_of(running)
        stopped.send(signal.SIGTERM)
        await until(lambda stopped=stopped: not stopped.alive)
        (rooms.retraining.folder(job) / "grids" / "0003.png").unlink()
        await rooms.start_serving()
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

    await rooms.start_serving()
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
        running = await rooms.store.jobs.running()
        assert running is not None
        await rooms.die()
        process_of(running).send(signal.SIGKILL)
        (rooms.retraining.folder(job) / "progress.json").unlink()
        await rooms.start_serving()
        await rooms.retraining.pick_up()
    ended = await rooms.ended()
    assert ended.state == "failed" and "gone whenever" in str(ended.reason)


@pytest.mark.parametrize(
    "step",
    ["files.put", "engine.prepare", "store.checkpoints.register", "store.jobs.complete", "engine.activate"],
)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_the_bot_is_killed_around_each_step_of_the_swap(
    rooms: Rooms, step: str, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, name = step.rsplit(".", 1)
    owner = {
        "files": rooms.checkpoints.files,
        "engine": rooms.engine,
        "store.checkpoints": rooms.store.checkpoints,
        "store.jobs": rooms.store.jobs,
    }[room]
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

    monkeypatch.setattr(owner, name, cut_off if room == "files" else cut_off_async)
    await rooms.begin("good")
    async with asyncio.timeout(60):
        await reached.wait()
    await rooms.die()
    monkeypatch.setattr(owner, name, real)
    await rooms.start_serving()
    [creature] = await hatched(rooms.engine, [7], 0.7, user_id=1)  # at once, with whole weights
    assert creature.checkpoint_id in (rooms.first, rooms.result_id)
    await rooms.retraining.pick_up()
    if await rooms.store.jobs.running() is not None:
        await rooms.ended()
    job = await rooms.store.jobs.latest()
    assert job is not None and (job.state, job.promoted, job.told) == ("done", True, True)
    assert job.attempts == 1  # nothing was trained twice
    assert rooms.engine.checkpoint_id == rooms.result_id


async def test_news_that_could_not_be_told_are_told_by_the_next_life_of_the_bot(rooms: Rooms) -> None:
    rooms.notes.reachable = False
    job = await rooms.result("worse")
    assert not job.told
    await rooms.die()
    await rooms.start_serving()
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
        return (await rooms.store.jobs.untold()) == []

    await until(told)
    assert [one.id for one in rooms.notes.concluded] == [job.id]


async def test_one_whose_end_is_still_being_told_is_closed_with_the_next_one(rooms: Rooms) -> None:
    rooms.notes.open.clear()  # Discord takes its time
    first = await rooms.begin("good")

    async def done() -> bool:
        return await rooms.store.jobs.running() is None

    await until(done)
    job = await rooms.begin("wait")
    await rooms.at_work(job)
    await rooms.retraining.close()
    left = {task.get_name() for task in asyncio.all_tasks()}
    assert not left & {f"retrain {first.id}", f"retrain {job.id}"}
    assert [one.id for one in await rooms.store.jobs.untold()] == [first.id]


# -- the process ---------------------------------------------------------------------------------------------
