"""What outlives the process: creatures, and buttons on old messages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest_asyncio

from bot.config import Settings
from bot.engine.local import LocalEngine
from bot.store import Store
from sandbox.driver import SandboxUser
from tests.bot.engine.ordering import redrawn
from tests.bot.running import RunningBot
from tests.bot.talking import hatch, hatch_and_save, labels, press, refusal


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
        assert "mostly Foo" in child.text
        swapped = await (await ash.click(mixed, "Swap parents")).message()
        assert swapped.alts[0] == "Bar and Foo"
        again = await (await ash.command("mix", a="Foo", b="Bar")).message()
        assert again.alts[0] == "Foo and Bar"
        dialog = await (await ash.click(unsaved, "Save")).modal()
        saved = await (await ash.submit(dialog, {"Name": "Late"})).message()
        assert saved.title == "Late"


async def test_every_button_and_menu_works_after_a_restart(bot: RunningBot) -> None:
    async with SandboxUser(bot.url, "Ash") as ash:
        sheet = await hatch(ash, count=4)
        foo = await hatch_and_save(ash, "Foo", "1")
        bar = await hatch_and_save(ash, "Bar", "2")
        mixed = await (await ash.command("mix", a="Foo", b="Bar")).message()
        page = await (await ash.command("mons")).message()
        asked = await press(ash, foo, "Release")

    await restart(bot)

    async with SandboxUser(bot.url, "Ash") as ash:
        dialog = await (await ash.click(bar, "Rename")).modal()
        renamed = await (await ash.submit(dialog, {"Name": "Baz"})).message()
        assert (renamed.id, renamed.title) == (bar.id, "Baz")
        assert (await press(ash, sheet, labels(sheet)[1])).pictures
        assert len((await press(ash, sheet, "Hatch 4 more")).buttons) == 6
        assert "Variations" in (await press(ash, mixed, "More like this")).text
        assert (await press(ash, mixed, "Watch")).pictures
        oldest = await (await ash.select(page, "Order", "oldest")).message()
        assert oldest.id == page.id and [o[0] for o in oldest.menus[0].options] == ["1 · Foo", "2 · Baz"]
        opened = await (await ash.select(oldest, "Open one …", "2 · Baz")).message()
        assert opened.title == "Baz"
        assert (await press(ash, opened, "Favourite")).title == "Baz ⭐"
        assert "A small step away" in (await press(ash, opened, "Reroll nearby")).text
        chosen = await (await ash.click(opened, "Mix with …")).modal()
        assert chosen.title == "Mix Baz with …"
        assert "2 creatures" in (await press(ash, opened, "My creatures")).text
        gone = await press(ash, asked, "Yes, let Foo go")
        assert gone.title == "Foo was released."


async def test_what_nobody_saved_is_forgotten_in_time_and_its_buttons_say_so(bot: RunningBot) -> None:
    async with SandboxUser(bot.url, "Ash") as ash:
        kept, forgotten = await hatch_and_save(ash, "Kept", "1"), await hatch(ash, seed="2")
        store = await Store.open(bot.settings.database)
        assert await store.creatures.prune(timedelta(0)) == 1
        await store.close()
        for button in ("Save", "Reroll nearby", "Mix with …"):
            assert "no longer here" in await refusal(ash, await ash.click(forgotten, button))
        assert (await press(ash, forgotten, "Hatch another")).pictures
        assert (await press(ash, kept, "Reroll nearby")).pictures


async def test_a_saved_creature_is_drawn_from_its_styles_exactly_as_it_was(tmp_path: Path) -> None:
    """With the checkpoint that is part of the repository."""
    bot = await RunningBot(tmp_path, checkpoint=Settings.model_fields["checkpoint"].default).start()
    async with SandboxUser(bot.url, "Ash") as ash:
        await hatch_and_save(ash, "Foo", "Ash")
        await hatch_and_save(ash, "Bar", "Misty")
        child = await (await ash.command("mix", a="Foo", b="Bar", amount=50)).message()
        dialog = await (await ash.click(child, "Save")).modal()
        await (await ash.submit(dialog, {"Name": "Child"})).message()
    await bot.stop()

    store, engine = await Store.open(bot.settings.database), LocalEngine(bot.settings.checkpoint, threads=1)
    await engine.start()
    saved = [await store.collection.find(int(ash.id), None, name) for name in ("Foo", "Bar", "Child")]
    drawn = await redrawn(
        engine, [creature.w_plus for creature in saved], [c.noise_seed for c in saved], user_id=1
    )
    await engine.close()
    await store.close()
    assert [one.png for one in drawn] == [creature.png for creature in saved]
    assert {creature.checkpoint_id for creature in saved} == {engine.checkpoint_id}
    assert saved[2].w_plus.shape == saved[0].w_plus.shape and len({c.png for c in saved}) == 3
