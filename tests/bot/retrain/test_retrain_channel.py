"""/retrain as people see it: one message that is edited as it goes, whatever Discord says to that."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

import bot.__main__ as program
from bot.client import NewmonBot
from bot.retrain import announce, jobs, process
from bot.retrain.announce import Announcer
from bot.sandbox import Sandbox
from bot.sandbox.driver import ActionRefused, Message, SandboxUser
from bot.service import SLEEPING
from bot.store import Job, Store
from tests.bot.retrain.conftest import STANDIN, process_of, until
from tests.bot.running import RunningBot, make_checkpoint
from tests.bot.talking import hatch, labels, press, private_answer, refusal

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOT_AN_ADMIN = "Only the bot's admins"


class Stage:
    """The bot, and what the tests get at beside what people see."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.behaviour = "good"
        self.announcer: Announcer
        self.result = folder / "handed-in.safetensors"
        make_checkpoint(self.result, seed=1)
        (folder / "images").mkdir()
        data = {"sprites": str(folder / "images"), "others": str(folder / "images")}
        self.bot = RunningBot(folder, retrain_data=data, retrain_keep_free_gb=0)
        (folder / "checkpoint.training.safetensors").write_bytes(b"weights")
        real, stage = jobs.command, self

        def command(*arguments: Any) -> list[str]:
            return [str(STANDIN), stage.behaviour, str(stage.result), *real(*arguments)]

        class KnownAnnouncer(Announcer):
            def __init__(self, *arguments: Any) -> None:
                super().__init__(*arguments)
                stage.announcer = self

        patch.setattr(jobs, "command", command)
        patch.setattr(process, "stand_back", lambda pid: None)  # a busy machine would never let it run
        patch.setattr(jobs, "POLL_S", 0.02)
        patch.setattr(announce, "INTERVAL_S", 0.05)
        patch.setattr(program, "Announcer", KnownAnnouncer)

    @property
    def sandbox(self) -> Sandbox:
        """Of the bot as it runs now."""
        return self.bot.sandbox

    @property
    def first(self) -> str:
        """The id of the configured checkpoint."""
        return make_checkpoint(self.bot.folder / "same")

    async def job(self) -> Job:
        store = await Store.open(self.bot.settings.database)
        try:
            job = await store.latest_job()
        finally:
            await store.close()
        assert job is not None
        return job

    async def has_ended(self) -> bool:
        return (await self.job()).state != "running"

    async def was_told(self) -> bool:
        return (await self.job()).told

    async def go_on(self) -> None:
        """Let the running process come to its end."""
        (self.bot.settings.data_dir / "retrain" / (await self.job()).run / "go on").touch()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    with pytest.MonkeyPatch.context() as patch:
        stage = Stage(tmp_path_factory.mktemp("bot"), patch)
        await stage.bot.start()
        yield stage
        await stage.bot.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def stage(shared: Stage) -> AsyncIterator[Stage]:
    """The bot, without faults, with the configured checkpoint in use and no retrain under way."""
    yield shared
    shared.sandbox.faults.clear()
    async with SandboxUser(shared.bot.url, "Oak") as oak:
        await oak.command("retrain cancel")
        await until(shared.has_ended)
        await (await oak.command("checkpoint use", id=shared.first)).message()


@pytest_asyncio.fixture(loop_scope="module")
async def oak(stage: Stage) -> AsyncIterator[SandboxUser]:
    """An admin."""
    async with SandboxUser(stage.bot.url, "Oak") as user:
        yield user


@pytest_asyncio.fixture(loop_scope="module")
async def ash(stage: Stage) -> AsyncIterator[SandboxUser]:
    """A member."""
    async with SandboxUser(stage.bot.url, "Ash") as user:
        yield user


@pytest.fixture
def old_jobs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every retrain counts as an old one, and the next edit of an old one's message is far away."""
    monkeypatch.setattr(announce, "LATER", announce.LATER * 0)
    monkeypatch.setattr(announce, "LATER_INTERVAL_S", 1e6)
    yield


