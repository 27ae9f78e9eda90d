"""Everyone who looks at the page: one WebSocket each, and the events that go out on it.

A frame is a JSON array of events. Events are objects with a key `event`:
  ready           all that a page needs to draw itself: see `Hub.ready`
  message_create, message_update    `message` (Discord's object, file addresses relative, and `failed`)
  message_delete  `id`
  interaction     `id`, `nonce`, `kind`, `status` (acknowledged, failed), `message_id`, `source_id`
  modal           `interaction_id`, `nonce`, `modal`
  commands, people, bot    the new list of commands or people; whether the bot is `online`
Message events that an interaction caused carry its `interaction_id` and `nonce`.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiohttp import WSMsgType, web

from bot.sandbox.channel import Change, Channel
from bot.sandbox.commands import leaves
from bot.sandbox.errors import PageError
from bot.sandbox.gateway import Gateway
from bot.sandbox.interactions import Interaction, Kind
from bot.sandbox.outbox import Outbox
from bot.sandbox.render import message_payload
from bot.sandbox.state import StoredMessage
from bot.sandbox.world import BOT, JsonObject, Person, channel_payload, guild_payload

PAGE_OF_MESSAGES = 50


class Hub:
    """The open pages."""

    def __init__(self, channel: Channel, gateway: Gateway) -> None:
        self.state = channel.state
        self.gateway = gateway
        self._viewers: dict[Outbox, Person] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """`GET /sandbox/events?user=…`: a page's stream of events."""
        person = self.person(request.query.get("user", ""))
        socket = web.WebSocketResponse(heartbeat=20, max_msg_size=64 * 1024)
        await socket.prepare(request)
        outbox = Outbox(request, socket, gather=True)
        # Listening before the history is read means that nothing falls between the two; a page takes a
        # message that comes twice for an update.
        self._viewers[outbox] = person
        try:
            outbox.put(json.dumps(await self.ready(person)))
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
        text = str(name_or_id)
        person = self.state.people.get(int(text)) if text.isdecimal() else self.state.person_named(text)
        if person is None:
            raise PageError("There is nobody of this name here.")
        return person

    async def ready(self, person: Person) -> JsonObject:
        return {
            "event": "ready",
            "user": public_person(person),
            "people": self.people(),
            "guild": {"name": guild_payload(())["name"]},
            "channel": {key: channel_payload()[key] for key in ("id", "name", "topic")},
            "bot": {"id": str(BOT.id), "name": BOT.name, "online": self.gateway.online},
            "commands": await self.commands(person),
        } | await self.history(person)

    async def history(self, person: Person, before: int | None = None) -> JsonObject:
        """A page of messages, oldest first, and whether there are older ones."""
        found = await self.state.messages(person.id, before=before, limit=PAGE_OF_MESSAGES + 1)
        messages = [self.message(message) for message in found[-PAGE_OF_MESSAGES:]]
        return {"messages": messages, "more": len(found) > PAGE_OF_MESSAGES}

    async def commands(self, person: Person) -> list[JsonObject]:
        return [leaf.public() for leaf in await leaves(self.state, person)]

    def people(self) -> list[JsonObject]:
        return [public_person(person) for person in self.state.people.values()]

    def message(self, message: StoredMessage) -> JsonObject:
        return message_payload(self.state, message, "") | {"failed": message.failed}

    # what happens → events

    def send(self, event: JsonObject, to: int | None = None) -> None:
        """Sends an event to one person's pages, or to everyone's."""
        text = json.dumps(event)
        for outbox, person in self._viewers.items():
            if to is None or person.id == to:
                outbox.put(text)

    def message_changed(self, change: Change) -> None:
        if not self._viewers:
            return
        event: JsonObject = {"event": f"message_{change.kind}", "id": str(change.message.id)}
        if change.kind != "delete":
            event["message"] = self.message(change.message)
        if change.cause is not None:
            event |= {"interaction_id": str(change.cause.interaction_id), "nonce": change.cause.nonce}
        self.send(event, to=change.message.private_to)

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
        for person in set(self._viewers.values()):
            self.send({"event": "commands", "commands": await self.commands(person)}, to=person.id)


def public_person(person: Person) -> dict[str, Any]:
    return {"id": str(person.id), "name": person.name, "admin": person.admin}


def _id(snowflake: int | None) -> str | None:
    return None if snowflake is None else str(snowflake)
