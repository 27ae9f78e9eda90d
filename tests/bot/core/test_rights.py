"""Who may retrain and choose checkpoints: every admin command and button, by everybody, everywhere."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot import client
from bot.core.rights import NOT_AN_ADMIN
from sandbox import rest
from sandbox.driver import InteractionHandle, SandboxUser
from sandbox.places import Kind as PlaceKind
from sandbox.world import BREEDER_ROLE_ID, GUILD_ID, RESIDENTS, application_payload, user_payload
from tests.bot.stage import Stage
from tests.bot.talking import hatch

pytestmark = pytest.mark.asyncio(loop_scope="module")

ASH, MISTY, OAK, SABRINA, BILL = RESIDENTS
FOREIGN_SERVER = "1191168914227299999"

# What to try, and what an admin is told then: nothing of it begins or changes anything.
COMMANDS: dict[str, tuple[dict[str, object], str]] = {
    "retrain start": ({"kimg": -5}, "try 100"),
    "retrain status": ({}, "No retrain is running"),
    "retrain cancel": ({}, "No retrain is running"),
    "checkpoint list": ({}, "Checkpoints"),
    "checkpoint use": ({"id": "ffff0000"}, "There is no checkpoint"),
}
BUTTONS = {
    "newmon:unretrain:7": "has ended already",
    "newmon:resume:7": "nothing left of this retrain",
    "newmon:result:7:1": "Nothing came of this retrain",
}


class Wire:
    """Changes interactions on their way to the bot."""

    def __init__(self, stage: Stage) -> None:
        self.gateway = stage.sandbox.gateway
        self.changes: dict[str, Any] = {}  # laid over each
        self.button: tuple[str, str] = (
            "none",
            "none",
        )  # one custom_id becomes another, also in the message that the button is under
        self._dispatch = self.gateway.dispatch
        self.gateway.dispatch = self.dispatch

    def dispatch(self, event: str, data: dict[str, Any], **options: Any) -> None:
        if event == "INTERACTION_CREATE":
            data = json.loads(json.dumps(data | self.changes).replace(*self.button))
        self._dispatch(event, data, **options)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """Ash is an admin by id, Bill by role, Sabrina as a manager of a listed server; the bot is Oak's."""
    async with Stage(tmp_path_factory.mktemp("rights")) as stage:
        await stage.bot(admin_ids={ASH.id}, admin_roles={BREEDER_ROLE_ID}, admin_servers={GUILD_ID})
        yield stage


@pytest.fixture(scope="module")
def wire(stage: Stage) -> Wire:
    return Wire(stage)


async def answer(user: SandboxUser, handle: InteractionHandle) -> str:
    message = await user.wait(
        lambda: next((m for m in reversed(handle.updates) if m.text and not m.loading), None)
    )
    assert message.private
    return message.text


async def told(user: SandboxUser, wire: Wire, *, foreign: bool = False) -> dict[str, str]:
    """What this person is told when they try each command and each button."""
    everywhere = {}
    if foreign:  # a server that did not install the bot, but this person did
        everywhere = {"guild_id": FOREIGN_SERVER, "authorizing_integration_owners": {"1": user.id}}
    answers: dict[str, str] = {}
    wire.changes = everywhere
    for command, (options, _) in COMMANDS.items():
        answers[command] = await answer(user, await user.command(command, **options))
    wire.changes = {}
    message = await hatch(user)
    wire.changes = everywhere
    for custom_id in BUTTONS:
        wire.button = (message.button("Reroll nearby").custom_id, custom_id)
        answers[custom_id] = await answer(user, await user.click(message, "Reroll nearby"))
    wire.changes, wire.button = {}, ("none", "none")
    return answers


@asynccontextmanager
async def trying(stage: Stage, name: str, place: PlaceKind = "server") -> AsyncIterator[SandboxUser]:
    async with SandboxUser(stage.sandbox.url, name, place=place) as user:
        yield user


