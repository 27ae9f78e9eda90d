"""Files: those that came with messages, and those that the page is made of."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from sandbox.loose_files import LooseFiles
from sandbox.signatures import Signer
from sandbox.snowflakes import parse_snowflake
from sandbox.state import State
from sandbox.world import APPLICATION_ID

PAGE_FOLDER = Path(__file__).parent / "page"


class FileRoutes:
    def __init__(self, state: State, loose: LooseFiles, signer: Signer) -> None:
        self.state = state
        self.loose = loose
        self.signer = signer

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get(r"/attachments/{channel:\d+}/{id:\d+}/{name}", self.attachment),
            web.get(f"/ephemeral-attachments/{APPLICATION_ID}/{{id:\\d+}}/{{name}}", self.attachment),
            web.get("/", self.index),
            web.static("/page", PAGE_FOLDER),
        ]

    async def index(self, request: web.Request) -> web.FileResponse:
        return web.FileResponse(PAGE_FOLDER / "index.html", headers={"Cache-Control": "no-cache"})

    async def attachment(self, request: web.Request) -> web.Response:
        good_for_s = self.signer.remaining_s(request.path, request.query)
        file_id = parse_snowflake(request.match_info["id"])
        file = None
        if good_for_s > 0 and file_id is not None:
            file = self.loose.get(file_id) or await self.state.file(file_id)
        if file is None or file.name != request.match_info["name"]:
            raise web.HTTPNotFound(text="This content is no longer available.")
        headers = {
            # A file never changes under its id.
            "Cache-Control": f"private, max-age={int(good_for_s)}, immutable",
            "Content-Security-Policy": "default-src 'none'; sandbox",
        }
        if not file.content_type.startswith("image/"):
            headers["Content-Disposition"] = f'attachment; filename="{file.name}"'
        return web.Response(body=file.data, content_type=file.content_type, headers=headers)
