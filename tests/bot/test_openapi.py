"""The bodies that the bot sends are as Discord describes them: each `RunningBot` checks its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sandbox.driver import SandboxUser
from sandbox.transcript import Sent
from tests.bot.openapi import DESCRIPTION, Checker, Description, description
from tests.bot.running import RunningBot
from tests.bot.talking import hatch_and_save, refusal

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(description() is None, reason=f"Discord's description is not at {DESCRIPTION}"),
]

CALLBACK = "POST /interactions/{interaction_id}/{interaction_token}/callback"
ORIGINAL = "/webhooks/{webhook_id}/{webhook_token}/messages/@original"
APPLICATION = 1234


@pytest.fixture
def known() -> Description:
    found = description()
    assert found is not None
    return found


def sent(method: str, path: str, payload: object) -> Sent:
    return Sent(method, path, payload, multipart=False, status=200)


async def test_a_conversation_is_as_discord_describes_it(running: RunningBot, ash: SandboxUser) -> None:
    shown = await hatch_and_save(ash, "Foo", "1")
    await (await ash.command("newmon", count=4)).message()
    unsaved = await (await ash.command("newmon")).message()
    await (await ash.click(unsaved, "Save")).modal()
    await ash.autocomplete("mon", "name", "fo")
    await (await ash.command("mon", name="Foo")).message()
    other = await hatch_and_save(ash, "Bar", "2")
    await (await ash.command("mix", a="Foo", b="Bar")).message()
    gallery = await (await ash.command("mons")).message()
    await (await ash.command("about")).message()
    assert await refusal(ash, await ash.command("mon", name="nobody"))
    assert shown and other and gallery
    checker = running.checker
    assert checker is not None and checker.problems == []
    for kind in ("type 5", "type 8", "type 9"):  # thinking, choices, a dialog
        assert checker.seen[f"{CALLBACK} {kind}"], kind
    assert checker.seen[f"PATCH {ORIGINAL}"]
    assert checker.seen["PUT /applications/{application_id}/commands"]


@pytest.mark.parametrize(
    ("method", "path", "payload", "where"),
    [
        ("POST", "/interactions/1/x/callback", {"type": 77, "data": {}}, "callback"),
        ("POST", "/interactions/1/x/callback", {"type": 4, "data": {"content": 5}}, "callback"),
        ("PATCH", "/webhooks/1/x/messages/@original", {"content": "x" * 2001}, "$.content"),
        (
            "PATCH",
            "/webhooks/1/x/messages/@original",
            {"embeds": [{"title": "x" * 257}]},
            "$.embeds[0].title",
        ),
        ("PUT", f"/applications/{APPLICATION}/commands", [{"description": "no name"}], "'name'"),
        ("POST", "/interactions/1/x/answer", {}, "not in Discord's description"),
        ("POST", "/channels/1/messages", None, "needs a body"),
    ],
)
async def test_a_body_that_discord_would_refuse_is_found(
    known: Description, method: str, path: str, payload: object, where: str
) -> None:
    checker = Checker(known)
    checker(sent(method, path, payload))
    [problem] = checker.problems
    assert where in problem


@pytest.mark.parametrize(
    ("path", "operation"),
    [
        ("/webhooks/1/x/messages/@original", f"PATCH {ORIGINAL}"),
        ("/webhooks/1/x/messages/55", "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}"),
        ("/webhooks/1/x/messages/55/more", None),
    ],
)
async def test_requests_are_told_apart(known: Description, path: str, operation: str | None) -> None:
    assert known.operation(sent("PATCH", path, {})) == operation


async def test_a_bot_that_sent_such_a_body_fails_its_test(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = await RunningBot(tmp_path_factory.mktemp("wrong")).start()
    listener: Callable[[Sent], None] = bot.sandbox.transcript.listeners[0]
    listener(sent("PATCH", "/webhooks/1/x/messages/@original", {"content": 5}))
    with pytest.raises(AssertionError, match="content"):
        await bot.stop()
