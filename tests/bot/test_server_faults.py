"""The PostgreSQL server stops, freezes or leaves sockets half-open: a sentence, and the next one works."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.errors import UserError
from tests.bot.clusters import AMERICAN, Cluster
from tests.bot.running import RunningBot
from tests.bot.sockets import TcpProxy
from tests.bot.stage import Stage, line_with, stopped
from tests.bot.talking import hatch, hatch_and_save, press, private_answer

pytestmark = pytest.mark.postgres

IMPATIENT = {"database_timeout_s": 1, "drain_timeout_s": 1}


@pytest.fixture(scope="module")
def server(cluster: Cluster) -> Iterator[Cluster]:
    """A server of this file's own, which may come to harm."""
    own = Cluster()
    own.start()
    yield own
    own.remove()


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with Stage(tmp_path) as stage:
        yield stage


@pytest.fixture
def name(server: Cluster) -> str:
    """Of a database there."""
    return server.create(AMERICAN)


async def test_a_server_that_stops_and_comes_back_loses_nobodys_creature(
    stage: Stage, server: Cluster, name: str
) -> None:
    await stage.bot(database_url=server.url(name), **IMPATIENT)
    ash = await stage.person("Ash")
    card = await hatch_and_save(ash, "Foo", "1")
    unsaved = await hatch(ash, seed="2")
    await asyncio.to_thread(server.stop)
    try:
        for command, options in (("newmon", {}), ("mons", {}), ("mix", {"a": "Foo", "b": "Foo"})):
            assert "cannot be reached right now" in await private_answer(ash, command, **options)
    finally:
        await asyncio.to_thread(server.start)
    assert (await press(ash, card, "Favourite")).title == "Foo ⭐"
    dialog = await (await ash.click(unsaved, "Save")).modal()
    assert (await (await ash.submit(dialog, {"Name": "Bar"})).message()).title == "Bar"
    assert server.sql("SELECT name FROM creatures ORDER BY name", database=name) == ["Bar", "Foo"]


async def test_a_server_that_fails_over_costs_one_person_a_sentence(
    stage: Stage, server: Cluster, name: str
) -> None:
    async with TcpProxy(server.port) as proxy:
        bot = await stage.bot(database_url=server.url(name, port=proxy.port), **IMPATIENT)
        ash = await stage.person("Ash")
        await hatch_and_save(ash, "Foo", "1")
        proxy.fall_silent()
        assert "cannot be reached right now" in await private_answer(ash, "mon", name="Foo")
        assert (await (await ash.command("mon", name="Foo")).message()).pictures
        assert (await hatch_and_save(ash, "Bar", "2")).pictures
        proxy.fall_silent()
        await bot.stop()  # although nobody answers any more


@pytest.mark.parametrize("frozen", [False, True])
async def test_sigterm_ends_the_bot_whether_the_server_answers_or_not(
    stage: Stage, server: Cluster, name: str, frozen: bool
) -> None:
    process = await stage.bot_process(DATABASE_URL=server.url(name), DATABASE_TIMEOUT_S=1, DRAIN_TIMEOUT_S=1)
    await line_with(process, "newmon is ready")
    ash = await stage.person("Ash")
    await hatch_and_save(ash, "Foo", "1")
    if frozen:
        server.signal_all(signal.SIGSTOP)
    try:
        await ash.command("newmon")
        async with asyncio.timeout(50):  # less than systemd and Docker compose may be set to
            code, said = await stopped(process)
    finally:
        server.signal_all(signal.SIGCONT)
    assert code == 0 and "nobody foresaw" not in said, said


async def test_a_server_that_is_down_at_the_start_is_one_sentence(
    server: Cluster, name: str, tmp_path: Path
) -> None:
    bot = RunningBot(tmp_path, database_url=server.url(name), **IMPATIENT)
    await asyncio.to_thread(server.stop)
    try:
        with pytest.raises(UserError, match="cannot be reached: check its address"):
            await bot.start()
    finally:
        await asyncio.to_thread(server.start)
    await bot.start()
    await bot.stop()


async def test_two_bots_that_start_together_take_turns(stage: Stage, server: Cluster, name: str) -> None:
    """On an empty database, in processes of their own."""
    settings: dict[str, object] = {"DATABASE_URL": server.url(name)}
    processes = [await stage.bot_process(**settings) for _ in range(2)]
    for process in processes:
        await line_with(process, "newmon is ready")
    for process in processes:
        code, _ = await stopped(process)
        assert code == 0
