"""Request bodies of the bot: plain JSON, or `payload_json` with `files[n]` beside it."""

from __future__ import annotations

import copy
import io
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from aiohttp import BodyPartReader, web
from PIL import Image, UnidentifiedImageError

from sandbox.errors import malformed_body, too_large
from sandbox.form import Form
from sandbox.shapes import check_shape, parse_json
from sandbox.world import ATTACHMENT_SIZE_LIMIT

PAYLOAD = web.RequestKey("payload", object)  # where a request keeps its JSON, once it is read
BODY_MAX = 4 * 1024 * 1024  # bytes of a request without files
_FILES_MAX = 10
_FIELD = re.compile(r"files\[(\d+)\]")
UNKNOWN_TYPE = "application/octet-stream"
_IMAGES = {"PNG": "image/png", "GIF": "image/gif", "JPEG": "image/jpeg", "WEBP": "image/webp"}


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a request."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Body:
    """What the bot sent: the JSON payload, and the files by the index that `attachments` refers to."""

    payload: dict[str, Any]
    uploads: dict[int, Upload]


async def read_body(request: web.Request) -> Body:
    """Raises ApiError for a malformed body (50109) and for a file over the limit (40005)."""
    if request.content_type != "multipart/form-data":
        payload = _object(await request.read())
        request[PAYLOAD] = payload
        return Body(copy.deepcopy(payload), {})
    payload: dict[str, Any] = {}
    uploads: dict[int, Upload] = {}
    async for part in _parts(request):
        if part.name == "payload_json":
            payload = _object(await part.read(decode=True))
            request[PAYLOAD] = copy.deepcopy(payload)  # the sandbox numbers the components in its own
        elif match := _FIELD.fullmatch(part.name or ""):
            if len(uploads) == _FILES_MAX:
                raise too_large()
            name = safe_name(part.filename or "unknown")
            uploads[int(match[1])] = Upload(name, await _read_file(part))
    return Body(payload, uploads)


async def _parts(request: web.Request) -> AsyncIterator[BodyPartReader]:
    """The parts of a form, one after another. Raises ApiError where it is not made of such."""
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                raise malformed_body()
            yield part
    except (ValueError, AssertionError, LookupError):  # what aiohttp raises for a form that is none
        raise malformed_body() from None


def _object(text: bytes) -> dict[str, Any]:
    if not text:
        return {}
    try:
        payload = parse_json(text)
    except ValueError:
        raise malformed_body() from None
    if not isinstance(payload, dict):
        raise malformed_body()
    form = Form()
    check_shape(form, payload)
    form.settle()
    return payload


async def _read_file(part: BodyPartReader) -> bytes:
    data = bytearray()
    while chunk := await part.read_chunk(65536):
        data += chunk
        if len(data) > ATTACHMENT_SIZE_LIMIT:
            raise too_large()
    return bytes(data)


def safe_name(name: str) -> str:
    """The file name as Discord would keep it: ASCII letters, digits, dots, dashes and underscores."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip(".")[:100] or "unknown"


def describe(data: bytes) -> tuple[str, int | None, int | None]:
    """Content type, width and height (pixels) of a file, told from its first bytes. No picture: no size."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.format in _IMAGES:
                return _IMAGES[image.format], image.width, image.height
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        pass
    return UNKNOWN_TYPE, None, None
