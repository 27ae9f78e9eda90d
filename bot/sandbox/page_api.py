"""What a person at the page can do: one POST an action, JSON in, JSON out."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bot.sandbox import components
from bot.sandbox.answers import json_answer
from bot.sandbox.channel import Channel
from bot.sandbox.commands import Leaf, command_data, leaves
from bot.sandbox.dialogs import submission
from bot.sandbox.errors import PageError
from bot.sandbox.hub import Hub, public_person
from bot.sandbox.interactions import Interaction, Interactions, Kind
from bot.sandbox.limits import CONTENT_MAX
from bot.sandbox.state import StoredMessage
from bot.sandbox.uploads import Body
from bot.sandbox.world import JsonObject, Person, member_payload, user_payload

_NAME_MAX = 32
_GONE = "This message is no longer there."


class PageRoutes:
    """`/sandbox/…`. Every action names its `user` by id or name; nobody needs a password here."""

    def __init__(self, hub: Hub, channel: Channel, interactions: Interactions) -> None:
        self.hub = hub
        self.state = channel.state
        self.channel = channel
        self.interactions = interactions

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/sandbox/events", self.hub.handle),
            web.get("/sandbox/messages", self.messages),
            web.post("/sandbox/people", self.add_person),
            web.post("/sandbox/say", self.say),
            web.post("/sandbox/command", self.command),
            web.post("/sandbox/autocomplete", self.autocomplete),
            web.post("/sandbox/component", self.component),
            web.post("/sandbox/modal", self.modal),
            web.post("/sandbox/dismiss", self.dismiss),
        ]

    async def messages(self, request: web.Request) -> web.Response:
        """Older history: `?user=…&before=<message id>`."""
        before = request.query.get("before", "")
        person = self.hub.person(request.query.get("user", ""))
        return json_answer(await self.hub.history(person, int(before) if before.isdecimal() else None))

    async def add_person(self, request: web.Request) -> web.Response:
        name = " ".join(str((await _json(request)).get("name", "")).split())
        if not 1 <= len(name) <= _NAME_MAX or name.isdecimal() or not name.isprintable():
            raise PageError(f"A name has 1 to {_NAME_MAX} characters and is not a number.")
        person = await self.state.add_person(name)
        self.hub.people_changed()
        return json_answer(public_person(person))

    async def say(self, request: web.Request) -> web.Response:
        """An ordinary message of `content`."""
        data = await _json(request)
        content = str(data.get("content", "")).strip()
        if not 1 <= len(content) <= CONTENT_MAX:
            raise PageError(f"A message has 1 to {CONTENT_MAX} characters.")
        message = await self.channel.post(self.hub.person(data.get("user")), Body({"content": content}, {}))
        return json_answer({"id": str(message.id)})

    async def command(self, request: web.Request) -> web.Response:
        """Runs the command `name` with `options` (name → value)."""
        data = await _json(request)
        person = self.hub.person(data.get("user"))
        leaf = await self._leaf(person, data)
        filled = command_data(self.state, leaf, data.get("options") or {})
        return _begun(
            self.interactions.begin(Kind.COMMAND, person, filled, nonce=_nonce(data), name=leaf.name)
        )

    async def autocomplete(self, request: web.Request) -> web.Response:
        """Choices for the option `focused`; `answered` is false where the bot gave none in time."""
        data = await _json(request)
        person = self.hub.person(data.get("user"))
        leaf = await self._leaf(person, data)
        filled = command_data(self.state, leaf, data.get("options") or {}, focused=str(data.get("focused")))
        interaction = self.interactions.begin(Kind.AUTOCOMPLETE, person, filled, nonce="", name=leaf.name)
        assert interaction.choices is not None
        choices = await interaction.choices
        return json_answer({"choices": choices or [], "answered": choices is not None})

    async def component(self, request: web.Request) -> web.Response:
        """Uses the button or menu `custom_id` of `message_id`; a menu takes `values`."""
        data = await _json(request)
        person = self.hub.person(data.get("user"))
        message = await self._message(person, data)
        used = components.find(message.components, str(data.get("custom_id")))
        if used is None or used.get("disabled"):
            raise PageError("This button cannot be used any more.")
        filled = self._component_data(used, data.get("values"))
        name = (message.interaction or {}).get("name", "")
        return _begun(
            self.interactions.begin(
                Kind.COMPONENT, person, filled, nonce=_nonce(data), name=name, source=message
            )
        )

    async def modal(self, request: web.Request) -> web.Response:
        """Sends the dialog that answered `interaction_id`, with `values` (custom_id → text or list)."""
        data = await _json(request)
        person = self.hub.person(data.get("user"))
        opened = str(data.get("interaction_id", ""))
        opener = self.interactions.get(int(opened)) if opened.isdecimal() else None
        if opener is None or opener.modal is None or opener.person != person:
            raise PageError("This dialog is no longer open. Please start again.")
        filled = submission(opener.modal, data.get("values") or {})
        source = await self.state.message(opener.source_id) if opener.source_id else None
        return _begun(
            self.interactions.begin(
                Kind.MODAL_SUBMIT, person, filled, nonce=_nonce(data), name=opener.name, source=source
            )
        )

    async def dismiss(self, request: web.Request) -> web.Response:
        """Puts away the private message or the failed answer `message_id`."""
        data = await _json(request)
        person = self.hub.person(data.get("user"))
        message = await self._message(person, data)
        mine = message.private_to == person.id or (message.interaction or {}).get("user_id") == person.id
        if not mine or not (message.private_to or message.failed):
            raise PageError("Only a message that nobody else sees can be dismissed.")
        await self.channel.delete(message.id)
        return json_answer({})

    async def _leaf(self, person: Person, data: JsonObject) -> Leaf:
        name = " ".join(str(data.get("name", "")).removeprefix("/").split())
        for leaf in await leaves(self.state, person):
            if leaf.name == name:
                return leaf
        raise PageError(f"There is no command /{name} here.")

    async def _message(self, person: Person, data: JsonObject) -> StoredMessage:
        message_id = str(data.get("message_id", ""))
        message = await self.state.message(int(message_id)) if message_id.isdecimal() else None
        if message is None or message.private_to not in (None, person.id):
            raise PageError(_GONE)
        return message

    def _component_data(self, used: JsonObject, values: object) -> JsonObject:
        data: JsonObject = {"component_type": used["type"], "custom_id": used["custom_id"], "id": used["id"]}
        if used["type"] not in components.SELECTS:
            return data
        chosen = components.check_values(used, values)
        data["values"] = chosen
        people = [
            self.state.people[int(value)]
            for value in chosen
            if value.isdecimal() and int(value) in self.state.people
        ]
        if used["type"] in (components.USER_SELECT, components.MENTIONABLE_SELECT):
            data["resolved"] = {
                "users": {str(p.id): user_payload(p) for p in people},
                "members": {
                    str(p.id): member_payload(p, with_user=False, with_permissions=True) for p in people
                },
            }
        return data


def _begun(interaction: Interaction) -> web.Response:
    return json_answer({"interaction_id": str(interaction.id), "nonce": interaction.nonce})


def _nonce(data: JsonObject) -> str:
    return str(data.get("nonce", ""))[:64]


async def _json(request: web.Request) -> dict[str, Any]:
    # Insisting on JSON keeps other sites out: a browser lets no foreign form send this type unasked.
    if request.content_type != "application/json":
        raise PageError("The page sends JSON.")
    try:
        data = await request.json()
    except ValueError:
        raise PageError("This is not JSON.") from None
    if not isinstance(data, dict):
        raise PageError("The page sends a JSON object.")
    return data
