"""REST for interactions: the first answer, and the webhook that edits it and adds to it for 15 minutes."""

from __future__ import annotations

from aiohttp import web

from sandbox import components
from sandbox.answers import json_answer
from sandbox.channel import Channel
from sandbox.errors import ApiError, not_found, unknown_message, unknown_webhook
from sandbox.form import Form
from sandbox.interactions import Interaction, Interactions, Kind
from sandbox.limits import EPHEMERAL, LOADING
from sandbox.snowflakes import parse_snowflake
from sandbox.state import StoredMessage
from sandbox.uploads import Body, read_body
from sandbox.world import APPLICATION_ID, BOT, JsonObject

MESSAGE, DEFERRED_MESSAGE, DEFERRED_UPDATE, UPDATE, CHOICES, MODAL = range(4, 10)
_CHOICES_MAX = 25


class CallbackRoutes:
    """`/interactions/…` and `/webhooks/…`; the token in the path is the permission."""

    def __init__(self, channel: Channel, interactions: Interactions) -> None:
        self.channel = channel
        self.interactions = interactions

    def routes(self) -> list[web.RouteDef]:
        webhook = "/webhooks/{application_id}/{token}"
        return [
            web.post("/interactions/{id}/{token}/callback", self.callback),
            web.post(webhook, self.follow_up),
            web.get(webhook + "/messages/{message}", self.get_message),
            web.patch(webhook + "/messages/{message}", self.edit_message),
            web.delete(webhook + "/messages/{message}", self.delete_message),
        ]

    async def callback(self, request: web.Request) -> web.Response:
        body = await read_body(request)
        info = request.match_info
        interaction_id = parse_snowflake(info["id"])
        if interaction_id is None:
            raise not_found()
        interaction = self.interactions.unanswered(interaction_id, info["token"])
        kind = body.payload.get("type")
        _check_kind(interaction, kind)
        answer = Body(body.payload.get("data") or {}, body.uploads)
        self.interactions.acknowledge(interaction, int(kind or 0))
        try:
            message = await self._answer(interaction, answer)
        except ApiError:
            self.interactions.withdraw(interaction)
            raise
        self.interactions.settle(interaction)
        if request.query.get("with_response", "").lower() not in ("1", "true"):
            return web.Response(status=204)
        return json_answer(self._callback_response(interaction, message))

    async def _answer(self, interaction: Interaction, body: Body) -> StoredMessage | None:
        """Does what the callback asks for; returns the message it made or changed."""
        cause, at = interaction.cause, ("data",)
        private = bool(int(body.payload.get("flags") or 0) & EPHEMERAL)
        if interaction.callback_type == CHOICES:
            _check_choices(body.payload)
            if interaction.choices is not None and not interaction.choices.done():
                interaction.choices.set_result(body.payload["choices"])
            return None
        if interaction.callback_type == MODAL:
            form = Form()
            components.check_modal(form, at, body.payload)
            form.settle()
            components.number(body.payload["components"])
            interaction.modal = body.payload
            return None
        if interaction.callback_type == MESSAGE:
            origin = interaction.origin(private=private)
            message = await self.channel.post(BOT, body, origin=origin, path=at, cause=cause)
        elif interaction.callback_type == DEFERRED_MESSAGE:
            message = await self.channel.post_loading(BOT, interaction.origin(private=private), cause)
        elif interaction.callback_type == UPDATE:
            message = await self.channel.edit(interaction.source_id or 0, body, path=at, cause=cause)
        else:  # DEFERRED_UPDATE: nothing changes yet
            interaction.response_id = interaction.source_id
            return await self.interactions.original(interaction)
        interaction.response_id = message.id
        return message

    def _callback_response(self, interaction: Interaction, message: StoredMessage | None) -> JsonObject:
        about: JsonObject = {"id": str(interaction.id), "type": int(interaction.kind)}
        response: JsonObject = {"interaction": about}
        if message is not None:
            about["response_message_id"] = str(message.id)
            about["response_message_loading"] = bool(message.flags & LOADING)
            about["response_message_ephemeral"] = bool(message.flags & EPHEMERAL)
            response["resource"] = {
                "type": interaction.callback_type,
                "message": self.channel.payload(message),
            }
        return response

    async def follow_up(self, request: web.Request) -> web.Response:
        interaction = self._interaction(request)
        body = await read_body(request)
        if interaction.thinking_deleted:
            # The first follow-up would take its place. Discord has let it through as a message of its own for
            # a time, and has refused it before and after: whoever relies on neither is safe.
            raise unknown_message()
        original = await self.channel.state.message(interaction.response_id or 0)
        if original is not None and original.flags & LOADING:
            # The first follow-up to a deferred answer takes the place of its "thinking…".
            message = await self.channel.edit(original.id, body, cause=interaction.cause)
        else:
            private = bool(int(body.payload.get("flags") or 0) & EPHEMERAL)
            origin = interaction.origin(private=private, followup=True)
            message = await self.channel.post(BOT, body, origin=origin, cause=interaction.cause)
        return json_answer(self.channel.payload(message))

    async def get_message(self, request: web.Request) -> web.Response:
        return json_answer(self.channel.payload(await self._message(request)))

    async def edit_message(self, request: web.Request) -> web.Response:
        interaction = self._interaction(request)
        body = await read_body(request)
        message = await self._message(request)
        message = await self.channel.edit(message.id, body, cause=interaction.cause)
        return json_answer(self.channel.payload(message))

    async def delete_message(self, request: web.Request) -> web.Response:
        message, interaction = await self._message(request), self._interaction(request)
        if message.id == interaction.response_id and message.flags & LOADING:
            interaction.thinking_deleted = True
        await self.channel.delete(message.id, cause=interaction.cause)
        return web.Response(status=204)

    def _interaction(self, request: web.Request) -> Interaction:
        if request.match_info["application_id"] != str(APPLICATION_ID):
            raise unknown_webhook()
        return self.interactions.answered(request.match_info["token"])

    async def _message(self, request: web.Request) -> StoredMessage:
        interaction = self._interaction(request)
        name = request.match_info["message"]
        if name == "@original":
            return await self.interactions.original(interaction)
        message_id = parse_snowflake(name)
        message = None if message_id is None else await self.channel.state.message(message_id)
        of_another = message is not None and message.private_to not in (None, interaction.person.id)
        if message is None or message.author_id != BOT.id or of_another:
            raise unknown_message()
        return message


def _check_kind(interaction: Interaction, kind: object) -> None:
    """Which answers fit which interaction."""
    if interaction.kind is Kind.AUTOCOMPLETE:
        fitting = {CHOICES}
    else:
        fitting = {MESSAGE, DEFERRED_MESSAGE}
        if interaction.source_id is not None:
            fitting |= {DEFERRED_UPDATE, UPDATE}
        if interaction.kind is not Kind.MODAL_SUBMIT:
            fitting.add(MODAL)
    if kind not in fitting:
        form = Form()
        form.fail(
            ("type",), "BASE_TYPE_CHOICES", f"This interaction takes a response of type {sorted(fitting)}."
        )
        form.settle()


def _check_choices(payload: JsonObject) -> None:
    form = Form()
    at = ("data", "choices")
    for index, choice in enumerate(form.count(at, payload.get("choices"), high=_CHOICES_MAX)):
        form.text((*at, index, "name"), choice.get("name"), low=1, high=100)
        if isinstance(choice.get("value"), str):
            form.text((*at, index, "value"), choice.get("value"), low=1, high=100)
    form.settle()
    payload.setdefault("choices", [])
