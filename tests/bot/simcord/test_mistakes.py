"""What people do wrong is told to them alone, at once, and before anything that others could see.

And what goes wrong later reaches them too, whatever Discord makes of the messages that stand there by then.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
import simcord

from bot.core.limits import Cooldown
from bot.engine import Hatched
from bot.engine.errors import FULL
from bot.engine.local import LocalEngine
from bot.errors import UserError
from tests.bot.simcord.stage import EPHEMERAL, SimcordStage, labels, public, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

LATE = "This one would not hatch, says the test."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cards(stage: SimcordStage) -> AsyncIterator[dict[str, simcord.ResponseMessage]]:
    """Messages whose buttons somebody presses in vain: Ash has Foo and Bar, and Gone was released."""
    ash, misty = stage.ash, stage.misty
    unsaved = await stage.shown(ash, "newmon", seed="unsaved")
    sheet = await stage.shown(ash, "newmon", count=4)
    foo = await stage.saved(ash, "Foo", "1")
    bar = await stage.saved(ash, "Bar", "2")
    mix = await stage.shown(ash, "mix", a="Foo", b="Bar")
    await stage.saved(ash, "Gone", "3")
    mons = await stage.shown(ash, "mons")
    gone = await stage.shown(ash, "mon", name="Gone")
    gone_id = (await stage.stored(ash, "Gone")).id
    await stage.bot.store.creatures.release(gone_id, ash.id)
    await stage.saved(misty, "Starmie", "4")
    yield {"unsaved": unsaved, "sheet": sheet, "foo": foo, "bar": bar, "mix": mix, "mons": mons, "gone": gone}


@pytest.mark.parametrize(
    ("command", "options", "sentence"),
    [
        ("newmon", {"weirdness": "very"}, "0 to 1.5"),
        ("newmon", {"seed": "9" * 40}, "from 0 to"),
        ("save", {"name": "Foo"}, "already have a creature called Foo"),
        ("save", {"name": "!!!"}, "special characters"),
        ("save", {"name": " "}, "cannot be empty"),
        ("mon", {"name": "nobody"}, "no creature called “nobody”"),
        ("mix", {"a": "Foo", "b": "nobody"}, "no creature called “nobody”"),
        ("mix", {"a": "nobody", "b": "Foo"}, "no creature called “nobody”"),
        ("mix", {"a": "Foo", "b": "Foo"}, "stays itself"),
        ("mix", {"a": "Foo", "b": "Foo", "amount": 40}, "stays itself"),
        ("retrain start", {}, "admins"),
        ("retrain status", {}, "admins"),
        ("retrain cancel", {}, "admins"),
        ("checkpoint list", {}, "admins"),
        ("checkpoint use", {"id": "1a2b3c4d"}, "admins"),
    ],
)
async def test_a_command(
    stage: SimcordStage,
    cards: dict[str, simcord.ResponseMessage],
    command: str,
    options: dict[str, Any],
    sentence: str,
) -> None:
    if command == "save":
        await stage.shown(stage.ash, "newmon")
    since = len(stage.env.http_requests)
    result = await stage.command(stage.ash, command, **options)
    assert sentence in refused(stage, result, since)


@pytest.mark.parametrize(
    ("command", "options", "sentence"),
    [
        ("retrain start", {"kimg": -1.0}, "kimg"),
        ("retrain start", {"data": "nowhere"}, "nowhere"),
        ("retrain status", {}, "No retrain is running"),
        ("retrain cancel", {}, "No retrain is running"),
        ("checkpoint use", {"id": "ffffffff"}, "no checkpoint ffffffff"),
        ("checkpoint use", {"id": "f"}, "at least 4 characters"),
    ],
)
async def test_an_admins_command(
    stage: SimcordStage, command: str, options: dict[str, Any], sentence: str
) -> None:
    since = len(stage.env.http_requests)
    result = await stage.command(stage.oak, command, **options)
    assert sentence in refused(stage, result, since)


async def test_a_collection_of_nobody(stage: SimcordStage, cards: dict[str, simcord.ResponseMessage]) -> None:
    since = len(stage.env.http_requests)
    assert "have not saved anyone yet" in refused(stage, await stage.command(stage.oak, "mons"), since)
    since = len(stage.env.http_requests)
    result = await stage.command(stage.ash, "mons", user=stage.oak)
    assert "oak has not saved anyone" in refused(stage, result, since)
    since = len(stage.env.http_requests)
    assert "nothing of yours to save" in refused(stage, await stage.command(stage.oak, "save"), since)


@pytest.mark.parametrize(
    ("message", "label", "sentence"),
    [
        ("unsaved", "Save", "This one is ash's"),
        ("sheet", None, "This one is ash's"),  # whoever comes first
        ("foo", "Favourite", "Only the person who hatched"),
        ("foo", "Rename", "Only the person who hatched"),
        ("foo", "Release", "Only the person who hatched"),
        ("mix", "2", "This one is ash's"),
        ("mix", "Swap parents", "somebody else's"),
        ("mix", "More like this", "somebody else's"),
        ("gone", "Reroll nearby", "no longer here"),
        ("gone", "Mix with …", "no longer here"),
        ("gone", "Favourite", "no longer here"),
        ("gone", "Rename", "no longer here"),
        ("gone", "Release", "no longer here"),
    ],
)
async def test_a_button(
    stage: SimcordStage,
    cards: dict[str, simcord.ResponseMessage],
    message: str,
    label: str | None,
    sentence: str,
) -> None:
    since = len(stage.env.http_requests)
    result = await stage.press(stage.misty, cards[message], label or labels(cards[message])[0])
    assert sentence in refused(stage, result, since)


@pytest.mark.parametrize(
    ("menu", "chosen", "sentence"),
    [("Order", "By name", "browsing"), ("Open one …", "Gone", "no longer here")],
)
async def test_a_menu(
    stage: SimcordStage,
    cards: dict[str, simcord.ResponseMessage],
    menu: str,
    chosen: str,
    sentence: str,
) -> None:
    since = len(stage.env.http_requests)
    result = await stage.choose(stage.misty, cards["mons"], menu, chosen)
    assert sentence in refused(stage, result, since)


@pytest.mark.parametrize(
    ("message", "label", "values", "sentence"),
    [
        ("unsaved", "Save", {"name": "a_b"}, "formatting characters"),
        ("unsaved", "Save", {"name": "foo"}, "already have"),
        ("foo", "Rename", {"name": "Bar"}, "already have"),
        ("foo", "Mix with …", {"text": "nobody"}, "no creature called “nobody”"),
        ("foo", "Mix with …", {"text": "Foo"}, "stays itself"),
        ("foo", "Mix with …", {"text": " "}, "Choose one of your creatures"),
    ],
)
async def test_a_dialog(
    stage: SimcordStage,
    cards: dict[str, simcord.ResponseMessage],
    message: str,
    label: str,
    values: dict[str, str],
    sentence: str,
) -> None:
    asked = await stage.press(stage.ash, cards[message], label)
    since = len(stage.env.http_requests)
    assert sentence in refused(stage, await stage.fill_in(stage.ash, asked, **values), since)


# Whatever draws, with too little patience of the nest's


def drawing(
    stage: SimcordStage, cards: dict[str, simcord.ResponseMessage]
) -> list[Callable[[], Awaitable[Any]]]:
    ash, foo, mix = stage.ash, cards["foo"], cards["mix"]

    async def answered() -> simcord.InteractionResult:
        return await stage.fill_in(ash, await stage.press(ash, foo, "Mix with …"), text="Bar")

    return [
        lambda: stage.command(ash, "newmon"),
        lambda: stage.command(ash, "newmon", count=9),
        lambda: stage.command(ash, "mix", a="Foo", b="Bar"),
        lambda: stage.command(ash, "mix", a="Foo", b="Bar", take="colours"),
        lambda: stage.press(ash, foo, "Hatch another"),
        lambda: stage.press(ash, foo, "Reroll nearby"),
        lambda: stage.press(ash, cards["sheet"], "Hatch 4 more"),
        lambda: stage.press(ash, mix, "Swap parents"),
        lambda: stage.press(ash, mix, "More like this"),
        answered,
    ]


async def _refusals(stage: SimcordStage, cards: dict[str, simcord.ResponseMessage]) -> set[str]:
    sentences: set[str] = set()
    for draw in drawing(stage, cards):
        before = stage.env.http_requests[:]
        result = await draw()
        sent = stage.env.http_requests[len(before) :]
        opened = [s for s in sent if isinstance(s.json, dict) and s.json.get("type") == 9]  # a dialog
        sentences.add(refused(stage, result, len(before) + len(opened)))
    return sentences


async def test_a_cool_down(stage: SimcordStage, cards: dict[str, simcord.ResponseMessage]) -> None:
    stage.bot.cooldown = Cooldown(1, 0.001)
    stage.bot.cooldown.take(stage.ash.id, 1)
    try:
        sentences = await _refusals(stage, cards)
    finally:
        stage.bot.cooldown = Cooldown(1, 0)
    assert all("faster than the nest gets warm" in sentence for sentence in sentences)


async def test_a_full_queue(
    stage: SimcordStage, cards: dict[str, simcord.ResponseMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(stage.bot.engine, LocalEngine)
    monkeypatch.setattr(stage.bot.engine.queue, "limit", 0)
    assert await _refusals(stage, cards) == {FULL}
    assert not stage.bot.cooldown._full_at


# Later


def fails_late(stage: SimcordStage, patch: pytest.MonkeyPatch, meanwhile: Callable[[], None]) -> None:
    """Everything is accepted and acknowledged, something happens, and then nothing comes of it."""

    async def draw(*_: object, on_accepted: Any, **__: object) -> list[Hatched]:
        await on_accepted()
        meanwhile()
        raise UserError(LATE)

    patch.setattr(stage.bot.engine, "draw", draw)


def nothing() -> None:
    pass


def delete_latest(stage: SimcordStage) -> None:
    """As a moderator may, or the person whose "thinking …" it is."""
    backend = stage.env.backend
    backend.delete_message(stage.channel.id, max(backend.messages[stage.channel.id]))


async def test_an_error_that_comes_later_is_private_and_nothing_stays_of_the_public_answer(
    stage: SimcordStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails_late(stage, monkeypatch, nothing)
    result = await stage.command(stage.ash, "newmon")
    assert result.response is None
    [told] = result.followups
    assert told.ephemeral and told.content == LATE


async def test_an_error_whose_public_answer_was_deleted_reaches_the_person(
    stage: SimcordStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails_late(stage, monkeypatch, lambda: delete_latest(stage))
    await stage.command(stage.ash, "newmon")
    told = stage.channel.last_message
    assert told is not None and told.content == f"{stage.ash.mention}: {LATE}"


async def test_an_error_that_no_followup_carries_comes_in_the_public_answer(
    stage: SimcordStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails_late(stage, monkeypatch, nothing)
    stage.env.inject_error("POST", "/webhooks/*", status=404, code=10008)
    result = await stage.command(stage.ash, "newmon")
    assert public(result).content == LATE


async def test_a_creature_whose_answer_was_deleted_meanwhile_reaches_the_person(
    stage: SimcordStage, cards: dict[str, simcord.ResponseMessage]
) -> None:
    """In a message of its own: it was asked for, and it hatched."""
    stage.env.inject_error("PATCH", "/webhooks/*/messages/@original", status=404, code=10008)
    result = await stage.press(stage.ash, cards["foo"], "Favourite")
    [anew] = result.followups
    assert anew.flags.value & EPHEMERAL and "## Foo ⭐" in str(anew.components)


async def test_nothing_at_all_is_possible(
    stage: SimcordStage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    fails_late(stage, monkeypatch, nothing)
    for method, path in (("*", "/webhooks/*"), ("POST", "/channels/*/messages")):
        stage.env.inject_error(method, path, status=404, code=10008, times=None)
    caplog.set_level(logging.WARNING)
    await stage.command(stage.ash, "newmon")
    assert "could not be told" in caplog.text
    stage.env.backend.faults.clear()
