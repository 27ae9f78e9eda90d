"""What a person at the page can do: one POST an action, JSON in, JSON out."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from sandbox import components
from sandbox.answers import json_answer
from sandbox.channel import Channel, Origin
from sandbox.commands import Attach, Leaf, command_data, leaves, menu_data, menus, resolved_people
from sandbox.dialogs import submission
from sandbox.errors import PageError
from sandbox.hub import Hub, public_person
from sandbox.interactions import Interaction, Interactions, Kind
from sandbox.limits import CONTENT_MAX
from sandbox.loose_files import LooseFiles, attachment_payload, path_of, read_upload
from sandbox.places import Place
from sandbox.shapes import parse_json
from sandbox.snowflakes import parse_snowflake
from sandbox.state import StoredMessage
from sandbox.uploads import Body, Upload
from sandbox.world import DENIABLE, JsonObject, Person

_NAME_MAX = 32
_FILES_MAX = 10  # of a message
_GONE = "This message is no longer there."


class PageRoutes:
    """`/sandbox/…`. Every action names its `user` by id or name, and by kind its `place`, if that is not the
    server's channel. Nobody needs a password here."""

    def __init__(self, hub: Hub, channel: Channel, interactions: Interactions, loose: LooseFiles) -> None:
        self.hub = hub
        self.state = channel.state
        self.channel = channel
        self.interactions = interactions
        self.loose = loose

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/sandbox/events", self.hub.handle),
            web.get("/sandbox/messages", self.messages),
            web.post("/sandbox/people", self.add_person),
            web.post("/sandbox/upload", self.upload),
            web.post("/sandbox/say", self.say),
            web.post("/sandbox/command", self.command),
            web.post("/sandbox/menu", self.menu),
            web.post("/sandbox/autocomplete", self.autocomplete),
            web.post("/sandbox/component", self.component),
            web.post("/sandbox/modal", self.modal),
            web.post("/sandbox/dismiss", self.dismiss),
            web.post("/sandbox/invite", self.invite),
        ]

    async def messages(self, request: web.Request) -> web.Response:
        """Older history: `?user=…&place=…&before=<message id>`."""
        person, place = self.hub.who_and_where(request.query)
        before = parse_snowflake(request.query.get("before"))
        return json_answer(await self.hub.history(person, place, before))

    async def add_person(self, request: web.Request) -> web.Response:
        name = " ".join(str((await read_json(request)).get("name", "")).split())
        if not 1 <= len(name) <= _NAME_MAX or name.isdecimal() or not name.isprintable():
            raise PageError(f"A name has 1 to {_NAME_MAX} characters and is not a number.")
        person = await self.state.add_person(name)
        self.hub.people_changed()
        return json_answer(public_person(person))

    async def upload(self, request: web.Request) -> web.Response:
        """Takes a file, `?user=…&name=…`, for a command or a message that names it by its `id` next."""
        person, _ = self.hub.who_and_where(request.query)
        name = request.query.get("name", "")
        file = self.loose.put(person, name, await read_upload(request))
        return json_answer(attachment_payload(file, self.hub.links.to(path_of(file))))

    async def say(self, request: web.Request) -> web.Response:
        """An ordinary message of `content`, with `files` that were uploaded."""
        data = await read_json(request)
        person, place = self.hub.who_and_where(data)
        content, named = str(data.get("content", "")).strip(), data.get("files") or []
        if not isinstance(named, list) or len(named) > _FILES_MAX:
            raise PageError(f"A message has up to {_FILES_MAX} files.")
        files = [self.loose.of(person, parse_snowflake(name)) for name in named]
        if not (content or files) or len(content) > CONTENT_MAX:
            raise PageError(f"A message has 1 to {CONTENT_MAX} characters.")
        uploads = {index: Upload(file.name, file.data) for index, file in enumerate(files)}
        origin = Origin(channel_id=place.channel_id)
        message = await self.channel.post(person, Body({"content": content}, uploads), origin=origin)
        return json_answer({"id": str(message.id)})

    async def command(self, request: web.Request) -> web.Response:
        """Runs the command `name` with `options` (name → value)."""
        data = await read_json(request)
        person, place = self.hub.who_and_where(data)
        leaf = await self._leaf(person, place, data)
        options = _mapping(data, "options")
        filled = command_data(self.state, leaf, options, place=place, attach=self._attach(person))
        return _begun(
            self.interactions.begin(
                Kind.COMMAND, person, filled, nonce=_nonce(data), name=leaf.name, place=place
            )
        )

    async def autocomplete(self, request: web.Request) -> web.Response:
        """Choices for the option `focused`; `answered` is false where the bot gave none in time."""
        data = await read_json(request)
        person, place = self.hub.who_and_where(data)
        leaf = await self._leaf(person, place, data)
        focused = str(data.get("focused"))
        options, attach = _mapping(data, "options"), self._attach(person)
        filled = command_data(self.state, leaf, options, focused=focused, place=place, attach=attach)
        interaction = self.interactions.begin(
            Kind.AUTOCOMPLETE, person, filled, nonce="", name=leaf.name, place=place
        )
        assert interaction.choices is not None
        choices = await interaction.choices
        return json_answer({"choices": choices or [], "answered": choices is not None})

    async def menu(self, request: web.Request) -> web.Response:
        """Runs the command `name` of the context menu of `message_id`."""
        data = await read_json(request)
        person, place = self.hub.who_and_where(data)
        message = await self._message(person, place, data)
        known = {menu["name"]: menu for menu in await menus(self.state, person, place)}
        menu = known.get(str(data.get("name")))
        if menu is None:
            raise PageError("There is no such command for messages here.")
        filled = menu_data(menu, self.channel.payload(message))
        return _begun(
            self.interactions.begin(
                Kind.COMMAND, person, filled, nonce=_nonce(data), name=menu["name"], place=place
            )
        )

    async def invite(self, request: web.Request) -> web.Response:
        """Takes the bot out of the server and invites it anew, `without` these permissions."""
        without = (await read_json(request)).get("without") or []
        if not isinstance(without, list) or not set(map(str, without)) <= DENIABLE.keys():
            raise PageError(f"A bot can be invited without these: {', '.join(DENIABLE)}.")
        self.hub.gateway.invite(sum(DENIABLE[str(name)] for name in set(without)))
        return json_answer({})

    async def component(self, request: web.Request) -> web.Response:
        """Uses the button or menu `custom_id` of `message_id`; a menu takes `values`."""
        data = await read_json(request)
        person, place = self.hub.who_and_where(data)
        message = await self._message(person, place, data)
        used = components.find(message.components, str(data.get("custom_id")))
        if used is None or used.get("disabled"):
            raise PageError("This button cannot be used any more.")
        filled = self._component_data(used, data.get("values"), place)
        name = (message.interaction or {}).get("name", "")
        return _begun(
            self.interactions.begin(
                Kind.COMPONENT, person, filled, nonce=_nonce(data), name=name, source=message, place=place
            )
        )

    async def modal(self, request: web.Request) -> web.Response:
        """Sends the dialog that answered `interaction_id`, with `values` (custom_id → text or list)."""
        data = await read_json(request)
        person = self.hub.person(data.get("user"))
        opened = parse_snowflake(data.get("interaction_id"))
        opener = None if opened is None else self.interactions.get(opened)
        if opener is None or opener.modal is None or opener.person != person:
            raise PageError("This dialog is no longer open. Please start again.")
        filled = submission(opener.modal, _mapping(data, "values"))
        source = await self.state.message(opener.source_id) if opener.source_id else None
        return _begun(
            self.interactions.begin(
                Kind.MODAL_SUBMIT,
                person,
                filled,
                nonce=_nonce(data),
                name=opener.name,
                source=source,
                place=opener.place,
            )
        )

    async def dismiss(self, request: web.Request) -> web.Response:
        """Puts away the private message or the failed answer `message_id`."""
        data = await read_json(request)
        person, place = self.hub.who_and_where(data)
        message = await self._message(person, place, data)
        mine = message.private_to == person.id or (message.interaction or {}).get("user_id") == person.id
        if not mine or not (message.private_to or message.failed):
            raise PageError("Only a message that nobody else sees can be dismissed.")
        await self.channel.delete(message.id)
        return json_answer({})

    def _attach(self, person: Person) -> Attach:
        """Finds what an option's value names among the files of this person."""

        def attach(value: object) -> JsonObject:
            file = self.loose.of(person, parse_snowflake(value))
            return attachment_payload(file, self.channel.links.to(path_of(file)))

        return attach

    async def _leaf(self, person: Person, place: Place, data: JsonObject) -> Leaf:
        name = " ".join(str(data.get("name", "")).removeprefix("/").split())
        for leaf in await leaves(self.state, person, place):
            if leaf.name == name:
                return leaf
        raise PageError(f"There is no command /{name} here.")

    async def _message(self, person: Person, place: Place, data: JsonObject) -> StoredMessage:
        message_id = parse_snowflake(data.get("message_id"))
        message = None if message_id is None else await self.state.message(message_id)
        seen = message is not None and message.private_to in (None, person.id)
        if message is None or not seen or message.channel_id != place.channel_id:
            raise PageError(_GONE)
        return message

    def _component_data(self, used: JsonObject, values: object, place: Place) -> JsonObject:
        data: JsonObject = {"component_type": used["type"], "custom_id": used["custom_id"], "id": used["id"]}
        if used["type"] not in components.SELECTS:
            return data
        chosen = components.check_values(used, values)
        data["values"] = chosen
        people = [self.state.people[i] for i in map(parse_snowflake, chosen) if i in self.state.people]
        if used["type"] in (components.USER_SELECT, components.MENTIONABLE_SELECT):
            data["resolved"] = resolved_people(people, place)
        return data


def _begun(interaction: Interaction) -> web.Response:
    return json_answer({"interaction_id": str(interaction.id), "nonce": interaction.nonce})


def _nonce(data: JsonObject) -> str:
    return str(data.get("nonce", ""))[:64]


def _mapping(data: JsonObject, name: str) -> JsonObject:
    """A part of an action that goes by names. Raises PageError where it is anything else."""
    part = data.get(name) or {}
    if not isinstance(part, dict):
        raise PageError(f"The page sends its {name} by name.")
    return part


async def read_json(request: web.Request) -> dict[str, Any]:
    """The body of an action. Raises PageError."""
    # Insisting on JSON keeps other sites out: a browser lets no foreign form send this type unasked.
    if request.content_type != "application/json":
        raise PageError("The page sends JSON.")
    try:
        data = parse_json(await request.read())
    except ValueError:
        raise PageError("This is not JSON.") from None
    if not isinstance(data, dict):
        raise PageError("The page sends a JSON object.")
    return data
