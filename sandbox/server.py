"""The sandbox as a whole: one web server on the loopback address."""

from __future__ import annotations

import errno
import logging
import socket
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web
from discord.asset import Asset
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

from sandbox.callbacks import CallbackRoutes
from sandbox.cdn import FileRoutes
from sandbox.channel import Change, Channel
from sandbox.clock import Clock
from sandbox.errors import StartupError
from sandbox.faults import Faults
from sandbox.gateway import GUILD_MESSAGES, Gateway
from sandbox.hub import Hub
from sandbox.interactions import ACKNOWLEDGE_WITHIN_S, TOKEN_LIFETIME_S, Interactions
from sandbox.loose_files import LooseFiles
from sandbox.page_api import PageRoutes
from sandbox.places import place_with
from sandbox.remote_faults import FaultRoutes
from sandbox.render import Links
from sandbox.rest import RestRoutes
from sandbox.signatures import Signer
from sandbox.state import State
from sandbox.transcript import Transcript
from sandbox.turnstile import Turnstile
from sandbox.uploads import BODY_MAX
from sandbox.web_guard import API_ROOT, add_safe_headers, errors_as_json, only_this_machine
from sandbox.world import GUILD_ID, LOCALE, Person, member_payload

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
_API_VERSION = "v10"
DIRECT_MESSAGES = 1 << 12  # an intent


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """How to run a sandbox."""

    port: int  # 0: any free one
    data_dir: Path  # where the channel's history is kept
    acknowledge_within_s: float = ACKNOWLEDGE_WITHIN_S
    token_lifetime_s: float = TOKEN_LIFETIME_S
    locale: str = LOCALE  # of the server: what Discord says that its people speak
    remote_faults: bool = False  # may other processes set up faults, with POST /sandbox/faults?


def point_discord_at(url: str) -> None:
    """As `Sandbox.point_discord_here`, for a sandbox that another process runs."""
    Route.BASE = f"{url}{API_ROOT}{_API_VERSION}"
    DiscordWebSocket.DEFAULT_GATEWAY = URL(url).with_scheme("ws") / "gateway"
    setattr(Asset, "BASE", url)  # noqa: B010  (typed as a literal)


class Sandbox:
    """A local stand-in for Discord. `start`, `point_discord_here`, run a bot with `token`, `stop`."""

    state: State
    gateway: Gateway
    channel: Channel
    interactions: Interactions
    hub: Hub
    faults: Faults

    def __init__(self, settings: SandboxSettings) -> None:
        self.settings = settings
        self.clock = Clock()
        self.transcript = Transcript()
        self._port = settings.port
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """The page's address."""
        return f"http://{HOST}:{self._port}"

    @property
    def token(self) -> str:
        """The bot token that this sandbox accepts; it stays the same for a data folder."""
        return self.state.token

    async def start(self) -> None:
        """Opens the history and listens. Raises StartupError where either is impossible."""
        listener = self._listen()
        try:
            self.state = await State.open(self.settings.data_dir)
            self.state.locale = self.settings.locale
        except BaseException:
            listener.close()
            raise
        self._port = listener.getsockname()[1]
        self._wire()
        runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=2)
        await runner.setup()
        await web.SockSite(runner, listener).start()
        self._runner = runner
        log.info("Sandbox at %s", self.url)

    async def stop(self) -> None:
        """Closes all connections and the history. Safe to call twice."""
        if self._runner is None:
            return
        runner, self._runner = self._runner, None
        await self.gateway.close()
        await self.hub.close()
        await self.interactions.close()
        await runner.cleanup()
        await self.state.close()

    def point_discord_here(self) -> None:
        """Makes discord.py, unmodified, take this sandbox for Discord; for all clients of this process."""
        point_discord_at(self.url)

    def _listen(self) -> socket.socket:
        try:
            return socket.create_server((HOST, self.settings.port), backlog=512)
        except OverflowError:
            raise StartupError(f"{self.settings.port} is not a port: use a number from 1 to 65535.") from None
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise StartupError(
                    f"Port {self.settings.port} is in use. Stop the program that uses it, "
                    "or choose another port with SANDBOX_PORT."
                ) from error
            raise StartupError(
                f"The sandbox cannot listen on port {self.settings.port} ({error.strerror})."
            ) from error

    def _wire(self) -> None:
        """Makes the parts and lets each hear what it needs from the others."""
        settings = self.settings
        self.gateway = Gateway(self.state, f"ws://{HOST}:{self._port}/gateway")
        self._signer = Signer(self.state.token, self.clock)
        self._loose = LooseFiles(self.state.snowflakes)
        self.channel = Channel(self.state, Links(self.url, self._signer))
        self.interactions = Interactions(
            self.channel, self.gateway, self.clock, settings.acknowledge_within_s, settings.token_lifetime_s
        )
        self.hub = Hub(self.channel, self.gateway, Links("", self._signer))
        self.faults = Faults(self.gateway, self.interactions, self.clock)
        self.channel.listeners += [self.hub.message_changed, self._tell_bot]
        self.interactions.watchers.append(self.hub.interaction_changed)
        self.gateway.watchers.append(self.hub.bot_changed)

    def _tell_bot(self, change: Change) -> None:
        """The gateway event of a message; private messages have none."""
        message = change.message
        place = place_with(message.channel_id)
        intent = GUILD_MESSAGES if place.in_server else DIRECT_MESSAGES
        if message.private_to is not None or not place.open_to_bot or not self.gateway.wants(intent):
            return
        deleted = change.kind == "delete"
        payload = (
            {"id": str(message.id), "channel_id": str(message.channel_id)}
            if deleted
            else self.channel.payload(message)
        )
        if place.in_server:
            author = self.state.person(message.author_id) or Person(message.author_id, "unknown")
            payload |= {"guild_id": str(GUILD_ID), "member": member_payload(author, with_user=False)}
        self.gateway.dispatch(
            f"MESSAGE_{change.kind.upper()}", payload, intent=intent, direct=not place.in_server
        )

    def _application(self) -> web.Application:
        api = web.Application()
        api.add_routes(RestRoutes(self.channel, self.gateway, self.hub.commands_changed).routes())
        api.add_routes(CallbackRoutes(self.channel, self.interactions).routes())
        app = web.Application(
            middlewares=[
                only_this_machine,
                Turnstile().middleware,
                self.transcript.middleware,
                errors_as_json,
                self.faults.middleware,
            ],
            client_max_size=BODY_MAX,
        )
        app.on_response_prepare.append(add_safe_headers)
        app.add_routes([web.get("/gateway", self.gateway.handle), web.get("/gateway/", self.gateway.handle)])
        app.add_routes(PageRoutes(self.hub, self.channel, self.interactions, self._loose).routes())
        if self.settings.remote_faults:
            app.add_routes(FaultRoutes(self.faults).routes())
        app.add_routes(FileRoutes(self.state, self._loose, self._signer).routes())
        app.add_subapp(f"{API_ROOT}{_API_VERSION}", api)
        return app
