"""Reading pictures that people upload, each in a process of its own, which keeps nothing of them."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from typing import Any

from bot.engine.helper import give, helper
from bot.engine.orders import Subject
from bot.errors import N_, UserError
from gan.pictures.subject import LEAST_SIDE, MOST_PIXELS, Reason

log = logging.getLogger(__name__)

WORKER = ("-m", "bot.engine.upload_worker")

TOO_MANY_PIXELS = N_("This picture has too many pixels: at most {most} million, please.")
NOT_READ = N_("This picture could not be read: please try it with another one.")
SENTENCES: dict[Reason, str] = {
    "unknown": N_("This is no picture that I can read: please use a PNG, JPEG, WebP or GIF."),
    "damaged": N_("This picture is damaged or not complete: please save it anew, then try again."),
    "small": N_(
        "This picture is too small to see anything on it: at least {least} × {least} pixels, please."
    ),
    "large": TOO_MANY_PIXELS,
    "empty": N_("There is nothing on this picture: please use one that shows somebody."),
    "background": N_(
        "I cannot tell who is on this picture from what is behind them: please use one with a plain or "
        "a transparent background."
    ),
}
VALUES: dict[str, Any] = {"least": LEAST_SIDE, "most": MOST_PIXELS // 10**6}


class Uploads:
    """Reads a few at a time; others wait for their turn."""

    at_once = 2
    timeout_s = 30.0  # on an idle machine it takes a fraction of a second

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(self.at_once)

    async def read(self, data: bytes) -> Subject:
        """What a picture shows. Raises `UserError`."""
        try:
            async with self._turns, asyncio.timeout(self.timeout_s), helper(WORKER) as process:
                assert process.stdout is not None
                await give(process, data)
                line = await process.stdout.readline()
        except TimeoutError as error:
            raise UserError(NOT_READ) from error
        if not line:
            log.warning("An upload could not be read: its helper ended without a word.")
            raise UserError(NOT_READ)
        said = json.loads(line)
        if "refusal" in said:
            raise UserError(SENTENCES[said["refusal"]], **VALUES)
        return Subject(base64.b64decode(said["png"]), said["animated"])


def check_pixels(width: int, height: int) -> None:
    """For a picture whose size is known before it is there. Raises `UserError` if it is too large."""
    if width * height > MOST_PIXELS:
        raise UserError(TOO_MANY_PIXELS, **VALUES)
