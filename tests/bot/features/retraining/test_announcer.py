"""The message of a retrain while Discord has a bad day."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.client import NewmonBot
from bot.core import language
from bot.core.limits import STOPPING
from bot.features.retraining import announcer
from bot.retrain import jobs
from sandbox.driver import Message, SandboxUser
from tests.bot.catalogues import write_catalogue
from tests.bot.retrain.conftest import process_of
from tests.bot.retrain.stage import Stage, begin, ends, shows, until
from tests.bot.talking import labels

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def old_jobs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every retrain counts as an old one, and the next edit of an old one's message is far away."""
    monkeypatch.setattr(announcer, "LATER", announcer.LATER * 0)
    monkeypatch.setattr(announcer, "LATER_INTERVAL_S", 1e6)
    yield


async def test_it_outlives_the_interaction(stage: Stage, oak: SandboxUser) -> None:
    message = await begin(stage, oak, "wait")
    stage.sandbox.faults.expire()
    edited = oak.current(message).raw["edited_timestamp"]
    await oak.wait(lambda: oak.current(message).raw["edited_timestamp"] != edited)
    await stage.go_on()
    await ends(oak, message, "A new checkpoint is in use")


async def test_it_is_in_the_language_of_its_server(
    stage: Stage, oak: SandboxUser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Long after the interaction that began it, too."""
    write_catalogue(tmp_path, "en_GB", {"A new checkpoint is in use": "A fresh checkpoint has arrived"})
    monkeypatch.setattr(language, "LOCALES", tmp_path)
    await ends(oak, await begin(stage, oak, "good"), "A fresh checkpoint has arrived")


async def test_a_message_that_was_deleted_is_posted_anew_at_the_end(stage: Stage, oak: SandboxUser) -> None:
    message = await begin(stage, oak, "wait")
    job = await stage.bot.latest_job()
    channel = stage.announcer.client.get_partial_messageable(job.channel_id, guild_id=job.guild_id)
    await channel.get_partial_message(int(message.id)).delete()
    await oak.wait(lambda: message.id not in oak.history)
    await stage.go_on()
    news = await oak.wait_for_message(
        lambda m: bool(m.embeds) and m.title == "A new checkpoint is in use" and m.id > message.id
    )
    assert news.pictures and labels(news) == [f"Go back to {stage.first[:8]}"]
    await until(stage.was_told)


async def test_a_rate_limit_is_waited_for(stage: Stage, oak: SandboxUser) -> None:
    message = await begin(stage, oak, "wait")
    limit = stage.sandbox.faults.rate_limit("edit message", retry_after_s=0.01, times=3)
    await limit.met(3)
    edited = oak.current(message).raw["edited_timestamp"]
    await oak.wait(lambda: oak.current(message).raw["edited_timestamp"] != edited)


async def test_who_is_told_to_edit_less_does_so_and_the_end_is_told_later(
    stage: Stage, oak: SandboxUser
) -> None:
    message = await begin(stage, oak, "wait")
    limit = stage.sandbox.faults.rate_limit("edit message", times=None)
    news = stage.sandbox.faults.rate_limit("channel message", times=None)
    await limit.met(5)  # discord.py tries that often
    job = await stage.bot.latest_job()
    progress = stage.bot.settings.data_dir / "retrain" / job.run / "progress.json"
    before = progress.read_text()
    editing = stage.announcer._editing
    await until(lambda: editing is None or editing.done())
    hits = limit.hits
    await until(lambda: progress.read_text() != before)
    assert limit.hits == hits == 5
    await stage.go_on()
    await until(stage.has_ended)
    await limit.met(10)
    job = await stage.bot.latest_job()
    assert (job.state, job.told) == ("done", False)
    assert news.hits == 0  # one that cannot be edited for now is not replaced
    await stage.bot.stop()
    await stage.bot.start()
    async with SandboxUser(stage.bot.url, "Oak") as again:
        await ends(again, message, "A new checkpoint is in use")
    await until(stage.was_told)


@pytest.mark.parametrize("fault", ["5xx", "cut off", "no access"])
async def test_other_faults_of_discord_end_no_retrain(stage: Stage, oak: SandboxUser, fault: str) -> None:
    message = await begin(stage, oak, "wait")
    faults = stage.sandbox.faults
    if fault == "5xx":
        met = faults.fail("edit message", 500, times=1)
    elif fault == "cut off":
        met = faults.drop("edit message", times=1)
    else:
        met = faults.refuse("edit message", 50001, times=None)
    await met.met()
    await stage.go_on()
    if fault == "no access":  # nobody there can be told; the retrain has ended well all the same
        await until(stage.was_told)
        assert (await stage.bot.latest_job()).promoted
    else:
        await ends(oak, message, "A new checkpoint is in use")


async def test_a_channel_that_is_gone_is_not_tried_for_ever(stage: Stage, oak: SandboxUser) -> None:
    await begin(stage, oak, "wait")
    stage.sandbox.faults.refuse("edit message", 10003, times=None)
    posted = stage.sandbox.faults.refuse("channel message", 10003, times=None)
    await stage.go_on()
    await until(stage.was_told)
    assert posted.hits == 1 and (await stage.bot.latest_job()).promoted


async def test_a_service_that_stops_both_while_somebody_is_served_has_no_failed_retrain(
    stage: Stage, oak: SandboxUser
) -> None:
    message = await begin(stage, oak, "wait")
    held = stage.sandbox.faults.hold("edit original")
    handle = await oak.command("newmon")
    await held.met()
    client = stage.announcer.client
    assert isinstance(client, NewmonBot)
    stopping = asyncio.create_task(stage.bot.stop())
    await until(lambda: client.service.closed == STOPPING)
    training = process_of(await stage.bot.latest_job())
    training.send(signal.SIGTERM)
    await until(lambda: not training.alive)
    await asyncio.sleep(jobs.POLL_S * 10)  # time enough to misunderstand it
    held.release()
    assert (await handle.message()).pictures
    await stopping
    assert (await stage.bot.latest_job()).state == "running"
    stage.behaviour = "good"
    await stage.bot.start()
    async with SandboxUser(stage.bot.url, "Oak") as again:
        await ends(again, message, "A new checkpoint is in use")


async def test_an_old_message_is_edited_less_often(stage: Stage, oak: SandboxUser, old_jobs: None) -> None:
    stage.behaviour = "wait"
    message = await (await oak.command("retrain start")).message()
    await oak.wait(lambda: shows(oak, message, "Retrain"))
    job = await stage.bot.latest_job()
    progress = stage.bot.settings.data_dir / "retrain" / job.run / "progress.json"
    await until(progress.exists)
    before = progress.read_text()
    await until(lambda: progress.read_text() != before)
    await until(lambda: '"done": 4' in progress.read_text())
    updates = [Message(e["message"]) for e in oak.events if e["event"] == "message_update"]
    assert len([m for m in updates if m.id == message.id and m.embeds]) == 1
