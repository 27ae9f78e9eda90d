"""Whoever watches over the bot learns whether it is well, and what it does."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from bot.engine.drawing import Drawer
from bot.errors import UserError
from bot.operations import health
from sandbox.driver import SandboxUser
from tests.bot.engine.ordering import until
from tests.bot.running import RunningBot
from tests.bot.stage import Stage
from tests.bot.talking import hatch, refusal


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with Stage(tmp_path) as made:
        yield made


@pytest_asyncio.fixture
async def web() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def address(caplog: pytest.LogCaptureFixture) -> str:
    """Where the latest bot that was started tells how it is."""
    return re.findall(r"How the bot is: (\S+)/readyz", caplog.text)[-1]


async def watched(stage: Stage, caplog: pytest.LogCaptureFixture, **settings: object) -> str:
    caplog.set_level("INFO")
    await stage.bot(health_port=0, **settings)
    return address(caplog)


async def asked(web: aiohttp.ClientSession, url: str) -> tuple[int, dict[str, Any]]:
    async with web.get(url) as answer:
        return answer.status, await answer.json()


async def values(web: aiohttp.ClientSession, url: str) -> dict[str, float]:
    """Each sample of /metrics with its labels, as it is written."""
    async with web.get(f"{url}/metrics") as answer:
        assert answer.status == 200 and answer.content_type == "text/plain"
        lines = [line for line in (await answer.text()).splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


async def test_a_bot_that_is_well_says_so_and_counts_what_it_does(
    stage: Stage, web: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    url = await watched(stage, caplog)
    before = await values(web, url)
    ash = await stage.person("Ash")
    await hatch(ash, count="4")
    await refusal(ash, await ash.command("newmon", seed="-5"))
    for path in ("livez", "readyz"):
        status, told = await asked(web, f"{url}/{path}")
        assert (status, told["well"]) == (200, True), told
    assert set(told["checks"]) == {"service", "gateway", "checkpoint", "engine", "database"}
    after = await values(web, url)

    def grown(name: str) -> float:
        return after[name] - before.get(name, 0.0)

    assert grown('newmon_hatches_total{recipe="hatch"}') == 4
    assert grown('newmon_errors_total{kind="refused"}') == 1
    assert grown("newmon_batch_creatures_sum") >= 4 and grown("newmon_drawing_seconds_sum") > 0
    for stage_name in ("acknowledged", "done"):
        assert grown(f'newmon_interaction_seconds_count{{kind="command",stage="{stage_name}"}}') == 2
    assert grown("newmon_database_seconds_count") > 0
    assert after["newmon_ready"] == after["newmon_servers"] == 1
    assert after["newmon_queue_creatures"] == 0 and after["newmon_gateway_latency_seconds"] > 0
    assert {name for name in after if not name.startswith("newmon_")} == set()
    [info] = [name for name in after if name.startswith("newmon_info")]
    assert f'checkpoint="{told["checks"]["checkpoint"]["says"]}"' in info


async def test_it_is_alive_but_not_ready_while_it_starts(
    stage: Stage, web: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    stage.sandbox.faults.gateway.hold()
    starting = asyncio.create_task(stage.bot(health_port=0))
    await until(lambda: "How the bot is" in caplog.text)
    url = address(caplog)
    assert (await asked(web, f"{url}/livez"))[0] == 200
    status, told = await asked(web, f"{url}/readyz")
    assert status == 503 and not told["checks"]["gateway"]["well"]
    assert (await values(web, url))["newmon_ready"] == 0
    stage.sandbox.faults.gateway.release()
    await starting
    assert (await asked(web, f"{url}/readyz"))[0] == 200


async def test_a_database_that_fails_is_told_in_a_sentence(
    stage: Stage, web: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    url = await watched(stage, caplog)
    before = await values(web, url)
    path = stage.folder / "data" / "newmon.sqlite3"
    with sqlite3.connect(path) as other:
        other.execute("ALTER TABLE active_checkpoint RENAME TO gone")
    status, told = await asked(web, f"{url}/readyz")
    assert status == 503
    assert [name for name, check in told["checks"].items() if not check["well"]] == ["database"]
    assert (await asked(web, f"{url}/livez"))[0] == 200  # which no restart would mend
    assert (await values(web, url))["newmon_database_errors_total"] > before["newmon_database_errors_total"]
    with sqlite3.connect(path) as other:
        other.execute("ALTER TABLE gone RENAME TO active_checkpoint")
    assert (await asked(web, f"{url}/readyz"))[0] == 200


async def test_a_thread_that_hangs_is_found(
    stage: Stage,
    web: aiohttp.ClientSession,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = await watched(stage, caplog)
    hangs, go_on, draw = threading.Event(), threading.Event(), Drawer.draw

    def hanging(*arguments: Any) -> Any:
        hangs.set()
        go_on.wait()
        return draw(*arguments)

    monkeypatch.setattr(Drawer, "draw", hanging)
    monkeypatch.setattr(health, "ENGINE_SILENT_S", 1e-9)
    ash = await stage.person("Ash")
    drawing = await ash.command("newmon")
    try:
        assert await asyncio.to_thread(hangs.wait, 60)
        await asked(web, f"{url}/livez")  # asks the thread something, which it does not come to
        assert (await asked(web, f"{url}/livez"))[0] == 503
    finally:
        go_on.set()
    assert (await drawing.message()).pictures


async def test_a_port_in_use_is_one_sentence(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    port = int((await watched(stage, caplog)).rpartition(":")[2])
    other = RunningBot(stage.folder / "other", health_port=port)
    with pytest.raises(UserError, match=f"HEALTH_PORT {port} on 127.0.0.1 cannot be listened on"):
        await other.start()


async def test_the_log_can_be_read_by_programs(stage: Stage) -> None:
    process = await stage.bot_process(LOG_FORMAT="json", HEALTH_PORT=0)
    lines: list[dict[str, Any]] = []
    while not any("newmon is ready" in line["message"] for line in lines):
        lines.append(json.loads(await process.stdout.readline()))
    stage.sandbox.faults.refuse("edit original", 50013, times=None)
    async with SandboxUser(stage.sandbox.url, "Ash") as ash:
        await ash.command("newmon")
        while "error_id" not in lines[-1]:
            lines.append(json.loads(await process.stdout.readline()))
    stage.sandbox.faults.clear()
    failed = lines[-1]
    assert failed["level"] == "ERROR" and failed["error_id"] in failed["message"]
    assert failed["interaction_id"].isdecimal() and "Traceback" in failed["traceback"]
    assert {"time", "level", "logger", "message"} <= set(lines[0])
