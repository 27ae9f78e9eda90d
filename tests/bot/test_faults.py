"""A bad day at Discord's, caused on purpose: nobody is answered twice, nothing is lost."""

from __future__ import annotations

import asyncio
import logging
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing

import pytest
import pytest_asyncio

from bot.store.collection import Collection
from sandbox.driver import Message, SandboxUser
from sandbox.faults import Faults
from sandbox.places import Kind
from tests.bot.running import RunningBot
from tests.bot.stage import Stage
from tests.bot.talking import hatch, private_answer, refusal

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with Stage(tmp_path_factory.mktemp("stage")) as stage:
        yield stage


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(stage: Stage) -> RunningBot:
    return await stage.bot()


@pytest_asyncio.fixture(loop_scope="module")
async def faults(stage: Stage, running: RunningBot) -> AsyncIterator[Faults]:
    with stage.sandbox.faults.only_here() as faults:
        yield faults


@pytest_asyncio.fixture(loop_scope="module")
async def ash(stage: Stage, running: RunningBot) -> AsyncIterator[SandboxUser]:
    async with SandboxUser(stage.sandbox.url, "Ash") as ash:
        yield ash


def creatures(running: RunningBot) -> int:
    with closing(sqlite3.connect(str(running.settings.database))) as connection:
        return connection.execute("SELECT count(*) FROM creatures").fetchone()[0]


def pictures_since(user: SandboxUser, before: list[Message]) -> list[Message]:
    known = {message.id for message in before}
    return [m for m in user.messages() if m.id not in known and m.pictures]


# Callbacks and edits


@pytest.mark.parametrize("what", ["callback", "edit original"])
@pytest.mark.parametrize(
    ("fault", "after"),
    [("rate_limit", False), ("fail", False), ("fail", True), ("drop", False), ("drop", True)],
)
async def test_a_fault_on_the_way_costs_nobody_a_creature(
    faults: Faults, ash: SandboxUser, running: RunningBot, what: str, fault: str, after: bool
) -> None:
    """Before the request took effect, or after: then its answer alone is lost."""
    before, hatched = ash.messages(), creatures(running)
    match fault:
        case "rate_limit":
            met = faults.rate_limit(what, retry_after_s=0.02)
        case "fail":
            met = faults.fail(what, after=after)
        case _:
            met = faults.drop(what, after=after)
    again = faults.delay(what, 0)
    handle = await ash.command("newmon")
    message = await handle.message(until=lambda m: bool(m.pictures))
    await again.met()
    assert met.hits == 1
    if after and what == "edit original":  # it was put there once more
        message = await ash.wait_for_message(lambda m: m.id == message.id and m.pictures != message.pictures)
    assert await ash.download(message.pictures[0])
    assert [m.id for m in pictures_since(ash, before)] == [message.id]
    assert creatures(running) == hatched + 1


async def test_a_private_sentence_gets_through_a_broken_connection(faults: Faults, ash: SandboxUser) -> None:
    met = faults.drop("callback", times=2)
    assert "0 to 1.5" in await private_answer(ash, "newmon", weirdness="very")
    assert met.hits == 2


async def test_where_discord_stays_away_the_next_request_works(
    faults: Faults, ash: SandboxUser, running: RunningBot, caplog: pytest.LogCaptureFixture
) -> None:
    met = faults.drop("edit original", times=None)
    caplog.set_level(logging.ERROR)
    await ash.command("newmon", seed="1")
    # Discord has no private place for it any more: it comes to the channel.
    told = await ash.wait_for_message(lambda m: "Discord could not be reached" in m.text)
    assert f"<@{ash.id}>" in told.content and met.hits > 2
    [error_id] = re.findall(r"error (\w{8})", told.text)
    assert error_id in caplog.text
    faults.clear()
    assert (await hatch(ash, seed="1")).pictures


@pytest.mark.parametrize("code", [10062, 40060])
async def test_an_interaction_that_is_over_is_left_alone(
    faults: Faults, ash: SandboxUser, running: RunningBot, caplog: pytest.LogCaptureFixture, code: int
) -> None:
    hatched = creatures(running)
    faults.refuse("callback", code)
    caplog.set_level(logging.INFO)
    await ash.command("newmon")
    await until_logged(caplog, f"(code {code})")
    assert creatures(running) == hatched
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert (await hatch(ash)).pictures


async def test_a_suggestion_that_comes_too_late_is_left_alone_and_a_broken_one_has_an_id(
    faults: Faults,
    ash: SandboxUser,
    running: RunningBot,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    faults.refuse("callback", 10062)  # the person has typed on
    caplog.set_level(logging.INFO)
    late = asyncio.create_task(ash.autocomplete("mon", "name", "f"))
    await until_logged(caplog, "(code 10062)")
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]

    def broken(*_: object) -> None:
        raise ZeroDivisionError("the bug")

    with monkeypatch.context() as patch:
        patch.setattr(Collection, "suggest", broken)
        wrong = asyncio.create_task(ash.autocomplete("mon", "name", "fo"))
        await until_logged(caplog, "the bug")
    [record] = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert re.search(r"error \w{8}", record.getMessage())
    assert await ash.autocomplete("newmon", "weirdness", "t")
    for unanswered in (late, wrong):
        unanswered.cancel()


async def test_a_picture_that_is_too_large_is_a_sentence(faults: Faults, ash: SandboxUser) -> None:
    faults.refuse("edit original", 40005)
    assert "too large" in await private_answer(ash, "newmon")
    assert (await hatch(ash)).pictures


# The token's fifteen minutes


