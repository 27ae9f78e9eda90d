"""Fetching what people uploaded, from Discord's own file server and nowhere else.

Whoever writes a message decides which addresses stand in it. So a host is never taken from there unless it is
Discord's, and nothing leads from that host to another one.
"""

from __future__ import annotations

import logging

import aiohttp
from yarl import URL

from bot.core.discord_internals import cdn_origins
from bot.core.language import N_
from bot.errors import UserError

log = logging.getLogger(__name__)

TIMEOUT = aiohttp.ClientTimeout(total=20.0, sock_connect=5.0)
CHUNK = 65536  # bytes

ELSEWHERE = N_("I only take pictures that were uploaded to Discord: please upload it here.")
GONE = N_("Discord does not have this file any more: please upload it again.")
DOWN = N_("Discord could not hand over the file just now: please try again in a minute.")
SLOW = N_("Discord took too long to hand over the file: please try again in a minute.")
TOO_LARGE = N_("This file is too large: at most {most} MB, please.")

_GONE = (403, 404, 410)


def is_discords(url: str) -> bool:
    """Whether an address is one of Discord's file server."""
    try:
        return URL(url).origin() in cdn_origins() and not URL(url).user
    except ValueError:
        return False


def check_size(size: int, most: int) -> None:
    """For a file of so many bytes. Raises `UserError` if that is too large."""
    if size > most:
        raise UserError(TOO_LARGE, most=most // 10**6)


async def download(url: str, most: int, proxy: str | None = None) -> bytes:
    """At most so many bytes from Discord's file server, kept in memory alone. Raises `UserError`.

    Redirects are refused, and a size is never believed.
    """
    if not is_discords(url):
        raise UserError(ELSEWHERE)
    try:
        async with (
            aiohttp.ClientSession(timeout=TIMEOUT, auto_decompress=False) as session,
            session.get(url, proxy=proxy, allow_redirects=False) as response,
        ):
            if response.status != 200:
                log.info("Discord's file server answered with %d.", response.status)
                raise UserError(GONE if response.status in _GONE else DOWN)
            check_size(response.content_length or 0, most)
            data = bytearray()
            async for chunk in response.content.iter_chunked(CHUNK):
                data += chunk
                check_size(len(data), most)
            return bytes(data)
    except TimeoutError as error:
        raise UserError(SLOW) from error
    except (aiohttp.ClientError, OSError) as error:
        log.info("Discord's file server could not be reached: %s", type(error).__name__)
        raise UserError(DOWN) from error
