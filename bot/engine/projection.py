"""Finding a picture's styles on another checkpoint, in a process of its own that the bot can end.

The search takes the better part of a minute and all the memory of a training step: nothing for the thread
that people wait on.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from pathlib import Path

import numpy as np

from bot.engine.errors import CLOSING
from bot.engine.helper import give, helper
from bot.engine.orders import ProjectionOrder, WPlus
from bot.engine.protocol import OnAccepted, OnProgress
from bot.errors import N_, UserError

log = logging.getLogger(__name__)

WORKER = ("-m", "bot.engine.projection_worker")

BUSY = N_("Several people wait for a likeness already: please try again in a few minutes.")
ONE_EACH = N_("You are waiting for a likeness already: please wait for that one first.")
TOO_LONG = N_("Finding a likeness took too long, because this machine is busy: please try again later.")
FAILED = N_("No likeness could be found this time: please try again later.")
UNLOADABLE = N_("The checkpoint to hatch a likeness from cannot be loaded: please tell an admin.")


class Projector:
    """One search at a time; a few people may wait for theirs, one each."""

    steps = 300
    timeout_s = 300.0  # on an idle machine it takes a tenth of that
    waiting_max = 8

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._users: set[int] = set()
        self._searching: set[asyncio.Task[WPlus]] = set()
        self._closing = False

    async def search(
        self,
        checkpoint: Path,  # absolute
        order: ProjectionOrder,
        *,
        user_id: int,
        on_progress: OnProgress,
        on_accepted: OnAccepted | None = None,
    ) -> WPlus:
        """The W+ code, float32 [L, w_dim], with which that checkpoint draws the picture most alike.

        `on_accepted` is awaited once the search has its place in the queue, and `on_progress` now and then,
        so that it had better be quick. Raises `UserError`.
        """
        if self._closing:
            raise UserError(CLOSING)
        if user_id in self._users:
            raise UserError(ONE_EACH)
        if len(self._users) >= self.waiting_max:
            raise UserError(BUSY)
        self._users.add(user_id)
        arguments = (str(checkpoint), order.checkpoint_id, str(order.noise_seed), str(self.steps))
        task = asyncio.create_task(self._in_turn(arguments, order.png, on_progress), name="projection")
        self._searching.add(task)
        try:
            if on_accepted is not None:
                await on_accepted()
            return await task
        except asyncio.CancelledError:
            if not self._closing:
                raise
            raise UserError(CLOSING) from None
        finally:
            task.cancel()  # nobody waits for it any more
            self._searching.discard(task)
            self._users.discard(user_id)

    async def close(self) -> None:
        """End all searches."""
        self._closing = True
        for task in self._searching:
            task.cancel()
        await asyncio.gather(*self._searching, return_exceptions=True)

    async def _in_turn(self, arguments: tuple[str, ...], png: bytes, on_progress: OnProgress) -> WPlus:
        async with self._turn:
            try:
                async with asyncio.timeout(self.timeout_s), helper((*WORKER, *arguments)) as process:
                    return await self._listen(process, png, on_progress)
            except TimeoutError as error:
                raise UserError(TOO_LONG) from error

    async def _listen(
        self, process: asyncio.subprocess.Process, png: bytes, on_progress: OnProgress
    ) -> WPlus:
        assert process.stdout is not None
        await give(process, png)
        async for line in process.stdout:
            said = json.loads(line)
            if "step" in said:
                await on_progress(said["step"] / self.steps)
            elif "refusal" in said:
                log.warning("A likeness could not be found: %s", said["refusal"])
                raise UserError(UNLOADABLE if said.get("checkpoint") else FAILED)
            else:
                code = np.frombuffer(base64.b64decode(said["w_plus"]), np.dtype("<f4"))
                return code.reshape(said["layers"], -1).astype(np.float32)
        log.error("A projection ended without a word (exit code %s).", await process.wait())
        raise UserError(FAILED)
