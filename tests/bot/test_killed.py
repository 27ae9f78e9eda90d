"""SIGKILL on the real bot in a storm of saves: whoever saw a name on a card finds the creature again."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sandbox.driver import SandboxUser
from tests.bot.stage import Stage, line_with
from tests.bot.talking import hatch, press

KILLS = 2
CROWD = 6
SAVES = 12  # that are seen before a kill


@pytest.mark.slow
async def test_a_killed_bot_comes_back_with_everything_that_people_saw_saved(tmp_path: Path) -> None:
    seen: dict[str, str] = {}  # name → whose
    enough = asyncio.Event()

    async def save_on_and_on(person: SandboxUser, first: int) -> None:
        for number in range(first, first + 1000):
            await hatch(person)
            handle = await person.command("save", name=f"Mon {number}")
            await handle.message(until=lambda m: bool(m.pictures))
            seen[f"Mon {number}"] = person.name
            if len(seen) % SAVES == 0:
                enough.set()

    async with Stage(tmp_path) as stage:
        for kill in range(KILLS):
            process = await stage.bot_process()
            await line_with(process, "newmon is ready")
            people = [await stage.person(f"Person {i}") for i in range(CROWD)]
            enough.clear()
            saving = [
                asyncio.create_task(save_on_and_on(person, 10_000 * (CROWD * kill + i)))
                for i, person in enumerate(people)
            ]
            await enough.wait()
            process.kill()
            await process.wait()
            for task in saving:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

        process = await stage.bot_process()
        await line_with(process, "newmon is ready")
        ash = await stage.person("Ash")
        with closing(sqlite3.connect(tmp_path / "data" / "newmon.sqlite3")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            saved = dict(
                connection.execute(
                    "SELECT creatures.name, people.name FROM creatures JOIN people ON user_id = owner_id"
                    " WHERE people.guild_id = creatures.guild_id AND creatures.name > ''"
                )
            )
        assert len(seen) >= KILLS * SAVES
        assert seen.items() <= saved.items()
        card = await (await ash.command("mon", name=next(reversed(seen)))).message()
        assert await ash.download(card.pictures[0])
        assert (await press(ash, card, "Reroll nearby")).pictures
