"""The gateway: the WebSocket on which a bot receives events, with sessions that it can resume."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections import deque
from collections.abc import Callable
from enum import IntEnum
from typing import Any

from aiohttp import WSMsgType, web

from sandbox.outbox import Outbox
from sandbox.state import State
from sandbox.world import APPLICATION_ID, GUILD_ID, JsonObject, bot_user_payload, guild_payload

log = logging.getLogger(__name__)

HEARTBEAT_INTERVAL_MS = 41_250
# discord.py notes when it sent a heartbeat once that is done, from another thread: an answer that is sooner
# would look late by a whole interval, and it warns of that. Discord is never that near.
ACK_DELAY_S = 0.05
REPLAY_MAX = 2_000  # events kept for a bot that lost its connection

GUILDS = 1 << 0  # intents
GUILD_MESSAGES = 1 << 9


class Op(IntEnum):
    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    PRESENCE = 3
    VOICE_STATE = 4
    RESUME = 6
    RECONNECT = 7
    REQUEST_MEMBERS = 8
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11


class Close(IntEnum):
    UNKNOWN_ERROR = 4000
    UNKNOWN_OPCODE = 4001
    DECODE_ERROR = 4002
    NOT_AUTHENTICATED = 4003
    AUTHENTICATION_FAILED = 4004
    ALREADY_AUTHENTICATED = 4005
    SESSION_TIMED_OUT = 4009


_ENDS_SESSION = {4004, 4007, 4009, *range(4010, 4015)}  # close codes after which nobody can resume


class GatewayClosed(Exception):
    """This connection ends with a close code."""

    def __init__(self, code: Close) -> None:
        super().__init__(code.name)
        self.code = code


class Session:
    """What the gateway knows about one identified shard, connected or not."""

    def __init__(self, shard: tuple[int, int], intents: int) -> None:
        self.id = secrets.token_hex(16)
        self.shard = shard
        self.intents = intents
        self.outbox: Outbox | None = None
        self.holding = False  # events wait, as on a wire that is stuck
        self._sequence = 0
        self._delivered = 0  # the last sequence number that went out on the wire
        self._sent: deque[tuple[int, str]] = deque(maxlen=REPLAY_MAX)

    def dispatch(self, event: str, data: JsonObject) -> None:
        self._sequence += 1
        text = json.dumps({"op": Op.DISPATCH, "t": event, "s": self._sequence, "d": data})
        self._sent.append((self._sequence, text))
        if self.outbox is not None and not self.holding:
            self._deliver(self._sequence, text)

    def can_replay(self, sequence: int) -> bool:
        oldest = self._sent[0][0] if self._sent else self._sequence + 1
        return oldest - 1 <= sequence <= self._sequence

    def replay(self, sequence: int | None = None) -> None:
        """Sends what came after `sequence` (again), or what has not been sent yet."""
        self.holding = False
        after = self._delivered if sequence is None else sequence
        for number, text in list(self._sent):
            if number > after:
                self._deliver(number, text)

    def _deliver(self, number: int, text: str) -> None:
        if self.outbox is not None:
            self.outbox.put(text)
            self._delivered = number

    @property
    def has_guild(self) -> bool:
        return (GUILD_ID >> 22) % self.shard[1] == self.shard[0]


class Gateway:
    """All sessions of the bot. `watchers` are called whenever the bot comes or goes."""

    def __init__(self, state: State, websocket_url: str) -> None:
        self.state = state
        self.url = websocket_url
        self.watchers: list[Callable[[], None]] = []
        self.heartbeat_interval_ms = HEARTBEAT_INTERVAL_MS
        self.heartbeats_acknowledged = True
        self.shards = 1  # that a bot is told to connect with
        self._sessions: dict[str, Session] = {}
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def online(self) -> bool:
        return any(session.outbox is not None for session in self._sessions.values())

    @property
    def sessions(self) -> list[Session]:
        """Those of every shard that has identified, connected or not."""
        return list(self._sessions.values())

    def wants(self, intent: int) -> bool:
        """Is there a session with this intent?"""
        return any(session.intents & intent for session in self._sessions.values())

    def dispatch(self, event: str, data: JsonObject, *, intent: int = 0, direct: bool = False) -> None:
        """Sends an event to each session that should see it: one of the server to the shard that has it, one
        of direct messages to shard 0, and one that needs an intent to those that asked for it."""
        for session in self._sessions.values():
            at_home = session.shard[0] == 0 if direct else session.has_guild
            if at_home and (not intent or session.intents & intent):
                session.dispatch(event, data)

    def invite(self, denied: int = 0) -> None:
        """Takes the bot out of the server, and invites it anew, without the `denied` permissions."""
        self.dispatch("GUILD_DELETE", {"id": str(GUILD_ID)}, intent=GUILDS)
        self.state.denied_to_bot = denied
        joined = self._guild()
        del joined["unavailable"]  # by this a bot knows that it has just come
        self.dispatch("GUILD_CREATE", joined, intent=GUILDS)

    def _guild(self) -> JsonObject:
        state = self.state
        return guild_payload(state.people.values(), state.last_message_id, state.denied_to_bot)

    def drop_connections(self) -> None:
        """Cuts every connection without a word, as a bad network does; sessions can be resumed."""
        for session in self._sessions.values():
            if session.outbox is not None:
                session.outbox.drop()

    def ask_to_reconnect(self) -> None:
        """Asks every connection to come back and resume (op 7), as Discord does now and then."""
        for session in self._sessions.values():
            if session.outbox is not None:
                session.outbox.put(json.dumps({"op": Op.RECONNECT, "d": None}))

    def close_connections(self, code: int) -> None:
        """Closes every connection with this code; some codes end the sessions too."""
        for session in list(self._sessions.values()):
            if code in _ENDS_SESSION:
                del self._sessions[session.id]
            if session.outbox is not None:
                task = asyncio.create_task(session.outbox.close(code))
                self._closing.add(task)
                task.add_done_callback(self._closing.discard)
        self._changed()

    def invalidate_sessions(self, *, resumable: bool) -> None:
        """Tells every connection that its session is invalid (op 9) and, unless resumable, forgets it."""
        for session in list(self._sessions.values()):
            if session.outbox is not None:
                session.outbox.put(json.dumps({"op": Op.INVALID_SESSION, "d": resumable}))
            if not resumable:
                del self._sessions[session.id]
        self._changed()

    def hold_events(self) -> None:
        """Keeps the events of every session back, until they are released or the session is resumed."""
        for session in self._sessions.values():
            session.holding = True

    def release_events(self) -> None:
        for session in self._sessions.values():
            if session.holding:
                session.replay()

    async def close(self) -> None:
        for session in list(self._sessions.values()):
            if session.outbox is not None:
                await session.outbox.close(1001)
        if self._closing:
            await asyncio.wait(self._closing)

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(max_msg_size=64 * 1024)
        await socket.prepare(request)
        connection = _Connection(self, Outbox(request, socket))
        code = await connection.run(socket)
        await connection.outbox.close(code)
        return socket

    # what a connection does to the sessions

    def open_session(self, data: dict[str, Any], outbox: Outbox) -> Session:
        if data.get("token") != self.state.token:
            raise GatewayClosed(Close.AUTHENTICATION_FAILED)
        # A new identify of the same shard means that the old process is gone.
        shard = tuple(data.get("shard") or (0, 1))
        self._sessions = {i: s for i, s in self._sessions.items() if s.outbox or s.shard != shard}
        session = Session((int(shard[0]), int(shard[1])), int(data.get("intents", 0)))
        self._sessions[session.id] = session
        session.outbox = outbox
        session.dispatch("READY", self._ready(session))
        if session.has_guild and session.intents & GUILDS:
            session.dispatch(
                "GUILD_CREATE",
                self._guild(),  # one that the bot has been in before
            )
        self._changed()
        return session

    def resume_session(self, data: dict[str, Any], outbox: Outbox) -> Session | None:
        """The session, with what it missed sent again; None when it has to identify anew."""
        if data.get("token") != self.state.token:
            raise GatewayClosed(Close.AUTHENTICATION_FAILED)
        session = self._sessions.get(str(data.get("session_id")))
        if session is None or not session.can_replay(int(data.get("seq") or 0)):
            return None
        if session.outbox is not None:
            session.outbox.drop()
        session.outbox = outbox
        session.replay(int(data.get("seq") or 0))
        session.dispatch("RESUMED", {"_trace": []})
        self._changed()
        return session

    def leave(self, session: Session, outbox: Outbox, *, for_good: bool) -> None:
        if session.outbox is outbox:
            session.outbox = None
            if for_good:
                self._sessions.pop(session.id, None)
            self._changed()

    def _ready(self, session: Session) -> JsonObject:
        return {
            "v": 10,
            "user": bot_user_payload(),
            "guilds": [{"id": str(GUILD_ID), "unavailable": True}] if session.has_guild else [],
            "session_id": session.id,
            "resume_gateway_url": self.url,
            "shard": list(session.shard),
            "application": {"id": str(APPLICATION_ID), "flags": 0},
            "private_channels": [],
            "relationships": [],
            "_trace": [],
        }

    def _changed(self) -> None:
        for watcher in self.watchers:
            watcher()


class _Connection:
    """One socket of a bot, from hello to close."""

    def __init__(self, gateway: Gateway, outbox: Outbox) -> None:
        self.gateway = gateway
        self.outbox = outbox
        self.session: Session | None = None

    async def run(self, socket: web.WebSocketResponse) -> int:
        """Reads until the connection ends; returns the code to close it with."""
        code: int = Close.UNKNOWN_ERROR
        goodbye = False
        interval_ms = self.gateway.heartbeat_interval_ms
        self._send(Op.HELLO, {"heartbeat_interval": interval_ms})
        try:
            while True:
                message = await socket.receive(timeout=interval_ms * 2 / 1000)
                if message.type is not WSMsgType.TEXT:
                    # A client that closes with 1000 or 1001 says that it will not resume; what it answers
                    # when this side closes says nothing.
                    goodbye = message.type is WSMsgType.CLOSE and message.data in (1000, 1001)
                    break
                self._handle(message.data)
        except GatewayClosed as closed:
            code = closed.code
        except TimeoutError:
            code = Close.SESSION_TIMED_OUT
        finally:
            if self.session is not None:
                self.gateway.leave(self.session, self.outbox, for_good=goodbye)
        return code

    def _handle(self, text: str) -> None:
        try:
            frame = json.loads(text)
            op, data = frame["op"], frame.get("d")
        except (ValueError, KeyError, TypeError):
            raise GatewayClosed(Close.DECODE_ERROR) from None
        if op == Op.HEARTBEAT:
            if self.gateway.heartbeats_acknowledged:
                asyncio.get_running_loop().call_later(ACK_DELAY_S, self._send, Op.HEARTBEAT_ACK, None)
        elif op in (Op.IDENTIFY, Op.RESUME):
            self._authenticate(op, data)
        elif self.session is None:
            raise GatewayClosed(Close.NOT_AUTHENTICATED)
        elif op not in (Op.PRESENCE, Op.VOICE_STATE, Op.REQUEST_MEMBERS):
            raise GatewayClosed(Close.UNKNOWN_OPCODE)

    def _authenticate(self, op: int, data: object) -> None:
        if self.session is not None:
            raise GatewayClosed(Close.ALREADY_AUTHENTICATED)
        if not isinstance(data, dict):
            raise GatewayClosed(Close.DECODE_ERROR)
        if op == Op.IDENTIFY:
            self.session = self.gateway.open_session(data, self.outbox)
        else:
            self.session = self.gateway.resume_session(data, self.outbox)
            if self.session is None:
                self._send(Op.INVALID_SESSION, False)

    def _send(self, op: Op, data: object) -> None:
        self.outbox.put(json.dumps({"op": op, "d": data, "s": None, "t": None}))