@pytest.mark.parametrize(
    ("name", "place", "foreign"),
    [
        ("Ash", "server", False),  # by id
        ("Ash", "server", True),
        ("Ash", "direct", False),
        ("Ash", "group", False),
        ("Bill", "server", False),  # by role
        ("Sabrina", "server", False),  # by Manage Server
        ("Oak", "server", False),  # as the bot's owner
        ("Oak", "server", True),
        ("Oak", "direct", False),
    ],
)
async def test_admins_may(stage: Stage, wire: Wire, name: str, place: PlaceKind, foreign: bool) -> None:
    async with trying(stage, name, place) as user:
        answers = await told(user, wire, foreign=foreign)
        assert await user.autocomplete("checkpoint use", "id", "") != []
    for what, expected in ({c: says for c, (_, says) in COMMANDS.items()} | BUTTONS).items():
        assert expected in answers[what], what


@pytest.mark.parametrize(
    ("name", "place", "foreign"),
    [
        ("Misty", "server", False),
        ("Misty", "direct", False),
        ("Misty", "group", False),
        ("Bill", "direct", False),  # roles and permissions end with the server
        ("Sabrina", "direct", False),
        ("Sabrina", "group", False),
        ("Bill", "server", True),  # and do not count where somebody is their own admin
        ("Sabrina", "server", True),
    ],
)
async def test_others_may_not(stage: Stage, wire: Wire, name: str, place: PlaceKind, foreign: bool) -> None:
    async with trying(stage, name, place) as user:
        answers = await told(user, wire, foreign=foreign)
        wire.changes = (
            {"guild_id": FOREIGN_SERVER, "authorizing_integration_owners": {"1": user.id}} if foreign else {}
        )
        assert await user.autocomplete("checkpoint use", "id", "") == []
        assert await user.autocomplete("retrain start", "data", "") == []
        wire.changes = {}
    assert answers == dict.fromkeys([*COMMANDS, *BUTTONS], NOT_AN_ADMIN)


def belongs_to(monkeypatch: pytest.MonkeyPatch, **ownership: Any) -> None:
    """Whose Discord says that the application is."""
    monkeypatch.setattr(rest, "application_payload", lambda: application_payload() | ownership)


async def admins(stage: Stage) -> set[str]:
    """Who may, of all people."""
    found = set()
    for person in RESIDENTS:
        async with trying(stage, person.name) as user:
            offered = any(command["name"] == "retrain status" for command in user.commands)
        async with trying(stage, person.name, "server" if offered else "direct") as user:
            text = await answer(user, await user.command("retrain status"))
        assert text == NOT_AN_ADMIN or "No retrain is running" in text
        found |= {person.name} - ({person.name} if text == NOT_AN_ADMIN else set())
    return found


async def test_without_settings_it_is_the_owner_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not who has every permission in a server, for anybody may install a public bot in one of their own."""
    belongs_to(monkeypatch, owner=user_payload(MISTY))
    async with Stage(tmp_path) as stage:
        await stage.bot()
        assert await admins(stage) == {"Misty"}


async def test_the_permission_counts_in_listed_servers_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    belongs_to(monkeypatch, owner=user_payload(MISTY))
    async with Stage(tmp_path) as stage:
        bot = await stage.bot(admin_servers={GUILD_ID})
        assert await admins(stage) == {"Misty", "Oak", "Sabrina"}
        await bot.stop()
        bot.settings = bot.settings.model_copy(update={"admin_servers": frozenset({GUILD_ID + 1})})
        await bot.start()
        assert await admins(stage) == {"Misty"}


async def test_a_team_s_members_are_admins_as_long_as_they_are_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def team(**states: tuple[int, str]) -> dict[str, Any]:
        people = {person.name: person for person in RESIDENTS}
        members = [
            {
                "user": user_payload(people[name]),
                "membership_state": state,  # 1 invited, 2 accepted
                "role": role,
                "team_id": "1",
                "permissions": ["*"],
            }
            for name, (state, role) in states.items()
        ]
        return {"id": "1", "name": "Rocket", "icon": None, "owner_user_id": str(ASH.id), "members": members}

    members = {"Ash": (2, ""), "Misty": (2, "developer"), "Bill": (1, "admin"), "Sabrina": (2, "read_only")}
    belongs_to(monkeypatch, team=team(**members))
    monkeypatch.setattr(client, "UPKEEP_INTERVAL_S", 0.01)
    async with Stage(tmp_path) as stage:
        await stage.bot()
        assert await admins(stage) == {"Ash", "Misty"}
        belongs_to(monkeypatch, team=team(Ash=(2, ""), Bill=(2, "admin")))
        async with asyncio.timeout(20):
            while await admins(stage) != {"Ash", "Bill"}:
                pass
