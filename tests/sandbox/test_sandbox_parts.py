"""The small parts of the sandbox, each by itself."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from sandbox import snowflakes
from sandbox.snowflakes import Snowflakes
from sandbox.state import RECENT_MAX, State, StoredFile, StoredMessage
from sandbox.turnstile import Turnstile
from sandbox.uploads import describe, safe_name
from sandbox.world import BOT
from tests.sandbox.tiny_bot import picture


async def test_a_crowd_is_let_in_a_few_at_a_time_and_in_order() -> None:
    turnstile, entered = Turnstile(per_turn=2), list[int]()

    async def visit(number: int) -> None:
        await turnstile.enter()
        entered.append(number)

    crowd = [asyncio.create_task(visit(number)) for number in range(9)]
    before = 0
    while len(entered) < 8:
        await asyncio.sleep(0)
        assert len(entered) - before <= 2
        before = len(entered)
    await asyncio.gather(*crowd)
    assert entered == list(range(9))


async def test_someone_who_leaves_the_queue_holds_up_nobody() -> None:
    turnstile = Turnstile(per_turn=1)
    crowd = [asyncio.create_task(turnstile.enter()) for _ in range(4)]
    await asyncio.sleep(0)
    crowd[2].cancel()
    results = await asyncio.gather(*crowd, return_exceptions=True)
    assert [isinstance(result, asyncio.CancelledError) for result in results] == [False, False, True, False]


def test_ids_increase_even_when_the_clock_is_set_back() -> None:
    ids = Snowflakes(floor=1 << 62)
    assert [ids.next() - (1 << 62) for _ in range(3)] == [1, 2, 3]
    fresh = Snowflakes()
    first, second = fresh.next(), fresh.next()
    assert second > first
    assert snowflakes.created_at(first).year >= 2025


def test_pictures_are_recognised_by_their_bytes() -> None:
    assert describe(picture(size=24)) == ("image/png", 24, 24)
    assert describe(b"<svg onload=alert(1)>") == ("application/octet-stream", None, None)
    assert safe_name("../../etc/pass wd.png") == "_.._etc_pass_wd.png"


async def test_messages_and_files_are_written_together_and_dropped_together(tmp_path: Path) -> None:
    state = await State.open(tmp_path)
    file = StoredFile(state.snowflakes.next(), "a.png", "image/png", b"png")
    message = StoredMessage(state.snowflakes.next(), BOT.id, attachments=[{"id": str(file.id)}])
    await state.put_message(message, [file])
    assert await state.file(file.id) == file
    message.attachments = []
    await state.put_message(message)
    assert await state.file(file.id) is None
    await state.delete_message(message.id)
    assert await state.message(message.id) is None
    await state.close()


async def test_writes_that_come_together_all_arrive(tmp_path: Path) -> None:
    state = await State.open(tmp_path)
    messages = [
        StoredMessage(state.snowflakes.next(), BOT.id, content=str(n)) for n in range(RECENT_MAX + 20)
    ]
    await asyncio.gather(*(state.put_message(message) for message in messages))
    assert await state.message(messages[0].id) == messages[0], "also those that memory has let go of"
    await state.close()
    state = await State.open(tmp_path)
    assert await state.messages(None, limit=1000) == messages
    await state.close()


async def test_a_refused_write_is_told_to_whoever_waits(tmp_path: Path) -> None:
    state = await State.open(tmp_path)
    orphan = StoredFile(1, "a.png", "image/png", b"")
    message = StoredMessage(2, BOT.id, attachments=[{"id": "1"}])
    await state.put_message(message, [orphan])
    with pytest.raises(Exception, match="UNIQUE"):
        await state.put_message(message, [orphan])
    await state.put_message(StoredMessage(3, BOT.id))
    await state.close()
