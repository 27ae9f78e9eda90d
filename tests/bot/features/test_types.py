"""/mons type: pages of one type, kept through turning, ordering and a restart, and with old creatures."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing

import numpy as np
import pytest
import pytest_asyncio

from bot.creature.traits import TYPES
from bot.store import NewCreature, Store
from sandbox.driver import Message, SandboxUser
from tests.bot.engine.test_readers import with_heads
from tests.bot.running import RunningBot, make_checkpoint
from tests.bot.talking import hatch, hatch_and_save, labels, press, private_answer, refusal

pytestmark = pytest.mark.asyncio(loop_scope="module")

MANY = 120  # old creatures of Brock's, of three types
KINDS = ("Fire", "Grass", "Water")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningBot]:
    """A bot whose little network says what creatures are."""
    folder = tmp_path_factory.mktemp("bot")
    make_checkpoint(folder / "checkpoint.safetensors")
    with_heads(folder / "checkpoint.safetensors")
    bot = await RunningBot(folder).start()
    async with SandboxUser(bot.url, "Brock") as brock:
        await fill(bot, brock)
    yield bot
    await bot.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def brock(running: RunningBot) -> AsyncIterator[SandboxUser]:
    async with SandboxUser(running.url, "Brock") as user:
        yield user


async def fill(bot: RunningBot, user: SandboxUser) -> None:
    """Many creatures that nothing was read of, as an earlier version kept them, and one as this one does."""
    await hatch_and_save(user, "Newest", "1")
    store = await Store.open(bot.settings.database)
    try:
        first = await store.collection.find(int(user.id), None, "Newest")
        random = np.random.default_rng(0)
        codes = random.standard_normal((MANY, *first.w_plus.shape)).astype(np.float32)
        made = await store.creatures.add(
            [
                NewCreature(
                    owner_id=first.owner_id, guild_id=first.guild_id, channel_id=first.channel_id,
                    w_plus=code, noise_seed=1, png=first.png, checkpoint_id=first.checkpoint_id,
                )
                for code in codes
            ]
        )  # fmt: skip
        for i, one in enumerate(made):
            await store.creatures.save(one.id, one.owner_id, f"Old {i:03}", one.guild_id)
    finally:
        await store.close()


def stored(bot: RunningBot, condition: str) -> list[tuple[object, ...]]:
    """(name, types, reader) of saved creatures, as the database has them."""
    with closing(sqlite3.connect(bot.settings.data_dir / "newmon.sqlite3")) as connection:
        return connection.execute(
            "SELECT name, type_1, type_2, read_by FROM creatures WHERE name IS NOT NULL AND " + condition
        ).fetchall()


def shown(page: Message) -> list[str]:
    return [label.split(" · ")[1] for label, _value in page.menu("Open one …").options]


def footer(page: Message) -> str:
    return page.embeds[0]["footer"]["text"]


async def test_creatures_hatch_read_and_old_ones_are_read_when_shown(running: RunningBot) -> None:
    [(_, _, _, reader)] = stored(running, "name = 'Newest'")
    assert reader
    assert stored(running, "name = 'Old 007'") == [("Old 007", None, None, None)]
    async with SandboxUser(running.url, "Brock") as brock:
        card = await (await brock.command("mon", name="Old 007")).message()
        await running.stop()  # what is kept after it was shown is kept then
        [(_, main, second, read_by)] = stored(running, "name = 'Old 007'")
        await running.start()
    assert read_by == reader and main in KINDS
    assert f"**{' / '.join(str(kind) for kind in (main, second) if kind)}**" in card.text
    assert len(stored(running, "read_by IS NOT NULL")) == 2  # the others wait for their turn


async def test_a_type_is_filtered_and_the_filter_stays(running: RunningBot, brock: SandboxUser) -> None:
    page = await (await brock.command("mons", type="Fire", sort="name")).message()
    assert stored(running, "read_by IS NULL") == []  # all of them were read for this
    expected = sorted(str(row[0]) for row in stored(running, "'Fire' IN (type_1, type_2)"))
    assert MANY > len(expected) > 24 and shown(page) == expected[:12]
    assert f"{len(expected)} creatures · by name · only Fire" in footer(page)
    page = await press(brock, page, "Next ▶")
    assert shown(page) == expected[12:24] and "only Fire" in footer(page)
    page = await (await brock.select(page, "Order", "oldest")).message()
    assert "Page 1" in footer(page) and "oldest first · only Fire" in footer(page)
    assert set(shown(page)) <= set(expected)
    page = await (await brock.select(page, "Type", "Grass")).message()
    grass = {str(row[0]) for row in stored(running, "'Grass' IN (type_1, type_2)")}
    assert "oldest first · only Grass" in footer(page) and set(shown(page)) <= grass
    everybody = await (await brock.select(page, "Type", "all")).message()
    assert f"{MANY + 1} creatures · oldest first" in footer(everybody) and "only" not in footer(everybody)


async def test_the_filter_outlives_a_restart(running: RunningBot, brock: SandboxUser) -> None:
    page = await (await brock.command("mons", type="Water", sort="name")).message()
    before = shown(page)
    await running.stop()
    await running.start()
    async with SandboxUser(running.url, "Brock") as again:
        following = await press(again, again.current(page), "Next ▶")
        assert "by name · only Water" in footer(following)
        assert not set(shown(following)) & set(before)


async def test_a_type_that_nobody_has_is_told_in_a_sentence(running: RunningBot) -> None:
    async with SandboxUser(running.url, "Brock") as brock, SandboxUser(running.url, "Lorelei") as lorelei:
        told = await private_answer(brock, "mons", type="Ghost")
        assert told == "Nobody of the type Ghost was found here: try another type, or /mons without one."
        assert await private_answer(lorelei, "mons", type="Fire") == told.replace("Ghost", "Fire")
        page = await (await brock.command("mons", type="Fire")).message()
        handle = await brock.select(page, "Type", "Ice")
        assert await refusal(brock, handle) == told.replace("Ghost", "Ice")
        theirs = await (await lorelei.command("mons", user=brock.id, type="Fire")).message()
        assert "only Fire" in footer(theirs)
        refused = await refusal(brock, await brock.select(theirs, "Type", "Grass"))
        assert "Somebody else is browsing this" in refused


async def test_every_type_is_a_choice_and_a_short_collection_has_no_menu(running: RunningBot) -> None:
    async with SandboxUser(running.url, "Lorelei") as lorelei:
        await hatch(lorelei, seed="1")
        await (await lorelei.command("save", name="Only")).message()
        page = await (await lorelei.command("mons")).message()
        assert not any("Type" in menu.placeholder for menu in page.menus) and "Next ▶" not in labels(page)
        page = await (
            await lorelei.command("mons", type=str(stored(running, "name = 'Only'")[0][1]))
        ).message()
        options = [label for label, _value in page.menu("Type").options]
        assert options == ["All types", *TYPES]