async def begin(stage: Stage, user: SandboxUser, behaviour: str, **options: object) -> Message:
    """Start a retrain; its message, once it shows how it goes."""
    stage.behaviour = behaviour
    message = await (await user.command("retrain start", **options)).message()
    if behaviour not in ("wait", "deaf"):
        return message
    return await user.wait(lambda: shows(user, message, "3.0") or shows(user, message, "kimg"))


def shows(user: SandboxUser, message: Message, text: str) -> Message | None:
    """The message as it stands, if it has that text."""
    now = user.history.get(message.id)
    return now if now is not None and text in now.text else None


async def ends(user: SandboxUser, message: Message, title: str) -> Message:
    def ended() -> Message | None:
        now = user.history.get(message.id)
        return now if now is not None and now.embeds and title in now.embeds[0]["title"] else None

    return await user.wait(ended)


async def footer(user: SandboxUser) -> str:
    return (await hatch(user)).embeds[0]["footer"]["text"]


async def test_one_message_shows_it_from_the_start_to_the_swap_and_back(
    stage: Stage, oak: SandboxUser, ash: SandboxUser
) -> None:
    message = await begin(stage, oak, "wait", kimg=10)
    running = await oak.wait(lambda: shows(oak, message, "Training at 16×16"))
    assert labels(running) == ["Cancel"] and running.pictures
    for words in ("of 10 kimg", "40 images/s", "about 3 min", "D 0.60", "70.0 ± 0.0", "by Oak"):
        assert words in running.text, words
    assert stage.first[:8] in await footer(ash)
    private = await (await oak.command("retrain status")).message()
    assert private.private and "Training at 16×16" in private.text
    await stage.go_on()
    ended = await ends(oak, message, "A new checkpoint is in use")
    result = (await stage.job()).result_id
    assert result is not None and result[:8] in ended.text and "60.0 ± 1.0 → 50.0 ± 1.0" in ended.text
    assert [picture.filename for picture in ended.pictures] == ["comparison.png"]
    assert result[:8] in await footer(ash)
    assert NOT_AN_ADMIN in await refusal(ash, await ash.click(ended, f"Go back to {stage.first[:8]}"))
    told = await press(oak, ended, f"Go back to {stage.first[:8]}")
    assert stage.first[:8] in told.content and stage.first[:8] in await footer(ash)


async def test_a_picture_that_is_gone_is_left_out(stage: Stage, oak: SandboxUser) -> None:
    message = await begin(stage, oak, "worse")
    ended = await ends(oak, message, "not in use")
    assert ended.pictures and "image" in ended.embeds[0]
    (stage.bot.settings.data_dir / "retrain" / (await stage.job()).run / "comparison.png").unlink()
    status = await (await oak.command("retrain status")).message()
    assert "60.0 ± 1.0" in status.text and not status.pictures and "image" not in status.embeds[0]


async def test_nobody_who_hatches_meanwhile_notices_the_swap(stage: Stage, oak: SandboxUser) -> None:
    message = await begin(stage, oak, "wait")
    swapped, over = asyncio.Event(), 5  # how often each hatches after the swap

    seen: list[list[tuple[str, bytes]]] = [[] for _ in range(6)]

    async def hatching(name: str, seen: list[tuple[str, bytes]]) -> None:
        """The checkpoint and the picture of one seed, again and again."""
        async with SandboxUser(stage.bot.url, name) as user:
            left = over
            while left := left - swapped.is_set():
                creature = await hatch(user, seed="7")
                seen.append((creature.embeds[0]["footer"]["text"], await user.download(creature.pictures[0])))

    people = [asyncio.create_task(hatching(f"Trainer {n}", one)) for n, one in enumerate(seen)]
    await until(lambda: all(seen))
    await stage.go_on()
    await ends(oak, message, "A new checkpoint is in use")
    swapped.set()
    await asyncio.gather(*people)
    new = str((await stage.job()).result_id)[:8]
    pictures: dict[bool, set[bytes]] = {False: set(), True: set()}
    for one in seen:
        from_new = [new in footer for footer, _ in one]
        assert from_new == sorted(from_new)  # the old one first, and never again
        for is_new, (_, picture) in zip(from_new, one, strict=True):
            pictures[is_new].add(picture)
    assert {is_new: len(found) for is_new, found in pictures.items()} == {
        False: 1,
        True: 1,
    }  # all of them whole


