"""REST that needs the bot's token: who it is, its commands, the server and the channel."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from sandbox.answers import json_answer
from sandbox.channel import Channel, Origin
from sandbox.commands import CHAT_INPUT, COMMANDS_MAX, GLOBAL, MENUS_MAX, check_commands, key_of, registered
from sandbox.errors import (
    ApiError,
    discord_error,
    malformed_body,
    not_found,
    not_the_author,
    unauthorized,
    unknown_channel,
    unknown_command,
    unknown_guild,
    unknown_message,
    unknown_user,
)
from sandbox.form import Form
from sandbox.gateway import Gateway
from sandbox.places import Place, direct_messages, place_with
from sandbox.shapes import check_shape, parse_json
from sandbox.snowflakes import parse_snowflake
from sandbox.state import StoredMessage
from sandbox.uploads import PAYLOAD, Body, read_body
from sandbox.world import (
    APPLICATION_ID,
    ATTACH_FILES,
    BOT,
    EMBED_LINKS,
    GUILD_ID,
    SEND_MESSAGES,
    VIEW_CHANNEL,
    JsonObject,
    Person,
    application_payload,
    bot_user_payload,
    guild_payload,
    member_payload,
    role_payloads,
    user_payload,
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_REPLY = 19  # a type of message


class RestRoutes:
    """Discord's REST API as far as a bot with slash commands needs it."""

    def __init__(self, channel: Channel, gateway: Gateway, commands_changed: Callable[[], None]) -> None:
        self.state = channel.state
        self.channel = channel
        self.gateway = gateway
        self._commands_changed = commands_changed

    def routes(self) -> list[web.RouteDef]:
        messages = "/channels/{channel}/messages"
        table: list[tuple[str, str, Handler]] = [
            ("GET", "/gateway", self.get_gateway),
            ("GET", "/gateway/bot", self.get_gateway),
            ("GET", "/users/@me", self.get_me),
            ("GET", "/users/@me/guilds", self.get_my_guilds),
            ("POST", "/users/@me/channels", self.open_direct_messages),
            ("GET", "/users/{user}", self.get_user),
            ("GET", "/oauth2/applications/@me", self.get_application),
            ("GET", "/applications/@me", self.get_application),
            ("GET", "/guilds/{guild}", self.get_guild),
            ("GET", "/guilds/{guild}/channels", self.get_channels),
            ("GET", "/guilds/{guild}/roles", self.get_roles),
            ("GET", "/guilds/{guild}/members/{user}", self.get_member),
            ("GET", "/channels/{channel}", self.get_channel),
            ("POST", "/channels/{channel}/typing", self.typing),
            ("GET", messages, self.get_messages),
            ("POST", messages, self.post_message),
            ("GET", messages + "/{message}", self.get_message),
            ("PATCH", messages + "/{message}", self.edit_message),
            ("DELETE", messages + "/{message}", self.delete_message),
        ]
        for scope in ("/applications/{app}/commands", "/applications/{app}/guilds/{guild}/commands"):
            table += [
                ("GET", scope, self.get_commands),
                ("PUT", scope, self.put_commands),
                ("POST", scope, self.post_command),
                ("GET", scope + "/{command}", self.get_command),
                ("PATCH", scope + "/{command}", self.patch_command),
                ("DELETE", scope + "/{command}", self.delete_command),
            ]
        return [web.route(method, path, self._authorised(handler)) for method, path, handler in table]

    def _authorised(self, handler: Handler) -> Handler:
        async def checked(request: web.Request) -> web.StreamResponse:
            if request.headers.get("Authorization") != f"Bot {self.state.token}":
                raise unauthorized()
            if request.match_info.get("guild", str(GUILD_ID)) != str(GUILD_ID):
                raise unknown_guild()
            if "channel" in request.match_info:
                self._place(request)
            if request.match_info.get("app", str(APPLICATION_ID)) != str(APPLICATION_ID):
                raise not_found()
            return await handler(request)

        return checked

    # who and where

    async def get_gateway(self, request: web.Request) -> web.Response:
        limit = {"total": 1000, "remaining": 999, "reset_after": 86_400_000, "max_concurrency": 1}
        return json_answer(
            {"url": self.gateway.url, "shards": self.gateway.shards, "session_start_limit": limit}
        )

    async def get_me(self, request: web.Request) -> web.Response:
        return json_answer(bot_user_payload())

    async def get_my_guilds(self, request: web.Request) -> web.Response:
        guild = self._guild()
        partial = {key: guild[key] for key in ("id", "name", "icon", "features") if key in guild}
        return json_answer([partial | {"owner": False, "permissions": str(BOT.permissions)}])

    async def get_user(self, request: web.Request) -> web.Response:
        return json_answer(user_payload(self._person(request)))

    async def get_application(self, request: web.Request) -> web.Response:
        return json_answer(application_payload())

    async def get_guild(self, request: web.Request) -> web.Response:
        return json_answer(self._guild())

    async def get_channels(self, request: web.Request) -> web.Response:
        return json_answer(self._guild()["channels"])

    async def get_roles(self, request: web.Request) -> web.Response:
        return json_answer(role_payloads())

    async def get_member(self, request: web.Request) -> web.Response:
        return json_answer(member_payload(self._person(request)))

    async def get_channel(self, request: web.Request) -> web.Response:
        place = self._place(request)
        recipient = self.state.people.get(place.owner_id or 0, BOT)
        return json_answer(place.channel(recipient, self.state.last_message_id))

    async def open_direct_messages(self, request: web.Request) -> web.Response:
        recipient = parse_snowflake((await read_body(request)).payload.get("recipient_id"))
        person = None if recipient is None else self.state.people.get(recipient)
        if person is None:
            raise unknown_user()
        return json_answer(direct_messages(person.id).channel(person))

    def _place(self, request: web.Request) -> Place:
        """The channel that the request names. Raises ApiError where the bot cannot go."""
        name = request.match_info["channel"]
        channel_id = parse_snowflake(name)
        place = None if channel_id is None else place_with(channel_id)
        if place is None or (place.owner_id is not None and place.owner_id not in self.state.people):
            raise unknown_channel()
        if not place.open_to_bot:
            raise discord_error(50001)
        return place

    def _person(self, request: web.Request) -> Person:
        user = request.match_info["user"]
        person_id = parse_snowflake(user)
        person = None if person_id is None else self.state.person(person_id)
        if person is None:
            raise unknown_user()
        return person

    # messages

    async def typing(self, request: web.Request) -> web.Response:
        return web.Response(status=204)

    async def get_messages(self, request: web.Request) -> web.Response:
        query = request.query
        try:
            limit = min(max(int(query.get("limit", 50)), 1), 100)
        except ValueError:
            raise ApiError(400, 50035, "Invalid Form Body") from None
        before, after = (parse_snowflake(query.get(key)) for key in ("before", "after"))
        channel_id = self._place(request).channel_id
        found = await self.state.messages(
            None, channel_id=channel_id, before=before, after=after, limit=limit
        )
        return json_answer([self.channel.payload(message) for message in reversed(found)])

    async def post_message(self, request: web.Request) -> web.Response:
        body = await read_body(request)
        reference = parse_snowflake((body.payload.get("message_reference") or {}).get("message_id")) or None
        place = self._place(request)
        channel_id = place.channel_id
        if place.in_server:
            self._check_permissions(body)
        origin = Origin(type=_REPLY if reference else 0, replies_to=reference, channel_id=channel_id)
        message = await self.channel.post(BOT, body, origin=origin)
        return json_answer(self.channel.payload(message))

    def _check_permissions(self, body: Body) -> None:
        """Raises ApiError for a message of its own that the bot may not send. Embeds that it may not show
        Discord leaves out without a word."""
        denied = self.state.denied_to_bot
        if denied & VIEW_CHANNEL:
            raise discord_error(50001)
        if denied & SEND_MESSAGES or (body.uploads and denied & ATTACH_FILES):
            raise discord_error(50013)
        if denied & EMBED_LINKS:
            body.payload.pop("embeds", None)

    def _guild(self) -> JsonObject:
        state = self.state
        return guild_payload(state.people.values(), state.last_message_id, state.denied_to_bot)

    async def get_message(self, request: web.Request) -> web.Response:
        return json_answer(self.channel.payload(await self._message(request)))

    async def edit_message(self, request: web.Request) -> web.Response:
        message = await self._message(request)
        if message.author_id != BOT.id:
            raise not_the_author()
        message = await self.channel.edit(message.id, await read_body(request))
        return json_answer(self.channel.payload(message))

    async def delete_message(self, request: web.Request) -> web.Response:
        message = await self._message(request)
        await self.channel.delete(message.id)
        return web.Response(status=204)

    async def _message(self, request: web.Request) -> StoredMessage:
        name = request.match_info["message"]
        message_id = parse_snowflake(name)
        message = None if message_id is None else await self.state.message(message_id)
        here = self._place(request).channel_id
        if message is None or message.private_to is not None or message.channel_id != here:
            raise unknown_message()
        return message

    # commands

    async def get_commands(self, request: web.Request) -> web.Response:
        return json_answer(await self.state.commands(_scope(request)))

    async def put_commands(self, request: web.Request) -> web.Response:
        wanted = await _json_list(request)
        scope = _scope(request)
        form = Form()
        kinds = [key_of(command)[0] for command in wanted]
        for kind in set(kinds):
            most = COMMANDS_MAX if kind == CHAT_INPUT else MENUS_MAX
            if kinds.count(kind) > most:
                raise ApiError(400, 30032, f"Maximum number of application commands reached ({most})")
        check_commands(form, wanted)
        form.settle()
        known = {key_of(command): command for command in await self.state.commands(scope)}
        kept = [registered(self.state, scope, command, known.get(key_of(command))) for command in wanted]
        return await self._save(scope, kept, kept)

    async def post_command(self, request: web.Request) -> web.Response:
        command = (await read_body(request)).payload
        return await self._replace(_scope(request), command)

    async def get_command(self, request: web.Request) -> web.Response:
        return json_answer(await self._command(request))

    async def patch_command(self, request: web.Request) -> web.Response:
        old = await self._command(request)
        return await self._replace(_scope(request), old | (await read_body(request)).payload, old)

    async def delete_command(self, request: web.Request) -> web.Response:
        scope, old = _scope(request), await self._command(request)
        await self._save(scope, [c for c in await self.state.commands(scope) if c["id"] != old["id"]], None)
        return web.Response(status=204)

    async def _command(self, request: web.Request) -> JsonObject:
        for command in await self.state.commands(_scope(request)):
            if command["id"] == request.match_info["command"]:
                return command
        raise unknown_command()

    async def _replace(self, scope: int, command: JsonObject, old: JsonObject | None = None) -> web.Response:
        others = await self.state.commands(scope)
        old = old or next((c for c in others if key_of(c) == key_of(command)), None)
        others = [c for c in others if old is None or c["id"] != old["id"]]
        form = Form()
        check_commands(form, [command])
        form.settle()
        kept = registered(self.state, scope, command, old)
        return await self._save(scope, [*others, kept], kept)

    async def _save(self, scope: int, commands: list[JsonObject], answer: object) -> web.Response:
        await self.state.set_commands(scope, commands)
        self._commands_changed()
        return json_answer(answer)


def _scope(request: web.Request) -> int:
    return GUILD_ID if "guild" in request.match_info else GLOBAL


async def _json_list(request: web.Request) -> list[JsonObject]:
    try:
        wanted = parse_json(await request.read())
    except ValueError:
        raise malformed_body() from None
    if not isinstance(wanted, list) or not all(isinstance(item, dict) for item in wanted):
        raise malformed_body()
    form = Form()
    check_shape(form, wanted)
    form.settle()
    request[PAYLOAD] = wanted
    return wanted
