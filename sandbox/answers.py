"""JSON responses."""

from __future__ import annotations

import json

from aiohttp import web


def json_answer(data: object, status: int = 200) -> web.Response:
    """As Discord sends it: discord.py does not recognise JSON when the header also names a charset."""
    return web.Response(body=json.dumps(data).encode(), status=status, content_type="application/json")