async def test_a_worse_one_is_not_used_unless_an_admin_says_so(
    stage: Stage, oak: SandboxUser, ash: SandboxUser
) -> None:
    message = await begin(stage, oak, "worse")
    ended = await ends(oak, message, "The new checkpoint is not in use")
    assert "worse" in ended.text and "60.0 ± 1.0 → 90.0 ± 1.0" in ended.text
    assert stage.first[:8] in await footer(ash)
    assert NOT_AN_ADMIN in await refusal(ash, await ash.click(ended, "Use it anyway"))
    assert stage.first[:8] in await footer(ash)
    await press(oak, ended, "Use it anyway")
    assert str((await stage.job()).result_id)[:8] in await footer(ash)


async def test_any_admin_cancels_and_the_next_one_goes_on(
    stage: Stage, oak: SandboxUser, ash: SandboxUser
) -> None:
    message = await begin(stage, oak, "wait", kimg=10)
    running = oak.current(message)
    assert NOT_AN_ADMIN in await refusal(ash, await ash.click(running, "Cancel"))
    assert NOT_AN_ADMIN in await private_answer(ash, "retrain cancel")
    assert (await stage.job()).state == "running"
    private = await (await oak.command("retrain status")).message()
    await oak.click(running, "Cancel")
    ended = await ends(oak, message, "was cancelled")
    assert "Oak ended it." in ended.text and "is kept" in ended.text
    assert "ended already" in await refusal(oak, await oak.click(private, "Cancel"))
    assert "No retrain is running" in await private_answer(oak, "retrain cancel")
    run = (await stage.job()).run
    again = await begin(stage, oak, "good")
    await ends(oak, again, "A new checkpoint is in use")
    assert (await stage.job()).run == run and (await stage.job()).kimg == 10


async def test_it_can_begin_afresh_instead(stage: Stage, oak: SandboxUser) -> None:
    message = await begin(stage, oak, "crash")
    failed = await ends(oak, message, "failed")
    assert "the shapes do not fit" in failed.text and "`/retrain start` goes on" in failed.text
    run = (await stage.job()).run
    again = await begin(stage, oak, "worse", fresh=True)
    await ends(oak, again, "not in use")
    assert (await stage.job()).run != run


async def test_members_may_not_and_a_second_one_is_refused(
    stage: Stage, oak: SandboxUser, ash: SandboxUser
) -> None:
    for command in ("retrain start", "retrain status", "retrain cancel"):
        assert NOT_AN_ADMIN in await private_answer(ash, command)
    await begin(stage, oak, "wait")
    assert "running already" in await private_answer(oak, "retrain start")


async def test_silly_numbers_and_unknown_data_are_refused(stage: Stage, oak: SandboxUser) -> None:
    for kimg in (0, -5, 0.01, 1e9):
        assert "try 100" in await private_answer(oak, "retrain start", kimg=kimg)
    assert "sprites or others" in await private_answer(oak, "retrain start", data="../../etc")
    with pytest.raises(ActionRefused):
        await oak.command("retrain start", kimg="many")
    assert [c.value for c in await oak.autocomplete("retrain start", "data", "oth")] == ["others"]
    assert [c.value for c in await oak.autocomplete("retrain start", "data", "")] == ["sprites", "others"]


