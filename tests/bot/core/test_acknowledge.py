"""When interactions are acknowledged: after the checks, and in time where those take long."""

from __future__ import annotations

import asyncio

import pytest

from bot.core import acknowledge
from bot.store import Creature
from bot.store.collection import Collection
from sandbox.driver import SandboxUser
from tests.bot.running import RunningBot
from tests.bot.talking import hatch, hatch_and_save, press, refusal

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """The database finds nothing by name before this is set, and the patience is short."""
    held, find = asyncio.Event(), Collection.find

    async def slow(self: Collection, owner_id: int, guild_id: int | None, text: str) -> Creature:
        await held.wait()
        return await find(self, owner_id, guild_id, text)

    monkeypatch.setattr(Collection, "find", slow)
    monkeypatch.setattr(acknowledge, "CHECKS_S", 0.02)
    return held


async def test_a_check_that_takes_long_does_not_keep_discord_waiting(
    running: RunningBot, ash: SandboxUser, misty: SandboxUser, held: asyncio.Event
) -> None:
    handle = await ash.command("mon", name="nobody")
    thinking = await ash.wait(lambda: next((m for m in handle.updates if m.loading), None))
    assert not thinking.private
    held.set()
    assert "no creature called “nobody”" in await refusal(ash, handle)
    await misty.wait(lambda: thinking.id not in misty.history)  # and nothing public stays


async def test_what_is_found_in_the_end_is_shown_where_the_thinking_was(
    running: RunningBot, ash: SandboxUser, held: asyncio.Event
) -> None:
    await hatch_and_save(ash, "Slow", "1")
    handle = await ash.command("mon", name="Slow")
    thinking = await ash.wait(lambda: next((m for m in handle.updates if m.loading), None))
    held.set()
    card = await handle.message(until=lambda m: bool(m.pictures))
    assert card.id == thinking.id and card.title == "Slow"


async def test_nobody_else_sees_what_somebody_mistypes(
    running: RunningBot, ash: SandboxUser, misty: SandboxUser
) -> None:
    before = set(misty.history)
    assert "nobody" in await refusal(ash, await ash.command("mon", name="nobody"))
    assert "0 to 1.5" in await refusal(ash, await ash.command("newmon", weirdness="very"))
    shown = await hatch(ash)
    await misty.wait(lambda: shown.id in misty.history)
    assert set(misty.history) - before == {shown.id}


async def test_a_press_is_answered_in_place_though_its_check_comes_first(
    running: RunningBot, ash: SandboxUser
) -> None:
    card = await hatch_and_save(ash, "Placed", "2")
    assert (await press(ash, card, "Favourite")).id == card.id
