"""What outlives the process: creatures, and buttons on old messages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from bot.sandbox.driver import SandboxUser
from tests.bot.running import RunningBot, make_checkpoint


@pytest_asyncio.fixture
async def bot(tmp_path: Path) -> AsyncIterator[RunningBot]:
    bot = await RunningBot(tmp_path).start()
    yield bot
    await bot.stop()


async def restart(bot: RunningBot) -> None:
    await bot.stop()
    await bot.start()


async def test_everything_is_there_after_a_restart(bot: RunningBot) -> None:
    async with SandboxUser(bot.url, "Ash") as ash:
        first = await (await ash.command("newmon", seed="1")).message()
        picture = await ash.download(first.pictures[0])
        await (await ash.command("save", name="Foo")).message()
        await (await ash.command("newmon", seed="2")).message()
        await (await ash.command("save", name="Bar")).message()
        mixed = await (await ash.command("mix", a="Foo", b="Bar")).message()
        unsaved = await (await ash.command("newmon", seed="3")).message()

    await restart(bot)

    async with SandboxUser(bot.url, "Ash") as ash:
        assert [m.id for m in ash.messages()][-1] == unsaved.id
        assert await ash.download(ash.current(first).pictures[0]) == picture
        child = await (await ash.click(mixed, "4")).message()  # a button on an old message
        assert "25 % of B" in child.text
        swapped = await (await ash.click(mixed, "Swap parents")).message()
        assert swapped.embeds[0]["title"] == "Bar × Foo"
        again = await (await ash.command("mix", a="Foo", b="Bar")).message()
        assert again.embeds[0]["title"] == "Foo × Bar"
        dialog = await (await ash.click(unsaved, "Save")).modal()
        saved = await (await ash.submit(dialog, {"Name": "Late"})).message()
        assert saved.embeds[0]["title"] == "Late"


async def test_commands_are_sent_once_and_again_only_if_lost(bot: RunningBot) -> None:
    note = bot.settings.data_dir / "synced-commands.json"
    written = note.stat().st_mtime_ns
    await restart(bot)
    assert note.stat().st_mtime_ns == written
    await bot.stop()
    note.write_text("of another application")
    await bot.start()
    assert note.stat().st_mtime_ns != written
    async with SandboxUser(bot.url, "Ash") as ash:
        assert {command["name"] for command in ash.commands} == {"newmon", "save", "mix", "about"}


async def test_creatures_of_another_checkpoint_stay_but_do_not_mix(bot: RunningBot) -> None:
    async with SandboxUser(bot.url, "Ash") as ash:
        old = await (await ash.command("newmon", seed="1")).message()
        picture = await ash.download(old.pictures[0])
        await (await ash.command("save", name="Old")).message()
    await bot.stop()
    make_checkpoint(bot.settings.checkpoint, seed=1)
    await bot.start()
    async with SandboxUser(bot.url, "Ash") as ash:
        assert await ash.download(ash.current(old).pictures[0]) == picture
        new = await (await ash.command("newmon", seed="1")).message()
        assert await ash.download(new.pictures[0]) != picture
        await (await ash.command("save", name="New")).message()
        handle = await ash.command("mix", a="Old", b="New")
        refusal = await ash.wait(lambda: next((m for m in handle.updates if m.private), None))
        assert "older checkpoint" in refusal.text
