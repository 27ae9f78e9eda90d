"""Faults for tests that run in another process than the sandbox; only there when the sandbox was told so."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from sandbox.answers import json_answer
from sandbox.errors import PageError
from sandbox.faults import Faults
from sandbox.page_api import read_json


class FaultRoutes:
    """`POST /sandbox/faults`: `{"do": "rate_limit", "with": {"what": "callback", "times": 2}}`."""

    def __init__(self, faults: Faults) -> None:
        gateway, clock = faults.gateway, faults.clock
        self._actions: dict[str, Callable[..., object]] = {
            "rate_limit": faults.rate_limit,
            "fail": faults.fail,
            "refuse": faults.refuse,
            "drop": faults.drop,
            "delay": faults.delay,
            "hold": faults.hold,
            "expire": faults.expire,
            "clear": faults.clear,
            "gateway.close": gateway.close,
            "gateway.abort": gateway.abort,
            "gateway.reconnect": gateway.reconnect,
            "gateway.invalidate": gateway.invalidate,
            "gateway.hold": gateway.hold,
            "gateway.release": gateway.release,
            "gateway.stop_heartbeat_acks": gateway.stop_heartbeat_acks,
            "clock.stop": clock.stop,
            "clock.advance": clock.advance,
        }

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/sandbox/faults", self.cause)]

    async def cause(self, request: web.Request) -> web.Response:
        data = await read_json(request)
        action = self._actions.get(str(data.get("do")))
        if action is None:
            raise PageError(f"There is no fault {data.get('do')!r}: it is one of {', '.join(self._actions)}.")
        try:
            action(**(data.get("with") or {}))
        except (TypeError, ValueError, LookupError) as error:
            raise PageError(str(error)) from error
        return json_answer({})
