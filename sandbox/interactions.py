"""Interactions: what a person did, on its way to the bot, and what has become of it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from functools import partial
from typing import Any, Literal

from sandbox.channel import Cause, Channel, Origin
from sandbox.clock import Clock, Timer
from sandbox.errors import (
    already_acknowledged,
    discord_error,
    invalid_token,
    unknown_interaction,
    unknown_message,
    unknown_webhook,
)
from sandbox.gateway import Gateway
from sandbox.places import SERVER, Place
from sandbox.state import StoredMessage
from sandbox.world import (
    APPLICATION_ID,
    ATTACHMENT_SIZE_LIMIT,
    JsonObject,
    Person,
)

ACKNOWLEDGE_WITHIN_S = 3.0
TOKEN_LIFETIME_S = 15 * 60.0

_CHAT_INPUT_COMMAND, _REPLY, _MENU_COMMAND = 20, 19, 23  # types of message


class Kind(IntEnum):
    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL_SUBMIT = 5


@dataclass(slots=True, eq=False)
class Interaction:
    """One click, command, dialog or keystroke that the bot must answer."""

    id: int
    token: str
    kind: Kind
    person: Person
    data: JsonObject
    nonce: str  # chosen by the page, returned with everything that comes of the interaction
    name: str  # of the command, as shown above its answer
    source_id: int | None  # the message whose button or menu was used
    place: Place = SERVER
    status: Literal["sent", "acknowledged", "failed", "expired"] = "sent"
    callback_type: int | None = None
    response_id: int | None = None  # what `@original` means
    thinking_deleted: bool = False  # the deferred answer was deleted before anything took its place
    modal: JsonObject | None = None  # the dialog that answered it
    choices: asyncio.Future[list[JsonObject] | None] | None = None  # the answer to autocomplete
    timers: list[Timer] = field(default_factory=list)

    @property
    def cause(self) -> Cause:
        return Cause(self.id, self.nonce)

    def origin(self, *, private: bool, followup: bool = False) -> Origin:
        """Where a message that answers this interaction says it comes from."""
        replies_to = (self.response_id or self.source_id) if followup else self.source_id
        interaction: dict[str, Any] = {
            "id": self.id,
            "type": int(self.kind),
            "name": self.name,
            "user_id": self.person.id,
            "message_id": self.source_id,
        }
        answers = _CHAT_INPUT_COMMAND
        if "target_id" in self.data:
            answers = _MENU_COMMAND
            interaction["target_id"] = self.data["target_id"]
        return Origin(
            type=_REPLY if replies_to else answers,
            private_to=self.person.id if private else None,
            interaction=interaction,
            replies_to=replies_to,
            channel_id=self.place.channel_id,
        )


class Interactions:
    """Sends interactions to the bot and keeps them for as long as their tokens live."""

    def __init__(
        self,
        channel: Channel,
        gateway: Gateway,
        clock: Clock,
        acknowledge_within_s: float,
        token_lifetime_s: float,
    ) -> None:
        self.state = channel.state
        self.channel = channel
        self.gateway = gateway
        self.clock = clock
        self.acknowledge_within_s = acknowledge_within_s
        self.token_lifetime_s = token_lifetime_s
        self.watchers: list[Callable[[Interaction], None]] = []  # told of every change of status
        self._by_id: dict[int, Interaction] = {}
        self._by_token: dict[str, Interaction] = {}
        self._ended: dict[str, int] = {}  # token → the error code it gets, where that is not the usual one
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(
        self,
        kind: Kind,
        person: Person,
        data: JsonObject,
        *,
        nonce: str,
        name: str = "",
        source: StoredMessage | None = None,
        place: Place = SERVER,
    ) -> Interaction:
        """Sends a new interaction to the bot."""
        loop = asyncio.get_running_loop()
        interaction = Interaction(
            id=self.state.snowflakes.next(),
            token=secrets.token_urlsafe(48),
            kind=kind,
            person=person,
            data=data,
            nonce=nonce,
            name=name,
            source_id=source.id if source else None,
            place=place,
            choices=loop.create_future() if kind is Kind.AUTOCOMPLETE else None,
        )
        self._by_id[interaction.id] = self._by_token[interaction.token] = interaction
        interaction.timers = [
            self.clock.call_later(self.acknowledge_within_s, partial(self._too_late, interaction)),
            self.clock.call_later(self.token_lifetime_s, partial(self._expire, interaction)),
        ]
        self.gateway.dispatch("INTERACTION_CREATE", self._payload(interaction, source))
        return interaction

    def get(self, interaction_id: int) -> Interaction | None:
        return self._by_id.get(interaction_id)

    def unanswered(self, interaction_id: int, token: str) -> Interaction:
        """The interaction that a callback may answer. Raises ApiError 10062 or 40060."""
        interaction = self._by_id.get(interaction_id)
        if interaction is None or not secrets.compare_digest(interaction.token, token):
            raise unknown_interaction()
        if interaction.status == "acknowledged":
            raise already_acknowledged()
        if interaction.status != "sent":
            raise unknown_interaction()
        return interaction

    def answered(self, token: str) -> Interaction:
        """The interaction whose messages a webhook call may change. Raises ApiError 50027 or 10015."""
        if token in self._ended:
            raise discord_error(self._ended[token])
        interaction = self._by_token.get(token)
        if interaction is None or interaction.status == "expired":
            raise invalid_token()
        if interaction.status != "acknowledged":
            raise unknown_webhook()
        return interaction

    def acknowledge(self, interaction: Interaction, callback_type: int) -> None:
        interaction.status = "acknowledged"
        interaction.callback_type = callback_type

    def withdraw(self, interaction: Interaction) -> None:
        """Takes an acknowledgement back, because its content was refused."""
        interaction.status = "sent"
        interaction.callback_type = None

    def settle(self, interaction: Interaction) -> None:
        """The acknowledgement stands: stop waiting for it and tell the page."""
        interaction.timers[0].cancel()
        self._tell(interaction)

    async def original(self, interaction: Interaction) -> StoredMessage:
        """What `@original` means. Raises ApiError 10008."""
        message = await self.state.message(interaction.response_id) if interaction.response_id else None
        if message is None:
            raise unknown_message()
        return message

    def expire_tokens(self, interaction_id: int | None = None, code: int = 50027) -> None:
        """Ends the token of one interaction, or every token, as their 15 minutes would.

        Raises LookupError where that interaction has no living token, and ValueError for an unknown code.
        """
        discord_error(code)
        if interaction_id is not None and interaction_id not in self._by_id:
            raise LookupError(f"There is no interaction {interaction_id} with a living token.")
        for interaction in list(self._by_id.values()):
            if interaction_id in (None, interaction.id):
                self._ended[interaction.token] = code
                self._expire(interaction)

    async def close(self) -> None:
        for interaction in self._by_id.values():
            for timer in interaction.timers:
                timer.cancel()
            if interaction.choices is not None and not interaction.choices.done():
                interaction.choices.set_result(None)
        if self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _too_late(self, interaction: Interaction) -> None:
        if interaction.status != "sent":
            return
        interaction.status = "failed"
        if interaction.choices is not None and not interaction.choices.done():
            interaction.choices.set_result(None)
        self._tell(interaction)

    def _expire(self, interaction: Interaction) -> None:
        for timer in interaction.timers:
            timer.cancel()
        # A token that ran out and one that never was are refused alike, with 50027.
        self._by_id.pop(interaction.id, None)
        self._by_token.pop(interaction.token, None)
        interaction.status = "expired"
        if interaction.response_id is not None:
            task = asyncio.create_task(self.channel.give_up(interaction.response_id, interaction.cause))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _tell(self, interaction: Interaction) -> None:
        for watcher in self.watchers:
            watcher(interaction)

    def _payload(self, interaction: Interaction, source: StoredMessage | None) -> JsonObject:
        payload: JsonObject = {
            "id": str(interaction.id),
            "application_id": str(APPLICATION_ID),
            "type": int(interaction.kind),
            "token": interaction.token,
            "version": 1,
            "data": interaction.data,
            "locale": self.state.locale_of(interaction.person),
            "entitlements": [],
            "entitlement_sku_ids": [],
            "attachment_size_limit": ATTACHMENT_SIZE_LIMIT,
            **interaction.place.interaction_fields(
                interaction.person, self.state.last_message_id, self.state.locale, self.state.denied_to_bot
            ),
        }
        if source is not None:
            payload["message"] = self.channel.payload(source)
        return payload
