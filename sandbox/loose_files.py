"""Files that belong to no message yet: what somebody gives to a command or puts beside a message.

As on Discord they come first, and the command or the message names them. They are kept in memory and for a
while only, because the sandbox has no other use for them.
"""

from __future__ import annotations

import mimetypes

from aiohttp import web

from sandbox.errors import PageError
from sandbox.snowflakes import Snowflakes
from sandbox.state import StoredFile
from sandbox.uploads import UNKNOWN_TYPE, describe, safe_name
from sandbox.world import APPLICATION_ID, ATTACHMENT_SIZE_LIMIT, JsonObject, Person

FILES_MAX = 24  # that are kept, of all people; then the oldest go
TOO_LARGE = f"A file may have at most {ATTACHMENT_SIZE_LIMIT // 2**20} MiB."


class LooseFiles:
    """The latest of them, by id."""

    def __init__(self, snowflakes: Snowflakes) -> None:
        self._snowflakes = snowflakes
        self._files: dict[int, tuple[Person, StoredFile]] = {}

    def put(self, person: Person, name: str, data: bytes) -> StoredFile:
        """Keeps a file of somebody's. Its type is what its name promises where its bytes do not tell: Discord
        looks at names alone.
        """
        kind, _, _ = describe(data)
        if kind == UNKNOWN_TYPE:
            kind = mimetypes.guess_type(name)[0] or UNKNOWN_TYPE
        file = StoredFile(self._snowflakes.next(), safe_name(name), kind, data)
        self._files[file.id] = person, file
        while len(self._files) > FILES_MAX:
            del self._files[next(iter(self._files))]
        return file

    def get(self, file_id: int) -> StoredFile | None:
        """What lies at the address of this id."""
        return self._files[file_id][1] if file_id in self._files else None

    def of(self, person: Person, file_id: int | None) -> StoredFile:
        """A file that this person put here. Raises PageError."""
        owner, file = self._files.get(file_id or 0, (None, None))
        if file is None or owner != person:
            raise PageError("This file is no longer there: please choose it again.")
        return file


def path_of(file: StoredFile) -> str:
    """Where on the server it lies, from the root."""
    return f"/ephemeral-attachments/{APPLICATION_ID}/{file.id}/{file.name}"


def attachment_payload(file: StoredFile, url: str) -> JsonObject:
    """Discord's attachment object."""
    payload: JsonObject = {
        "id": str(file.id),
        "filename": file.name,
        "size": len(file.data),
        "content_type": file.content_type,
        "url": url,
        "proxy_url": url,
        "ephemeral": True,
    }
    _, width, height = describe(file.data)
    return payload if width is None else payload | {"width": width, "height": height}


async def read_upload(request: web.Request) -> bytes:
    """The body of an upload, as far as it may be so large. Raises PageError."""
    # Insisting on this type keeps other sites out, as insisting on JSON does.
    if request.content_type != "application/octet-stream":
        raise PageError("The page sends files as they are.")
    data = bytearray()
    async for chunk in request.content.iter_chunked(65536):
        data += chunk
        if len(data) > ATTACHMENT_SIZE_LIMIT:
            raise PageError(TOO_LARGE)
    if not data:
        raise PageError("This file is empty.")
    return bytes(data)
