"""Waiting: people see their place in the queue, and limits keep the nest fair."""

from __future__ import annotations

import asyncio
import functools
import re
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import pytest_asyncio

from bot.core.limits import Cooldown
from bot.errors import UserError
from bot.store import Store
from gan.sampler import Sampler
from sandbox.driver import InteractionHandle, Message, SandboxUser
from tests.bot.stage import Stage
from tests.bot.talking import hatch, hatch_and_save, press, private_answer

CROWD = 20  # of whom no more than a batch is drawn at a time
BURST = 9


class Nest:
    """Stands before the sampler: nothing is drawn while it is shut, and one noise seed may fail."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.open.set()
        self.busy = threading.Event()  # something is being drawn, or was
        self.fragile: int | None = None

    def render(
        self, render: object, sampler: Sampler, w_plus: object, noise_seeds: list[int], *, raw: bool = False
    ) -> object:
        self.busy.set()
        assert self.open.wait(60)
        if self.fragile in noise_seeds:
            raise RuntimeError("torch: not enough memory")
        return render(sampler, w_plus, noise_seeds, raw=raw)  # pyright: ignore[reportCallIssue]


@pytest.fixture
def nest(monkeypatch: pytest.MonkeyPatch) -> Iterator[Nest]:
    nest = Nest()
    monkeypatch.setattr(Sampler, "render", functools.partialmethod(_through, nest, Sampler.render))
    yield nest
    nest.open.set()


def _through(
    sampler: Sampler, nest: Nest, render: object, w_plus: object, noise_seeds: list[int], *, raw: bool = False
) -> object:
    return nest.render(render, sampler, w_plus, noise_seeds, raw=raw)


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with Stage(tmp_path) as stage:
        yield stage


async def told_their_place(user: SandboxUser, handle: InteractionHandle) -> Message:
    return await user.wait(
        lambda: next((m for m in handle.updates if "in the queue" in m.content and not m.loading), None)
    )


async def a_full_queue(stage: Stage, nest: Nest) -> list[tuple[SandboxUser, InteractionHandle]]:
    """So many people wait for a nest that is shut that whoever comes now is told so."""
    nest.open.clear()
    people = [await stage.person(f"Person {i}") for i in range(CROWD)]
    handles = [await person.command("newmon") for person in people]
    waits = [
        asyncio.ensure_future(told_their_place(person, handle))
        for person, handle in zip(people, handles, strict=True)
    ]
    _, others = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for other in others:
        other.cancel()
    return list(zip(people, handles, strict=True))


async def test_who_waits_is_shown_their_place_until_the_picture_comes(stage: Stage, nest: Nest) -> None:
    await stage.bot()
    ash = await stage.person("Ash")
    crowd = await a_full_queue(stage, nest)
    handle = await ash.command("newmon")
    shown = await told_their_place(ash, handle)
    assert int(shown.content.split()[3]) > CROWD / 2
    nest.open.set()
    for person, one in [*crowd, (ash, handle)]:
        message = await one.message(until=lambda m: bool(m.pictures))
        assert message.content == "" and await person.download(message.pictures[0])


async def test_a_swap_that_fails_in_the_queue_leaves_the_mix_as_it_was(stage: Stage, nest: Nest) -> None:
    await stage.bot()
    ash = await stage.person("Ash")
    await hatch_and_save(ash, "Foo", "101")
    await hatch_and_save(ash, "Bar", "102")
    mixed = await (await ash.command("mix", a="Foo", b="Bar")).message()
    await a_full_queue(stage, nest)
    handle = await ash.click(mixed, "Swap parents")
    waiting = await told_their_place(ash, handle)
    assert waiting.private and waiting.id != mixed.id  # the sheet has no place for words of that kind
    nest.fragile = 102  # the noise of the children, whose body comes from Bar now
    nest.open.set()
    await ash.wait(lambda: any(m.private and "would not hatch" in m.text for m in handle.updates))
    await ash.wait(lambda: waiting.id not in ash.history)  # what was true while it waited is gone
    left = ash.current(mixed)
    assert left.alts[0] == "Foo and Bar" and len(left.buttons) == len(mixed.buttons)
    nest.fragile = None
    assert (await press(ash, left, "Swap parents")).alts[0] == "Bar and Foo"


async def test_one_person_may_have_so_many_waiting_as_is_configured(stage: Stage, nest: Nest) -> None:
    await stage.bot(per_user_limit=9)
    ash, misty = await stage.person("Ash"), await stage.person("Misty")
    nest.open.clear()
    nest.busy.clear()  # something was drawn when the bot woke up
    drawn = await misty.command("newmon")
    await asyncio.to_thread(nest.busy.wait, 60)
    first = await ash.command("newmon", count=9)
    await first.acknowledged()
    assert "already have 9 creatures waiting" in await private_answer(ash, "newmon")
    nest.open.set()
    assert (await first.message()).pictures and (await drawn.message()).pictures


async def test_who_hatches_very_many_is_told_how_long_to_wait_and_nobody_else(stage: Stage) -> None:
    await stage.bot(cooldown_burst=BURST, cooldown_per_minute=0.01)
    ash, misty = await stage.person("Ash"), await stage.person("Misty")
    assert (await hatch(ash, count=9)).pictures
    assert re.search(r"please wait (6000|59\d\d) seconds", await private_answer(ash, "newmon"))
    assert (await hatch(misty, count=9)).pictures


async def test_a_restart_forgives_nobody(stage: Stage) -> None:
    first = await stage.bot(cooldown_burst=BURST, cooldown_per_minute=0.01)
    ash = await stage.person("Ash")
    assert (await hatch(ash, count=9)).pictures
    await first.stop()
    await stage.bot(cooldown_burst=BURST, cooldown_per_minute=0.01)
    assert "faster than the nest gets warm" in await private_answer(ash, "newmon")


async def test_what_could_not_be_kept_is_not_counted(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Store, "open", functools.partial(Store.open, busy_timeout_s=0))
    await stage.bot(cooldown_burst=BURST, cooldown_per_minute=0.01)
    ash = await stage.person("Ash")
    database = stage.folder / "data" / "newmon.sqlite3"
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(2):
            assert "busy right now" in await private_answer(ash, "newmon", count=9)
    assert (await hatch(ash, count=9)).pictures


def test_a_cool_down_goes_on_in_another_process_whatever_its_clock_says() -> None:
    now = 1000.0
    first = Cooldown(10, 60, now=lambda: now)
    first.take(1, 10)
    first.take(2, 3)
    first.give_back(2, 3)
    kept = first.changes()
    assert kept == {1: 1010.0, 2: 1000.0} and first.changes() == {}
    second = Cooldown(10, 60, now=lambda: now)
    second.restore(kept)
    with pytest.raises(UserError, match="wait 4 seconds"):
        second.take(1, 4)
    second.take(2, 10)
    now = 0.0  # a clock that is set back lets nobody wait longer than for an empty bucket
    third = Cooldown(10, 60, now=lambda: now)
    third.restore(kept)
    with pytest.raises(UserError, match="wait 1 second"):
        third.take(1, 1)


def test_a_cool_down_fills_up_again_with_time() -> None:
    now = 0.0
    cooldown = Cooldown(10, 60, now=lambda: now)  # ten at a stretch, one a second
    cooldown.take(1, 10)
    with pytest.raises(UserError, match="wait 4 seconds"):
        cooldown.take(1, 4)
    now = 4.0
    cooldown.take(1, 4)
    cooldown.give_back(1, 4)
    cooldown.take(1, 4)
    with pytest.raises(UserError, match="wait 1 second,"):
        cooldown.take(1, 1)
    cooldown.take(2, 10)  # another person has a nest of their own
    now = 1000.0
    cooldown.take(1, 10)
    Cooldown(10, 0).take(1, 1000)  # nobody has to wait
