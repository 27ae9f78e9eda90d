"""Keeps other web sites out, and turns exceptions into answers."""

from __future__ import annotations

import ipaddress
import logging
import secrets
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

from sandbox.answers import json_answer
from sandbox.errors import ApiError, PageError, not_found

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

API_ROOT = "/api/"
_PAGE_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)


@web.middleware
async def only_this_machine(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuses names that merely resolve to this machine (DNS rebinding), and pages of other origins."""
    if not _is_loopback(request.host):
        return web.Response(status=403, text="The sandbox answers only under a loopback address.\n")
    origin = request.headers.get("Origin")
    if origin is not None and origin != f"{request.scheme}://{request.host}":
        return web.Response(status=403, text="The sandbox answers only its own page.\n")
    return await handler(request)


def _is_loopback(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Discord's error bodies for the bot; `{"error": sentence, "fields": …}` for the page."""
    try:
        return await handler(request)
    except ApiError as error:
        log.debug("%s %s: %s %s", request.method, request.path, error, error.body.get("errors", ""))
        return json_answer(error.body, status=error.status)
    except PageError as error:
        return json_answer({"error": str(error), "fields": error.fields}, status=400)
    except web.HTTPNotFound:
        if request.path.startswith(API_ROOT):
            log.warning("The sandbox does not know %s %s.", request.method, request.path)
            return json_answer(not_found().body, status=404)
        raise
    except web.HTTPException:
        raise
    except Exception:
        fault = secrets.token_hex(4)
        log.exception("The sandbox failed at %s %s (%s).", request.method, request.path, fault)
        body = {
            "message": f"Internal Server Error ({fault})",
            "error": f"The sandbox failed ({fault}).",
            "code": 0,
        }
        return json_answer(body, status=500)


def api_path(request: web.Request) -> str | None:
    """The path of a bot's request as Discord documents it, or that of a file; None for the page's own."""
    if request.path.startswith(API_ROOT):
        return request.path[request.path.index("/", len(API_ROOT)) :]
    return request.path if request.path.startswith(("/attachments/", "/ephemeral-attachments/")) else None


async def add_safe_headers(request: web.Request, response: web.StreamResponse) -> None:
    """For every response, before it is sent."""
    response.headers.setdefault("Content-Security-Policy", _PAGE_POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    if request.path.startswith("/page/"):
        response.headers["Cache-Control"] = "no-cache"  # ask again, so that an update shows at once
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
