"""Whatever is sent to the sandbox, it answers as it means to: no crafted body is its own failure."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import pytest

from sandbox import Sandbox
from sandbox.interactions import Kind
from sandbox.world import APPLICATION_ID, CHANNEL_ID, RESIDENTS

Json = dict[str, Any]
ASH = RESIDENTS[0]
JUNK: list[Any] = [
    *(None, True, False, 0, -1, 1.5, 2**63, 2**70, -(2**70), 1e300, 10**400),
    *("", " ", "\0", "null", "💾" * 50, "x" * 5000, "-1", "1e9", "9" * 30, "9" * 5000, "٣", "²", "{0}%s"),
    *([], {}, [None], [[]], [{}], {"": None}, [1, "2", {"3": 4}], {"id": "x", "type": "y", "value": []}),
]
RAW = [
    *(
        b"",
        b"null",
        b"[]",
        b"1",
        b"{",
        b'"x"',
        b"NaN",
        b'{"name": NaN}',
        b'{"flags": Infinity}',
        b"\xff\xfe{}",
    ),
    *(b'{"name": "\\ud800"}', b'{"content": "\\udfff", "user": "Ash"}', b'{"a": ' * 5000, b"[" * 100_000),
    *(b'{"user": "Ash", "message_id": ' + b"9" * 5000 + b"}", b'{"flags": 1e999}', b'{"\\ud800": 1}', b"\0"),
]
SELECT: Json = {
    "type": 3,
    "custom_id": "pick",
    "placeholder": "?",
    "min_values": 1,
    "max_values": 1,
    "options": [{"label": "A", "value": "a", "description": "first", "default": False}],
}
BUTTON: Json = {"type": 2, "style": 1, "label": "Press", "custom_id": "press", "emoji": {"name": "🥚"}}
MESSAGE: Json = {
    "content": "hello <@1>",
    "flags": 0,
    "embeds": [
        {
            "title": "T",
            "color": 5,
            "image": {"url": "attachment://a.png"},
            "footer": {"text": "f"},
            "author": {"name": "a"},
            "fields": [{"name": "n", "value": "v", "inline": True}],
        }
    ],
    "components": [{"type": 1, "components": [BUTTON]}, {"type": 1, "components": [SELECT]}],
    "attachments": [{"id": "0", "filename": "a.png", "description": "d"}],
    "message_reference": {"message_id": "1"},
}
LAYOUT: Json = {
    "flags": 1 << 15,
    "components": [
        {"type": 17, "components": [{"type": 10, "content": "x"}, {"type": 1, "components": [BUTTON]}]},
        {"type": 9, "components": [{"type": 10, "content": "y"}], "accessory": BUTTON | {"custom_id": "b"}},
        {"type": 12, "items": [{"media": {"url": "https://x/y.png"}, "description": "d"}]},
    ],
}
MODAL: Json = {
    "custom_id": "dialog",
    "title": "Dialog",
    "components": [
        {"type": 18, "label": "L", "component": {"type": 4, "custom_id": "in", "style": 1, "max_length": 9}},
        {
            "type": 1,
            "components": [{"type": 4, "custom_id": "old", "label": "O", "style": 1, "required": False}],
        },
        {"type": 18, "label": "P", "component": SELECT},
        {"type": 10, "content": "words"},
    ],
}
OPTIONS: list[Json] = [
    {"type": 3, "name": "text", "description": "d", "required": True, "max_length": 50, "autocomplete": True},
    {"type": 4, "name": "whole", "description": "d", "min_value": 0, "max_value": 9},
    {"type": 10, "name": "number", "description": "d"},
    {"type": 5, "name": "flag", "description": "d"},
    {"type": 6, "name": "who", "description": "d"},
    {"type": 3, "name": "one", "description": "d", "choices": [{"name": "A", "value": "a"}]},
]
COMMANDS: list[Json] = [
    {
        "type": 1,
        "name": "try",
        "description": "d",
        "options": OPTIONS,
        "contexts": [0, 1],
        "integration_types": [0],
    },
    {
        "type": 1,
        "name": "group",
        "description": "d",
        "default_member_permissions": "32",
        "options": [{"type": 1, "name": "leaf", "description": "d", "options": []}],
    },
]


def places(value: Any, where: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value within a JSON value."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield (*where, key)
        yield from places(part, (*where, key))


def spoiled(body: Any, chance: random.Random) -> Iterator[Any]:
    """The body with each of its values in turn replaced by junk, and with each left out."""
    for path in places(body):
        for junk in [*chance.sample(JUNK, 4), "left out"]:
            copied = holder = copy.deepcopy(body)
            for step in path[:-1]:
                holder = holder[step]
            if junk == "left out":
                del holder[path[-1]]
            else:
                holder[path[-1]] = copy.deepcopy(junk)
            yield copied


class Attacker:
    """Sends bodies to a sandbox, and notes what it answers that it should not."""

    def __init__(self, sandbox: Sandbox, session: aiohttp.ClientSession) -> None:
        self.sandbox = sandbox
        self.session = session
        self.sent = 0
        self.chance = random.Random(22)

    async def send(self, path: str, body: Any, method: str = "POST") -> Any:
        """The answer. Fails for one that is neither as wished nor a refusal that says why."""
        headers = {"Content-Type": "application/json", "Authorization": f"Bot {self.sandbox.token}"}
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        async with self.session.request(
            method, self.sandbox.url + path, data=data, headers=headers
        ) as answer:
            self.sent += 1
            text = await answer.text()
            assert answer.status < 500, f"{method} {path} {data[:500]!r}: {text}"
            told = json.loads(text) if text.startswith(("{", "[")) else None
            if answer.status == 400 and path.startswith("/sandbox/"):
                assert isinstance(told, dict) and told["error"].rstrip().endswith((".", ")"))
            return told


@pytest.fixture
async def attacker(sandbox: Sandbox) -> AsyncIterator[Attacker]:
    async with aiohttp.ClientSession() as session:
        attacker = Attacker(sandbox, session)
        await attacker.send(f"/api/v10/applications/{APPLICATION_ID}/commands", COMMANDS, "PUT")
        yield attacker


async def test_the_page_s_actions(attacker: Attacker) -> None:
    sandbox = attacker.sandbox
    message = await attacker.send(f"/api/v10/channels/{CHANNEL_ID}/messages", MESSAGE | {"embeds": []})
    interaction = sandbox.interactions.begin(Kind.COMMAND, ASH, {}, nonce="")
    answer = {"type": 9, "data": MODAL}
    await attacker.send(f"/api/v10/interactions/{interaction.id}/{interaction.token}/callback", answer)
    who: Json = {"user": str(ASH.id), "place": "server", "nonce": "n"}
    values = {"text": "a", "whole": 3, "number": 0.5, "flag": True, "who": "Misty", "one": "a"}
    bodies: dict[str, Json] = {
        "people": {"name": "Brock"},
        "say": who | {"content": "hi"},
        "command": who | {"name": "try", "options": values},
        "component": who | {"message_id": message["id"], "custom_id": "pick", "values": ["a"]},
        "modal": who | {"interaction_id": str(interaction.id), "values": {"in": "x", "pick": ["a"]}},
        "dismiss": who | {"message_id": message["id"]},
    }
    for action, body in bodies.items():
        assert "error" not in await attacker.send(f"/sandbox/{action}", body) or action == "dismiss"
        for bad in [*spoiled(body, attacker.chance), *RAW, *JUNK]:
            await attacker.send(f"/sandbox/{action}", bad)
    for junk in ["9" * 30, "-1", "x", "²", "٣", ""]:
        for path in (f"messages?user=Ash&before={junk}", f"messages?user={junk}", f"events?user={junk}"):
            await attacker.send(f"/sandbox/{path}", b"", "GET")
    assert attacker.sent > 400


async def test_autocomplete(attacker: Attacker) -> None:
    """Nobody answers it here, so that only what is refused comes back at once."""
    for bad in [*RAW, {"user": "Ash", "name": "try", "options": []}, {"user": "Ash", "name": ["try"]}]:
        await attacker.send("/sandbox/autocomplete", bad)
    body = {"user": "Ash", "name": "try", "options": ["x"], "focused": "text"}
    assert "by name" in (await attacker.send("/sandbox/autocomplete", body))["error"]


@pytest.mark.parametrize("body", [MESSAGE, LAYOUT], ids=["message", "layout"])
async def test_the_bot_s_messages(attacker: Attacker, body: Json) -> None:
    path = f"/api/v10/channels/{CHANNEL_ID}/messages"
    whole = await attacker.send(path, body)
    assert whole["id"]
    for bad in [*spoiled(body, attacker.chance), *RAW, *JUNK]:
        await attacker.send(path, bad)
        await attacker.send(f"{path}/{whole['id']}", bad, "PATCH")
    for junk in ["9" * 30, "-1", "x", "²"]:
        await attacker.send(f"{path}/{junk}", b"", "GET")
        await attacker.send(f"{path}?limit={junk}&before={junk}", b"", "GET")


@pytest.mark.parametrize(("kind", "data"), [(4, MESSAGE), (9, MODAL)], ids=["message", "dialog"])
async def test_the_bot_s_answers(attacker: Attacker, kind: int, data: Json) -> None:
    interactions = attacker.sandbox.interactions
    for bad in [*spoiled({"type": kind, "data": data}, attacker.chance), *RAW, *JUNK]:
        interaction = interactions.begin(Kind.COMMAND, ASH, {}, nonce="")
        await attacker.send(f"/api/v10/interactions/{interaction.id}/{interaction.token}/callback", bad)
        await attacker.send(f"/api/v10/webhooks/{APPLICATION_ID}/{interaction.token}", bad)
        if interaction.modal is not None:  # what was taken can be filled in
            filled = {"user": "Ash", "interaction_id": str(interaction.id), "values": {"in": "x"}}
            await attacker.send("/sandbox/modal", filled)


async def test_the_bot_s_commands(attacker: Attacker) -> None:
    path = f"/api/v10/applications/{APPLICATION_ID}/commands"
    for bad in [*spoiled(COMMANDS, attacker.chance), *RAW, *JUNK]:
        await attacker.send(path, bad, "PUT")
        answer = await attacker.send(
            "/sandbox/command", {"user": "Ash", "name": "try", "options": {"text": "a"}}
        )
        assert "interaction_id" in answer or "error" in answer
    for bad in [*spoiled(COMMANDS[1], attacker.chance), *RAW]:
        await attacker.send(path, bad)


@pytest.mark.parametrize(
    ("content_type", "data"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=b", b"x"),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\nx\r\n--b--\r\n"),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="payload_json"\r\n\r\n{\r\n--b--',
        ),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Type: multipart/mixed\r\n\r\nx\r\n--b--\r\n"),
        ("application/json; charset=nonsense", b"{}"),
        ("application/json; charset=utf-16", b"{}"),
        ("text/plain", b"{}"),
    ],
)
async def test_bodies_of_another_kind(attacker: Attacker, content_type: str, data: bytes) -> None:
    sandbox = attacker.sandbox
    headers = {"Content-Type": content_type, "Authorization": f"Bot {sandbox.token}"}
    for path in ("/sandbox/say", f"/api/v10/channels/{CHANNEL_ID}/messages"):
        async with attacker.session.post(sandbox.url + path, data=data, headers=headers) as answer:
            assert 400 <= answer.status < 500, await answer.text()
