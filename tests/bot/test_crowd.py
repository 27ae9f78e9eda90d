"""Many people at once: everybody is answered, nobody twice."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from sandbox.driver import SandboxUser
from tests.bot.running import RunningBot

CROWD = 50


@pytest.mark.slow
async def test_fifty_people_hatch_at_once_and_each_gets_one_picture(tmp_path: Path) -> None:
    bot = await RunningBot(tmp_path).start()
    bot.sandbox.clock.stop()  # they may be many for a busy machine; what is asked is that nobody is forgotten
    people = [SandboxUser(bot.url, f"Person {i}") for i in range(CROWD)]
    try:
        await asyncio.gather(*(person.connect() for person in people))

        async def hatch(person: SandboxUser, i: int) -> tuple[str, bytes]:
            handle = await person.command("newmon", seed=str(i))
            # Those at the end of the queue see their place in it first.
            message = await handle.message(timeout_s=60, until=lambda shown: bool(shown.pictures))
            return message.id, await person.download(message.pictures[0])

        shown = await asyncio.gather(*(hatch(person, i) for i, person in enumerate(people)))
        assert len({message_id for message_id, _ in shown}) == CROWD
        assert len({picture for _, picture in shown}) == CROWD
    finally:
        await asyncio.gather(*(person.close() for person in people))
        await bot.stop()


async def test_of_two_saves_at_once_one_wins_and_the_other_is_told(tmp_path: Path) -> None:
    bot = await RunningBot(tmp_path).start()
    try:
        async with SandboxUser(bot.url, "Ash") as ash:
            message = await (await ash.command("newmon")).message()
            dialogs = [await (await ash.click(message, "Save")).modal() for _ in range(2)]
            handles = [
                await ash.submit(dialog, {"Name": name})
                for dialog, name in zip(dialogs, ("One", "Two"), strict=True)
            ]
            refusal = await ash.wait(
                lambda: next((m for handle in handles for m in handle.updates if m.private), None)
            )
            # The loser may be told before the winner's card has changed.
            winner = await ash.wait(
                lambda: next((n for n in ("One", "Two") if ash.current(message).title == n), None)
            )
            assert f"already saved as {winner}" in refusal.text
    finally:
        await bot.stop()
