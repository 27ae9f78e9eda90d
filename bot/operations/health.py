"""Whether the bot is well, over HTTP: /livez, /readyz and /metrics, where HEALTH_PORT is set.

/livez fails where only a restart helps: the event loop or the thread that draws hangs. /readyz fails while
people are not served, or not well, and says in JSON what is wrong. /metrics is for Prometheus.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from bot.client import NewmonBot
from bot.core.discord_internals import heartbeat_ages_s
from bot.engine.protocol import Health as EngineHealth
from bot.errors import UserError
from bot.system import metrics
from gan.package import VERSION

ENGINE_SILENT_S = 60.0  # a batch on a slow machine takes seconds
HEARTBEAT_AGE_S = 90.0  # Discord asks for one about every 41 seconds
DATABASE_S = 2.0
LOOP_INTERVAL_S = 0.25


@dataclass(frozen=True)
class Check:
    """One thing that must be well."""

    name: str
    well: bool
    says: str


class HealthServer:
    """Answers whoever asks how a bot is. Use it as a context manager, from before the bot serves people."""

    def __init__(self, bot: NewmonBot, host: str, port: int) -> None:
        self.bot = bot
        self.host, self.port = host, port
        self._beating: asyncio.Task[None] | None = None
        self._app = web.Application()
        self._app.add_routes(
            [
                web.get("/livez", self._livez),
                web.get("/readyz", self._readyz),
                web.get("/metrics", self._metrics),
            ]
        )
        self._runner = web.AppRunner(self._app, access_log=None)

    async def __aenter__(self) -> HealthServer:
        """Raises `UserError` where the port cannot be had."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise UserError(
                f"HEALTH_PORT {self.port} on {self.host} cannot be listened on "
                f"({error.strerror or error}): choose another one, or end what uses it."
            ) from error
        self.port = self._runner.addresses[0][1]
        self._beating = asyncio.create_task(_measure_delay(), name="event loop delay")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.wait({self._beating})
        await self._runner.cleanup()

    async def live(self) -> list[Check]:
        """What a restart mends."""
        engine = await self._engine()
        if engine is None:
            return [Check("engine", True, "starting")]
        return [
            Check("engine", engine.silent_s < ENGINE_SILENT_S, f"silent for {_seconds(engine.silent_s)}"),
        ]

    async def ready(self) -> list[Check]:
        """What it takes to serve people."""
        closed = self.bot.service.closed
        checks = [Check("service", closed is None, "open" if closed is None else closed), self._gateway()]
        engine = await self._engine()
        if engine is None:
            return checks
        loaded = engine.checkpoint_id is not None
        checks.append(Check("checkpoint", loaded, engine.checkpoint_id or "none is loaded"))
        return [*checks, *await self.live(), await self._database()]

    def _gateway(self) -> Check:
        if not self.bot.is_ready():
            return Check("gateway", False, "not connected")
        ages_s = heartbeat_ages_s(self.bot)
        oldest_s = max(ages_s.values(), default=math.inf)
        if len(ages_s) < len(self.bot.shards):
            return Check("gateway", False, f"{len(ages_s)} of {len(self.bot.shards)} shards are connected")
        well = oldest_s < HEARTBEAT_AGE_S
        return Check("gateway", well, f"last heartbeat {_seconds(oldest_s)} ago")

    async def _database(self) -> Check:
        began_s = time.perf_counter()
        try:
            async with asyncio.timeout(DATABASE_S):
                await self.bot.store.checkpoints.active()
        except TimeoutError:
            return Check("database", False, f"no answer within {_seconds(DATABASE_S)}")
        except UserError as error:
            return Check("database", False, str(error))
        return Check("database", True, f"answered in {_seconds(time.perf_counter() - began_s)}")

    async def _engine(self) -> EngineHealth | None:
        """None before the bot has one."""
        engine = getattr(self.bot, "engine", None)
        return None if engine is None else await engine.health()

    async def _livez(self, _request: web.Request) -> web.Response:
        return _answer(await self.live())

    async def _readyz(self, _request: web.Request) -> web.Response:
        return _answer(await self.ready())

    async def _metrics(self, _request: web.Request) -> web.Response:
        engine = await self._engine()
        if engine is not None:
            metrics.QUEUE_CREATURES.set(engine.waiting)
            metrics.QUEUE_PEOPLE.set(engine.people)
            metrics.INFO.clear()
            metrics.INFO.labels(VERSION, engine.checkpoint_id or "").set(1)
        metrics.SERVERS.set(len(self.bot.guilds))
        metrics.GATEWAY_SECONDS.set(self.bot.latency)
        metrics.READY.set(all(check.well for check in await self.ready()))
        text = await asyncio.to_thread(generate_latest, metrics.REGISTRY)
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_LATEST})


@contextlib.asynccontextmanager
async def health_server(bot: NewmonBot) -> AsyncIterator[HealthServer | None]:
    """The server that the bot's settings ask for, if they do. Raises `UserError`."""
    settings = bot.settings
    if settings.health_port is None:
        yield None
        return
    async with HealthServer(bot, settings.health_host, settings.health_port) as server:
        yield server


async def _measure_delay() -> None:
    while True:
        due_s = time.perf_counter() + LOOP_INTERVAL_S
        await asyncio.sleep(LOOP_INTERVAL_S)
        metrics.LOOP_DELAY_SECONDS.observe(max(time.perf_counter() - due_s, 0.0))


def _answer(checks: list[Check]) -> web.Response:
    well = all(check.well for check in checks)
    told = {check.name: {"well": check.well, "says": check.says} for check in checks}
    return web.json_response({"well": well, "checks": told}, status=200 if well else 503)


def _seconds(seconds: float) -> str:
    return "ever" if math.isinf(seconds) else f"{seconds:.3g} s"
