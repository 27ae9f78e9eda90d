"""The end of a retrain: its checkpoint comes into use, or it is marked with a reason; and people are told."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
from pathlib import Path
from typing import Any

from bot.checkpoints.switching import Checkpoints
from bot.config import Settings
from bot.engine import CheckpointError
from bot.retrain.observer import Observer
from bot.retrain.plan import run_folder
from bot.retrain.progress import Outcome, read_progress
from bot.retrain.reasons import without_paths
from bot.retrain.tasks import Tasks, retrying
from bot.store import Job, JobState, Store
from train.protocol import EMA_FILES, STATE_FILE

log = logging.getLogger(__name__)

REASON_LENGTH = 1000  # characters: a message has room for it; the log has all of it
TELL_AGAIN_S = 300.0  # after Discord would not have the news of how a retrain ended


class Results:
    """Ends retrains, one way or another. Every step can be repeated."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        checkpoints: Checkpoints,
        observer: Observer,
        tasks: Tasks,
    ) -> None:
        self.settings = settings
        self.store = store
        self.checkpoints = checkpoints
        self.observer = observer
        self.tasks = tasks
        self.beginning = asyncio.Lock()  # a run begins, or old ones are tidied away: none has just begun

    async def complete(self, job: Job, outcome: Outcome) -> None:
        """Keep the new checkpoint, register it, and bring it into use if it is better. Can be repeated."""
        values = outcome.values
        files, engine, store = self.checkpoints.files, self.checkpoints.engine, self.store
        promote = outcome.verdict == "better"  # else it is offered
        try:
            made = run_folder(self.settings, job.run) / Path(str(values.get("checkpoint"))).name
            checkpoint_id, metadata = await asyncio.to_thread(files.put, made, str(values.get("id")))
            if promote:
                await engine.prepare(checkpoint_id)  # nothing comes into use before it was seen to load
        except CheckpointError as error:
            await self.end(job, "failed", f"The new checkpoint is broken, so it is not used: {error}")
            return
        except OSError as error:
            reason = f"The new checkpoint could not be kept: {error.strerror or error}."
            await self.end(job, "failed", reason)
            return
        await store.checkpoints.register(
            checkpoint_id,
            files.path(checkpoint_id),
            metadata,
            parent_id=job.parent_id,
            metrics=values.get("metrics"),
        )
        await self._note_figures(job.parent_id, values.get("parent_metrics"))
        instead_of = await self._in_use(job.parent_id) if promote else None
        job = await store.jobs.complete(job.id, checkpoint_id, instead_of=instead_of)
        if job.promoted:
            await engine.activate(checkpoint_id)
        await self.tell(job)
        await self.checkpoints.tidy()
        await self._tidy_runs()

    async def _in_use(self, parent_id: str) -> str:
        """What the result may replace: its parent, or one that is lost and that its parent stands in for."""
        active = await self.store.checkpoints.active()
        if active is None or self.checkpoints.engine.checkpoint_id != parent_id:
            return parent_id
        usable = await asyncio.to_thread(self.checkpoints.files.usable, active.checkpoint_id)
        return parent_id if usable else active.checkpoint_id

    async def _note_figures(self, parent_id: str, metrics: dict[str, Any] | None) -> None:
        """Keep what was measured of the parent on the way, if nobody has measured it before."""
        parent = await self.store.checkpoints.get(parent_id)
        if parent is not None and parent.metrics is None and metrics:
            await self.store.checkpoints.register(parent.id, parent.path, parent.metadata, metrics=metrics)

    async def end(self, job: Job, state: JobState, reason: str) -> None:
        """Mark it as failed or cancelled, with the reason, and say so. What it had learned is kept."""
        log.warning("Retrain %d: %s", job.id, reason)
        ended = await self.store.jobs.end(job.id, state, self.public(reason)[:REASON_LENGTH])
        await self.tell(ended)
        await self._tidy_runs()

    def public(self, reason: str) -> str:
        """What went wrong, fit for a channel."""
        return without_paths(
            reason, [self.settings.data_dir, *map(Path, self.settings.retrain_data.values())]
        )

    async def tell(self, job: Job) -> None:
        """Let the job's message say how it ended: now, or else every few minutes until it can."""
        if await self._concluded(job):
            await retrying(lambda: self.store.jobs.note_told(job.id))
        else:
            self.tasks.start(self._tell_later(job), f"tell {job.id}")

    async def _tell_later(self, job: Job) -> None:
        await asyncio.sleep(TELL_AGAIN_S)
        await self.tell(job)

    async def _concluded(self, job: Job) -> bool:
        folder = run_folder(self.settings, job.run)
        progress = await asyncio.to_thread(read_progress, folder)
        return await self.observer.conclude(job, progress, folder)

    async def _tidy_runs(self) -> None:
        """Delete the folders of older retrains, and the states of those that need none."""

        def tidy(kept: list[str], latest: Job | None) -> None:
            for folder in run_folder(self.settings, "x").parent.glob("[0-9]*"):
                if folder.name not in kept:
                    shutil.rmtree(folder, ignore_errors=True)
                elif latest is None or folder.name != latest.run or latest.state == "done":
                    for name in (STATE_FILE, *(path.name for path in folder.glob(EMA_FILES))):
                        with contextlib.suppress(OSError):
                            (folder / name).unlink()

        async with self.beginning:
            kept = await self.store.jobs.runs(self.settings.retrain_keep_runs)
            latest = await self.store.jobs.latest()
            await asyncio.to_thread(tidy, kept, latest)