@pytest.mark.parametrize("code", [50027, 10015])
async def test_an_answer_that_outlives_its_token_comes_as_a_message_in_the_channel(
    faults: Faults, ash: SandboxUser, code: int
) -> None:
    before = ash.messages()
    held = faults.hold("edit original")
    await ash.command("newmon", seed="late")
    await held.met()
    faults.expire(code=code)
    held.release()
    shown = await ash.wait_for_message(lambda m: m.id not in {b.id for b in before} and bool(m.pictures))
    assert shown.text.startswith(f"<@{ash.id}>, this took a while:") and "late" in shown.text
    assert [person["id"] for person in shown.raw["mentions"]] == [ash.id]
    dialog = await (await ash.click(shown, "Save")).modal()  # its buttons work like any other's
    saved = await (await ash.submit(dialog, {"Name": f"Late {code}"})).message()
    assert saved.title == f"Late {code}"


async def test_where_the_bot_may_not_write_a_late_answer_is_only_logged(
    faults: Faults, ash: SandboxUser, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.places.BOT", _Silenced())
    caplog.set_level(logging.INFO)
    posts = faults.delay("channel message", 0)
    held = faults.hold("edit original")
    await ash.command("newmon")
    await held.met()
    faults.expire()
    held.release()
    await until_logged(caplog, "(code 50027)")
    assert posts.hits == 0


@pytest.mark.parametrize("place", ["direct", "group"])
async def test_a_late_answer_comes_in_direct_messages_and_not_where_the_bot_is_no_member(
    faults: Faults, stage: Stage, caplog: pytest.LogCaptureFixture, place: Kind
) -> None:
    caplog.set_level(logging.INFO)
    posts = faults.delay("channel message", 0)
    async with SandboxUser(stage.sandbox.url, "Ash", place=place) as ash:
        held = faults.hold("edit original")
        await ash.command("newmon", seed="late")
        await held.met()
        faults.expire()
        held.release()
        if place == "direct":
            shown = await ash.wait_for_message(lambda m: bool(m.pictures))
            assert f"<@{ash.id}>" in shown.text
        else:
            await until_logged(caplog, "(code 50027)")
        assert posts.hits == (place == "direct")


class _Silenced:
    permissions = 1 << 10  # to see the channel, and no more


async def until_logged(caplog: pytest.LogCaptureFixture, text: str) -> None:
    news = asyncio.Event()

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            news.set()

    listener = Listener()
    logging.getLogger().addHandler(listener)
    try:
        async with asyncio.timeout(30):
            while text not in caplog.text:
                await news.wait()
                news.clear()
    finally:
        logging.getLogger().removeHandler(listener)


# The gateway


@pytest.mark.parametrize("drop", ["abort", "reconnect", "close"])
async def test_a_gateway_that_drops_in_mid_command_answers_everyone_once(
    faults: Faults, ash: SandboxUser, running: RunningBot, drop: str
) -> None:
    before, hatched = ash.messages(), creatures(running)
    held = faults.hold("edit original", times=None)
    early = [await ash.command("newmon") for _ in range(3)]
    await held.met(3)
    faults.gateway.hold()
    lost_on_the_wire = [await ash.command("newmon") for _ in range(3)]
    getattr(faults.gateway, drop)()  # the bot resumes, and gets what was on the wire
    late = [await ash.command("newmon") for _ in range(3)]
    held.release()
    handles = early + lost_on_the_wire + late
    messages = [await handle.message(until=lambda m: bool(m.pictures)) for handle in handles]
    assert len({m.id for m in messages}) == len(handles)
    assert sorted(m.id for m in messages) == sorted(m.id for m in pictures_since(ash, before))
    assert creatures(running) == hatched + len(handles)


async def test_after_a_session_that_cannot_be_resumed_people_are_served_again(
    faults: Faults, ash: SandboxUser
) -> None:
    faults.gateway.invalidate()
    await ash.wait(lambda: not ash.online)
    await ash.wait(lambda: ash.online)
    assert (await hatch(ash)).pictures


# What goes wrong on this side


async def test_an_error_in_torch_fails_one_request_and_no_other(
    ash: SandboxUser, running: RunningBot, monkeypatch: pytest.MonkeyPatch, faults: Faults
) -> None:
    from gan.sampler import Sampler

    render = Sampler.render

    def fragile(self: Sampler, w_plus: object, noise_seeds: list[int], *, raw: bool = False) -> object:
        if 13 in noise_seeds:
            raise RuntimeError("torch: not enough memory")
        return render(self, w_plus, noise_seeds, raw=raw)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(Sampler, "render", fragile)
    faults.gateway.hold()  # so that they come at once, into one batch
    handles = [await ash.command("newmon", seed=str(seed)) for seed in (11, 12, 13, 14, 15)]
    faults.gateway.release()
    assert "would not hatch" in await refusal(ash, handles[2])
    for handle in handles[:2] + handles[3:]:
        assert (await handle.message(until=lambda m: bool(m.pictures))).pictures
    monkeypatch.undo()
    assert (await hatch(ash, seed="13")).pictures


async def test_a_bug_is_a_sentence_with_an_id_that_the_log_knows(
    ash: SandboxUser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("the bug")

    monkeypatch.setattr("bot.core.creatures.creature_card", broken)
    answer = await private_answer(ash, "newmon")
    [error_id] = re.findall(r"error (\w{8})", answer)
    [record] = [record for record in caplog.records if error_id in record.getMessage()]
    assert record.exc_info is not None and "the bug" in caplog.text and "the bug" not in answer