async def test_who_loses_the_right_cannot_end_what_goes_on_without_them(
    stage: Stage, oak: SandboxUser
) -> None:
    message = await begin(stage, oak, "wait")
    await stage.bot.stop()
    before = stage.bot.settings
    stage.bot.settings = before.model_copy(update={"admin_by_permission": False})
    await stage.bot.start()
    async with SandboxUser(stage.bot.url, "Oak") as demoted:
        assert NOT_AN_ADMIN in await refusal(demoted, await demoted.click(message, "Cancel"))
        assert NOT_AN_ADMIN in await private_answer(demoted, "retrain status")
        await stage.go_on()
        ended = await ends(demoted, message, "A new checkpoint is in use")
        assert NOT_AN_ADMIN in await refusal(
            demoted, await demoted.click(ended, f"Go back to {stage.first[:8]}")
        )
    await stage.bot.stop()
    stage.bot.settings = before
    await stage.bot.start()


# -- Discord on a bad day ------------------------------------------------------------------------------------


async def test_it_outlives_the_interaction(stage: Stage, oak: SandboxUser) -> None:
    message = await begin(stage, oak, "wait")
    stage.sandbox.faults.expire()
    edited = oak.current(message).raw["edited_timestamp"]
    await oak.wait(lambda: oak.current(message).raw["edited_timestamp"] != edited)
    await stage.go_on()
    await ends(oak, message, "A new checkpoint is in use")


async def test_a_message_that_was_deleted_is_posted_anew_at_the_end(stage: Stage, oak: SandboxUser) -> None:
    message = await begin(stage, oak, "wait")
    job = await stage.job()
    channel = stage.announcer.client.get_partial_messageable(job.channel_id, guild_id=job.guild_id)
    await channel.get_partial_message(int(message.id)).delete()
    await oak.wait(lambda: message.id not in oak.history)
    await stage.go_on()
    news = await oak.wait_for_message(
        lambda m: (
            bool(m.embeds) and m.embeds[0]["title"] == "A new checkpoint is in use" and m.id > message.id
        )
    )
    assert news.pictures and labels(news) == [f"Go back to {stage.first[:8]}"]
    assert (await stage.job()).told


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
    job = await stage.job()
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
    job = await stage.job()
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
        assert (await stage.job()).promoted
    else:
        await ends(oak, message, "A new checkpoint is in use")


async def test_a_channel_that_is_gone_is_not_tried_for_ever(stage: Stage, oak: SandboxUser) -> None:
    await begin(stage, oak, "wait")
    stage.sandbox.faults.refuse("edit message", 10003, times=None)
    posted = stage.sandbox.faults.refuse("channel message", 10003, times=None)
    await stage.go_on()
    await until(stage.was_told)
    assert posted.hits == 1 and (await stage.job()).promoted


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
    await until(lambda: client.service.closed == SLEEPING)
    training = process_of(await stage.job())
    training.send(signal.SIGTERM)
    await until(lambda: not training.alive)
    await asyncio.sleep(jobs.POLL_S * 10)  # time enough to misunderstand it
    held.release()
    assert (await handle.message()).pictures
    await stopping
    assert (await stage.job()).state == "running"
    stage.behaviour = "good"
    await stage.bot.start()
    async with SandboxUser(stage.bot.url, "Oak") as again:
        await ends(again, message, "A new checkpoint is in use")


async def test_an_old_message_is_edited_less_often(stage: Stage, oak: SandboxUser, old_jobs: None) -> None:
    stage.behaviour = "wait"
    message = await (await oak.command("retrain start")).message()
    await oak.wait(lambda: shows(oak, message, "Retrain"))
    job = await stage.job()
    progress = stage.bot.settings.data_dir / "retrain" / job.run / "progress.json"
    await until(progress.exists)
    before = progress.read_text()
    await until(lambda: progress.read_text() != before)
    await until(lambda: '"done": 4' in progress.read_text())
    updates = [Message(e["message"]) for e in oak.events if e["event"] == "message_update"]
    assert len([m for m in updates if m.id == message.id and m.embeds]) == 1
