"""Everyone who looks at the page: one WebSocket each, and the events that go out on it.

A frame is a JSON array of events. Events are objects with a key `event`:
  ready           all that a page needs to draw itself: see `Hub.ready`
  message_create, message_update    `message` (Discord's object, file addresses relative, and `failed`)
  message_delete  `id`
  interaction     `id`, `nonce`, `kind`, `status` (acknowledged, failed), `message_id`, `source_id`
  modal           `interaction_id`, `nonce`, `modal`
  commands        the new `commands`, and those in the context menus of messages (`menus`)
  people, bot     the new list of people; whether the bot is `online`
Message events that an interaction caused carry its `interaction_id` and `nonce`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from aiohttp import WSMsgType, web

from sandbox.channel import Change, Channel
from sandbox.commands import leaves, menus
from sandbox.errors import PageError
from sandbox.gateway import Gateway
from sandbox.interactions import Interaction, Kind
from sandbox.outbox import Outbox
from sandbox.places import KINDS, Place, place_of
from sandbox.render import Links, message_payload
from sandbox.snowflakes import parse_snowflake
from sandbox.state import StoredMessage
from sandbox.world import BOT, LOCALES, JsonObject, Person, guild_payload

PAGE_OF_MESSAGES = 50


class Hub:
    """The open pages."""

    def __init__(self, channel: Channel, gateway: Gateway, links: Links) -> None:
        self.state = channel.state
        self.gateway = gateway
        self.links = links  # relative, because a page may know this machine by another name
        self._viewers: dict[Outbox, tuple[Person, Place]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """`GET /sandbox/events?user=…&place=…&locale=…`: a page's stream of events."""
        person, place = self.who_and_where(request.query)
        if (locale := request.query.get("locale")) in LOCALES:
            self.state.locales[person.id] = locale
        socket = web.WebSocketResponse(heartbeat=20, max_msg_size=64 * 1024)
        await socket.prepare(request)
        outbox = Outbox(request, socket, gather=True)
        # Listening before the history is read means that nothing falls between the two; a page takes a
        # message that comes twice for an update.
        self._viewers[outbox] = person, place
        try:
            outbox.put(json.dumps(await self.ready(person, place)))
            while (await socket.receive()).type in (WSMsgType.TEXT, WSMsgType.BINARY):
                pass  # a page only listens here
        finally:
            self._viewers.pop(outbox, None)
            await outbox.close(1000)
        return socket

    async def close(self) -> None:
        await asyncio.gather(*(outbox.close(1001) for outbox in list(self._viewers)))

    def person(self, name_or_id: object) -> Person:
        """Raises PageError for someone unknown."""
        person_id = parse_snowflake(name_or_id)
        known = self.state.person_named(str(name_or_id))
        person = known if person_id is None else self.state.people.get(person_id)
        if person is None:
            raise PageError("There is nobody of this name here.")
        return person

    def who_and_where(self, asked: Mapping[str, Any]) -> tuple[Person, Place]:
        """The `user` and the `place` of a request; the place is the server's channel if it names none.

        Raises PageError.
        """
        person = self.person(asked.get("user", ""))
        place = place_of(str(asked.get("place") or KINDS[0]), person)
        if place is None:
            raise PageError("There is no such place here.")
        return person, place

    async def ready(self, person: Person, place: Place) -> JsonObject:
        return {
            "event": "ready",
            "user": public_person(person),
            "people": self.people(),
            "guild": {"name": guild_payload(())["name"]},
            "places": [found.public() for kind in KINDS if (found := place_of(kind, person))],
            "place": place.public(),
            "bot": {"id": str(BOT.id), "name": BOT.name, "online": self.gateway.online},
            **await self.commands(person, place),
            **await self.history(person, place),
        }

    async def history(self, person: Person, place: Place, before: int | None = None) -> JsonObject:
        """A page of messages, oldest first, and whether there are older ones."""
        found = await self.state.messages(
            person.id, channel_id=place.channel_id, before=before, limit=PAGE_OF_MESSAGES + 1
        )
        messages = [self.message(message) for message in found[-PAGE_OF_MESSAGES:]]
        return {"messages": messages, "more": len(found) > PAGE_OF_MESSAGES}

    async def commands(self, person: Person, place: Place) -> JsonObject:
        """What this person finds there: by typing, and in the context menus of messages."""
        locale = self.state.locale_of(person)
        typed = [leaf.public(locale) for leaf in await leaves(self.state, person, place)]
        return {"commands": typed, "menus": [menu["name"] for menu in await menus(self.state, person, place)]}

    def people(self) -> list[JsonObject]:
        return [public_person(person) for person in self.state.people.values()]

    def message(self, message: StoredMessage) -> JsonObject:
        return message_payload(self.state, message, self.links) | {"failed": message.failed}

    # what happens → events

    def send(self, event: JsonObject, to: int | None = None, channel_id: int | None = None) -> None:
        """Sends an event to one person's pages or everyone's, at all places or at one."""
        text = json.dumps(event)
        for outbox, (person, place) in self._viewers.items():
            if to in (None, person.id) and channel_id in (None, place.channel_id):
                outbox.put(text)

    def message_changed(self, change: Change) -> None:
        if not self._viewers:
            return
        event: JsonObject = {"event": f"message_{change.kind}", "id": str(change.message.id)}
        if change.kind != "delete":
            event["message"] = self.message(change.message)
        if change.cause is not None:
            event |= {"interaction_id": str(change.cause.interaction_id), "nonce": change.cause.nonce}
        self.send(event, to=change.message.private_to, channel_id=change.message.channel_id)

    def interaction_changed(self, interaction: Interaction) -> None:
        if interaction.kind is Kind.AUTOCOMPLETE:
            return
        about: JsonObject = {"interaction_id": str(interaction.id), "nonce": interaction.nonce}
        if interaction.modal is not None and interaction.status == "acknowledged":
            self.send({"event": "modal", "modal": interaction.modal, **about}, to=interaction.person.id)
        event: JsonObject = {
            "event": "interaction",
            "kind": interaction.kind.name.lower(),
            "status": interaction.status,
            "message_id": _id(interaction.response_id),
            "source_id": _id(interaction.source_id),
            **about,
        }
        self.send(event, to=interaction.person.id)

    def bot_changed(self) -> None:
        self.send({"event": "bot", "online": self.gateway.online})

    def people_changed(self) -> None:
        self.send({"event": "people", "people": self.people()})

    def commands_changed(self) -> None:
        task = asyncio.create_task(self._send_commands())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send_commands(self) -> None:
        for person, place in set(self._viewers.values()):
            event = {"event": "commands"} | await self.commands(person, place)
            self.send(event, to=person.id, channel_id=place.channel_id)


def public_person(person: Person) -> dict[str, Any]:
    return {
        "id": str(person.id),
        "name": person.name,
        "admin": person.admin,
        "role": person.roles[-1].name if person.roles else "Member",
        "about": person.roles[-1].about if person.roles else "member",
    }


def _id(snowflake: int | None) -> str | None:
    return None if snowflake is None else str(snowflake)
