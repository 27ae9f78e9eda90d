"""What people see while the bot starts and stops: everyone who was let in is served."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot import client
from bot.core.limits import STARTING, STOPPING, Service
from bot.engine import worker
from bot.engine.local import LocalEngine
from bot.engine.worker import Worker
from sandbox.driver import InteractionHandle, Message
from tests.bot.stage import Stage, line_with, stopped
from tests.bot.talking import private_answer, refusal

CROWD = 40


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with Stage(tmp_path) as stage:
        yield stage


def settled(handle: InteractionHandle) -> Message | None:
    """The last thing that a person was shown for a command: a picture, or a private sentence."""
    shown = [m for m in handle.updates if m.pictures or (m.private and m.text)]
    return shown[-1] if shown else None


async def test_sigterm_serves_everyone_who_was_acknowledged(stage: Stage) -> None:
    process = await stage.bot_process(DRAIN_TIMEOUT_S=60)
    await line_with(process, "newmon is ready")
    stage.sandbox.clock.stop()  # so many may take a busy machine longer than Discord waits
    people = [await stage.person(f"Person {i}") for i in range(CROWD)]
    handles = await asyncio.gather(*(person.command("newmon", count=4) for person in people))
    await handles[0].acknowledged()
    code, said = await stopped(process)
    assert (code, "Traceback" in said) == (0, False), said
    answers = [
        await person.wait(lambda handle=handle: settled(handle))
        for person, handle in zip(people, handles, strict=True)
    ]
    assert {a.text for a in answers if not a.pictures} <= {STOPPING}
    assert any(a.pictures for a in answers)
    for handle in handles:
        assert handle.status == "acknowledged"
        assert len([m for m in handle.updates if m.pictures]) <= 1


async def test_when_time_is_up_what_is_being_drawn_is_shown_and_those_who_wait_are_told(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on, draw = asyncio.Event(), threading.Event(), Worker.draw
    loop = asyncio.get_running_loop()

    def held(drawing: Worker, batch: list[Any]) -> Any:
        loop.call_soon_threadsafe(begun.set)
        go_on.wait()
        return draw(drawing, batch)

    monkeypatch.setattr(Worker, "draw", held)
    monkeypatch.setattr(worker, "LAST_BATCH_S", 60.0)
    monkeypatch.setattr(client, "LAST_WORDS_S", 60.0)
    try:
        bot = await stage.bot(drain_timeout_s=0)
        ash, *others = [await stage.person(f"Person {i}") for i in range(CROWD)]
        drawn = await ash.command("newmon")
        await begun.wait()
        waiting = [await person.command("newmon", count=9) for person in others]
        await asyncio.gather(*(handle.acknowledged() for handle in waiting))
        stopping = asyncio.create_task(bot.stop())
        for person, handle in zip(others, waiting, strict=True):
            assert "going to sleep" in await refusal(person, handle)
        assert not stopping.done()
        go_on.set()
        await stopping
        assert (await drawn.message()).pictures
    finally:
        go_on.set()  # whatever failed: the thread must end


async def test_a_network_that_never_answers_does_not_keep_it_from_stopping(stage: Stage) -> None:
    process = await stage.bot_process(DRAIN_TIMEOUT_S=0)
    await line_with(process, "newmon is ready")
    ash = await stage.person("Ash")
    for what in ("callback", "edit original"):
        held = stage.sandbox.faults.hold(what)
        await ash.command("newmon")
        await held.met()
    code, said = await stopped(process)  # while both are still held
    assert (code, "Traceback" in said) == (0, False), said
    assert "2 requests were not answered in time" in " ".join(said.split())


async def test_a_bot_that_does_not_serve_yet_says_so_and_stops_when_told(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_start, start = asyncio.Event(), LocalEngine.start

    async def slowly(engine: LocalEngine) -> None:
        await may_start.wait()
        await start(engine)

    monkeypatch.setattr(LocalEngine, "start", slowly)
    starting = asyncio.create_task(stage.bot())
    ash = await stage.person("Ash")
    await ash.wait(lambda: ash.online and ash.commands)
    assert await private_answer(ash, "newmon") == STARTING
    assert await ash.autocomplete("mon", "name", "F") == []
    may_start.set()
    bot = await starting
    assert (await (await ash.command("newmon")).message()).pictures
    await bot.stop()


async def test_it_can_be_stopped_before_it_serves(stage: Stage) -> None:
    process = await stage.bot_process()
    await line_with(process, "Waking up")
    code, said = await stopped(process)
    assert (code, "Traceback" in said) == (0, False), said


async def test_whoever_comes_while_it_goes_to_sleep_is_told_so_and_who_came_before_is_served(
    stage: Stage,
) -> None:
    bot = await stage.bot()
    ash, misty = await stage.person("Ash"), await stage.person("Misty")
    held = stage.sandbox.faults.hold("edit original")
    handle = await ash.command("newmon")
    await held.met()
    stopping = asyncio.create_task(bot.stop())
    assert await refusal(misty, await misty.command("newmon")) == STOPPING
    assert not stopping.done()
    held.release()
    assert (await handle.message()).pictures
    await stopping


async def test_the_service_counts_whom_it_serves() -> None:
    service = Service()
    assert service.closed == STARTING
    service.open()
    with service.serving():
        assert await service.drained(0) == 1
    assert await service.drained(0) == 0
