"""Which checkpoint the bot hatches with: at the start, and when a person or another process chooses."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path

from bot.checkpoints.files import CheckpointFiles
from bot.engine import CheckpointError, Engine
from bot.engine.models import check_checkpoint
from bot.errors import N_, UserError
from bot.store import KnownCheckpoint, Store, StoreError

Stamp = tuple[str, int, int]  # id, when its file was written, bytes

log = logging.getLogger(__name__)

FOLLOW_INTERVAL_S = 2.0
ALL = 1000  # checkpoints: more than anybody has
SHORTEST_ID = 4  # characters of an id that a person types


@dataclass(frozen=True)
class Choice:
    """The checkpoint that a start hatches with."""

    id: str
    path: Path
    why: str  # for whoever reads the log: why this one


async def choose_first(store: Store, files: CheckpointFiles, configured: Path) -> Choice:
    """Register the configured checkpoint, and return the one to start with: the one in use, wherever it can
    be hatched from, else the configured one.

    A configured file that cannot be used is an error only if there is nothing else. Raises `CheckpointError`.
    """
    try:
        checkpoint_id, path = await _copy_in(store, files, configured)
    except CheckpointError as error:
        active = await store.checkpoints.active()
        if active is None or not await asyncio.to_thread(files.usable, active.checkpoint_id):
            raise
        log.warning("CHECKPOINT cannot be used, so the bot goes on with %s: %s", active.checkpoint_id, error)
        why = "the one in use so far, because what CHECKPOINT names cannot be used"
        return Choice(active.checkpoint_id, files.path(active.checkpoint_id), why)
    active = await store.checkpoints.follow_configured(checkpoint_id)
    if active.checkpoint_id == checkpoint_id:
        return Choice(checkpoint_id, path, "the one that CHECKPOINT names")
    if await asyncio.to_thread(files.usable, active.checkpoint_id):
        why = (
            "chosen by a person or a retrain; CHECKPOINT names another one, and "
            f"`python -m bot checkpoint use {configured}` would hatch from that"
        )
        return Choice(active.checkpoint_id, files.path(active.checkpoint_id), why)
    log.error(
        "The checkpoint in use, %s, is missing or damaged in %s: the bot starts with %s instead.",
        active.checkpoint_id,
        files.folder,
        checkpoint_id,
    )
    why = (
        "the one that CHECKPOINT names, because the one that was chosen, "
        f"{active.checkpoint_id[:8]}, is missing or damaged"
    )
    return Choice(checkpoint_id, path, why)


async def _copy_in(store: Store, files: CheckpointFiles, configured: Path) -> tuple[str, Path]:
    """Keep a copy of the configured checkpoint, if there is room; its id, and where it can be loaded from."""
    try:
        checkpoint_id, metadata = await asyncio.to_thread(files.put, configured)
        path = files.path(checkpoint_id)
    except OSError as error:
        log.warning("The checkpoint could not be copied to %s: %s", files.folder, error)
        checkpoint_id, metadata = await asyncio.to_thread(check_checkpoint, configured)
        path = configured
    await store.checkpoints.register(checkpoint_id, path, metadata, configured=True)
    return checkpoint_id, path


class Checkpoints:
    """Changes what the bot hatches with. Needs an engine that is started with what `choose_first` said."""

    def __init__(self, store: Store, files: CheckpointFiles, engine: Engine, *, keep_unused: int = 5) -> None:
        self.store = store
        self.files = files
        self.engine = engine
        self.keep_unused = keep_unused
        self._refused: Stamp | None = None  # what could not be loaded: not tried again while it is the same
        self._following: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Notice from now on when another process chooses a checkpoint."""
        active = await self.store.checkpoints.active()
        if active is not None and active.checkpoint_id != self.engine.checkpoint_id:
            self._refused = await self._stamp(active.checkpoint_id)  # `choose_first` found it unusable
        self._following = asyncio.create_task(self._follow(), name="follow checkpoint")

    async def close(self) -> None:
        """Stop noticing."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)

    async def use(self, text: str) -> KnownCheckpoint:
        """Hatch with another checkpoint from now on, and after a restart. Raises `UserError`."""
        known = await find(self.store, text)
        try:
            await self.engine.prepare(known.id)
            await self.store.checkpoints.promote(known.id)
            await self.engine.activate(known.id)
            self._refused = None
        except CheckpointError as error:
            log.warning("Checkpoint %s cannot be used: %s", known.id, error)
            raise UserError(
                N_(
                    "Checkpoint {checkpoint} cannot be used: its file is missing or damaged. "
                    "Nothing was changed."
                ),
                checkpoint=known.id[:8],
            ) from error
        return known

    async def listed(self) -> list[KnownCheckpoint]:
        """Those that can be hatched with, or that saved creatures belong to, newest first."""
        known = await self.store.checkpoints.newest(limit=ALL)
        there = await asyncio.to_thread(lambda: [self.files.path(one.id).is_file() for one in known])
        return [one for one, is_there in zip(known, there, strict=True) if is_there or one.creatures]

    async def tidy(self) -> None:
        """Delete the files of checkpoints that nothing needs, but for the newest few."""
        for checkpoint_id in (await self.store.checkpoints.unused())[self.keep_unused :]:
            await asyncio.to_thread(self.files.remove, checkpoint_id)

    async def _stamp(self, checkpoint_id: str) -> Stamp:
        """A checkpoint and its file as it is now: a file that was mended or put back has another one."""
        try:
            found = await asyncio.to_thread(self.files.path(checkpoint_id).stat)
        except OSError:
            return checkpoint_id, 0, 0
        return checkpoint_id, found.st_mtime_ns, found.st_size

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(FOLLOW_INTERVAL_S)
            try:
                await self._follow_once()
            except StoreError as error:
                log.warning("Could not look which checkpoint is in use: %s", error)
            except Exception:  # whatever it is, the bot goes on with the checkpoint that it has
                log.exception("could not follow the checkpoint in use")

    async def _follow_once(self) -> None:
        active = await self.store.checkpoints.active()
        if active is None or active.checkpoint_id == self.engine.checkpoint_id:
            return
        stamp = await self._stamp(active.checkpoint_id)
        if stamp == self._refused:
            return
        try:
            await self.engine.activate(active.checkpoint_id)
            self._refused = None
            log.info("Hatching with checkpoint %s now.", active.checkpoint_id)
        except CheckpointError as error:
            self._refused = stamp
            log.error("Checkpoint %s was chosen, but cannot be used: %s", active.checkpoint_id, error)


async def find(store: Store, text: str) -> KnownCheckpoint:
    """The one checkpoint whose id starts like that. Raises `UserError`."""
    start = text.strip().casefold()
    if len(start) < SHORTEST_ID:
        raise UserError(
            N_("Give at least {n} characters of a checkpoint's id, as the list shows it."), n=SHORTEST_ID
        )
    found = await store.checkpoints.newest(start, limit=2)
    if len(found) > 1:
        raise UserError(
            N_("Several checkpoints start with {start}: give more characters of the id."), start=start
        )
    if not found:
        raise UserError(N_("There is no checkpoint {start}: choose one from the list."), start=start[:16])
    return found[0]


def describe(known: KnownCheckpoint) -> str:
    """A name for people: 1a2b3c4d · 408 kimg · KID 102.4 · 12 Nov 2026."""
    parts = [known.id[:8]]
    if known.kimg is not None:
        parts.append(f"{known.kimg:,.4g} kimg")
    if known.kid is not None:
        parts.append(f"KID {known.kid:.1f}")
    parts.append(f"{known.registered_at.day} {known.registered_at:%b %Y}")
    return " · ".join(parts)
