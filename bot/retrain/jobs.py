"""The life of a retrain: one process, watched until it ends, and a checkpoint that comes into use.

Everything that decides what comes next is in the database or in the run's folder, and every step can be
repeated: whenever the bot is killed, the next start goes on from there (`pick_up`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from bot.checkpoints import Checkpoints
from bot.config import Settings
from bot.engine import CheckpointError
from bot.errors import UserError
from bot.retrain.announce import Announcer
from bot.retrain.plan import command, run_folder
from bot.retrain.process import Child, ProcessId
from bot.retrain.progress import (
    LOG_FILE,
    OUTCOME_FILE,
    PROGRESS_FILE,
    STATE_FILE,
    Outcome,
    Progress,
    last_words,
    read_outcome,
    read_progress,
)
from bot.store import Job, JobState, NewJob, Store, StoreError

log = logging.getLogger(__name__)
T = TypeVar("T")

POLL_S = 0.5
GRACE_S = 60.0  # for saving, after it was asked to stop
MOST_ATTEMPTS = 3  # at a process that was gone without a word whenever the bot came back
RETRY_S = 5.0  # after the database failed
TELL_AGAIN_S = 300.0  # after Discord would not have the news of how a retrain ended
UNWRITTEN = (74, 120)  # exit codes: of `train.__main__`, and of Python where its last words cannot be written
NOT_RUNNING = "No retrain is running: begin one with /retrain start."


class Retraining:
    """All retrains of this bot, of which one runs at a time."""

    def __init__(
        self, settings: Settings, store: Store, checkpoints: Checkpoints, announcer: Announcer
    ) -> None:
        self.settings = settings
        self.store = store
        self.checkpoints = checkpoints
        self.announcer = announcer
        self.progress = Progress()
        self._child: Child | None = None  # None for a process of an earlier life
        self._process: ProcessId | None = None
        self._job: Job | None = None  # the one that runs, as last known
        self._watched = 0  # the number of the one that `_watching` follows
        self._cancelled = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()  # that one, and whatever else is not finished
        self._beginning = asyncio.Lock()  # also while runs are tidied away: none of them has just begun

    # -- what people ask for -------------------------------------------------------------------------------

    async def begin(self, new: NewJob) -> Job:
        """Start a retrain. Raises `AlreadyRunning`, and `UserError` where its process cannot be started."""
        async with self._beginning:
            job = await self.store.begin_job(new)
            self._cancelled.clear()  # and not before: until then the wish may be for another one
            try:
                job = await self._launch(job)
            except (OSError, UserError) as error:
                reason = f"The training process could not be started: {error}"
                await self._give_up(job, reason)
                raise UserError(reason) from error
            if job.cancelled_by:
                self._cancelled.set()
            self.progress = Progress()
            self._watch_from_now(job, self._watch(job))
            return job

    def _watch_from_now(self, job: Job, work: Coroutine[None, None, None]) -> None:
        self._watched, self._watching = job.id, self._keep(work, f"retrain {job.id}")

    def _keep(self, work: Coroutine[None, None, None], name: str) -> asyncio.Task[None]:
        """Do something beside everything else, until it is done or the bot stops."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _give_up(self, job: Job, reason: str) -> None:
        """Mark a job that never began as failed: now, or as soon as the database can."""

        async def mark() -> None:
            await self.store.end_job(job.id, "failed", reason)
            await self.store.update_job(job.id, told=True)  # whoever wanted it is told right here

        try:
            await mark()
        except StoreError:
            self._watching = self._keep(self._retrying(mark), f"give up {job.id}")

    async def cancel(self, who: str) -> Job:
        """Ask the running retrain to save and stop. Raises `UserError` if none is running."""
        job = await self.store.running_job()
        if job is None:
            raise UserError(NOT_RUNNING)
        job = self._job = await self.store.update_job(job.id, cancelled_by=who)
        self._cancelled.set()
        return job

    async def pick_up(self) -> None:
        """Go on with what an earlier life of the bot left: a running job, or news that nobody was told."""

        async def running() -> None:
            async with self._beginning:
                job = await self.store.running_job()
                if job is not None and job.id != self._watched:
                    self._watch_from_now(job, self._watch(job, found=True))

        await self._retrying(running)
        for ended in await self._retrying(self.store.untold_jobs):
            await self._tell(ended)

    async def close(self) -> None:
        """Stop watching. The process goes on by itself."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.announcer.close()
        if self._process is not None and await asyncio.to_thread(self._runs, self._process):
            log.warning(
                "The retrain goes on without the bot (process %d), which finds it again at its next start.",
                self._process.pid,
            )

    def folder(self, job: Job) -> Path:
        """Where a retrain keeps everything."""
        return run_folder(self.settings, job.run)

    # -- the process ---------------------------------------------------------------------------------------

    async def _launch(self, job: Job, attempt: int = 1) -> Job:
        """Start the job's process; it begins once its number is on record. Raises OSError and `UserError`."""
        run = self.folder(job)
        arguments = command(self.settings, self.checkpoints.shelf, job)

        def start() -> Child:
            run.mkdir(parents=True, exist_ok=True)
            for name in (OUTCOME_FILE, PROGRESS_FILE):  # of an attempt before
                (run / name).unlink(missing_ok=True)
            return Child([sys.executable, *arguments], run / LOG_FILE, self.settings.retrain_cores)

        child = await asyncio.to_thread(start)
        try:
            job = await self.store.update_job(
                job.id, pid=child.id.pid, pid_started=child.id.started, attempts=attempt
            )
        except BaseException:
            child.give_up()
            raise
        child.go()
        self._child, self._job = child, job
        return job

    async def _found(self, job: Job) -> Job:
        """A job of an earlier life, whose process may be at work, gone with an outcome, or just gone.

        In the last case it is started again. One that was stopped while the bot was away was so together with
        the bot, as when a machine or a service restarts; that may happen as often as it likes.
        """
        self._job = job
        if job.cancelled_by:
            self._cancelled.set()
        process = _process_of(job)
        if process is not None and process.alive:
            return job
        outcome = await asyncio.to_thread(read_outcome, self.folder(job))
        stopped = outcome is not None and outcome.result == "stopped"
        if job.cancelled_by or not (outcome is None or stopped):
            return job
        if job.attempts >= MOST_ATTEMPTS and not stopped:
            await self._end(job, "failed", "The training process was gone whenever the bot came back.")
            return job
        try:
            return await self._launch(job, 1 if stopped else job.attempts + 1)
        except StoreError:
            raise
        except (OSError, UserError) as error:
            await self._end(job, "failed", f"The training process could not be started again: {error}")
            return job

    async def _watch(self, job: Job, *, found: bool = False) -> None:
        """Follow the process until it ends, and settle what came of it. `found`: it is of an earlier life."""
        self._job = job
        try:
            if found:
                job = await self._retrying(lambda: self._found(job))
            hung = await self._follow(job)
            await self._retrying(lambda: self._settle(job.id, hung))
        except Exception as error:  # whatever it is: the job must not stay "running" for ever
            log.exception("retrain %d failed", job.id)
            reason = f"Something unexpected went wrong in the bot: {error}"
            await self._retrying(lambda: self._end(job, "failed", reason))

    async def _follow(self, job: Job) -> bool:
        """Until the process is gone. Returns whether it had to be ended because nothing happened any more."""
        process = self._process = _process_of(job)
        seen, since = -1.0, time.monotonic()
        while process is not None and self._runs(process):
            self.progress = await asyncio.to_thread(read_progress, self.folder(job))
            if self.progress.beats != seen:
                seen, since = self.progress.beats, time.monotonic()
            self._show()
            if self._cancelled.is_set():
                await self._terminate(process)
                return False
            if time.monotonic() - since > self.settings.retrain_hang_minutes * 60:
                await self._terminate(process)
                return True
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_S):
                    await self._cancelled.wait()
        return False

    def _runs(self, process: ProcessId) -> bool:
        if self._child is not None and self._child.id == process:
            return self._child.returncode is None
        return process.alive

    async def _terminate(self, process: ProcessId) -> None:
        """Let it save and stop; if it does not, end it all the same."""
        process.send(signal.SIGTERM)
        deadline = time.monotonic() + min(GRACE_S, self.settings.retrain_hang_minutes * 60)
        while self._runs(process):
            self._show()
            if time.monotonic() > deadline:
                process.send(signal.SIGKILL)
            await asyncio.sleep(POLL_S / 5)

    def _show(self) -> None:
        if self._job is not None:
            self.announcer.show(self._job, self.progress)

    # -- what came of it -----------------------------------------------------------------------------------

    async def _settle(self, job_id: int, hung: bool) -> None:
        job = await self.store.job(job_id)
        assert job is not None
        if job.state != "running":
            return
        outcome = await asyncio.to_thread(read_outcome, self.folder(job))
        if job.cancelled_by:
            await self._end(job, "cancelled", f"{job.cancelled_by} ended it.")
        elif hung:
            minutes = self.settings.retrain_hang_minutes
            await self._end(job, "failed", f"The training process did nothing for {minutes:g} minutes.")
        elif outcome is None:
            await self._end(job, "failed", await asyncio.to_thread(self._how_it_ended, job))
        elif outcome.result == "failed":
            await self._end(job, "failed", outcome.reason)
        elif outcome.result != "done":
            await self._end(job, "failed", "The training process was asked to stop from outside of the bot.")
        else:
            await self._complete(job, outcome)

    def _how_it_ended(self, job: Job) -> str:
        code = None if self._child is None else self._child.returncode
        if code is None:
            return "The training process ended without a word while the bot was away."
        if code == -signal.SIGKILL:
            return "The training process was killed, most likely because the memory ran out."
        if code in UNWRITTEN:
            return "The training process could not write any more, most likely because the disk is full."
        if code < 0:
            return f"The training process was ended by {signal.Signals(-code).name}."
        return f"The training process failed (exit code {code}): {last_words(self.folder(job))}"

    async def _complete(self, job: Job, outcome: Outcome) -> None:
        """Keep the new checkpoint, register it, and bring it into use unless it is worse. Can be repeated."""
        values = outcome.values
        shelf, engine, store = self.checkpoints.shelf, self.checkpoints.engine, self.store
        job = self._job = await store.update_job(job.id, stage="registering", outcome=values)
        self.progress = replace(self.progress, stage="registering", what="", done=0, total=0)
        self._show()
        promote = not values.get("worse", True)
        try:
            made = self.folder(job) / Path(str(values.get("checkpoint"))).name
            checkpoint_id, metadata = await asyncio.to_thread(shelf.put, made)
            if checkpoint_id != values.get("id"):
                raise CheckpointError("the file is another one than was measured.")
            if promote:
                await engine.load(checkpoint_id)  # nothing comes into use before it was seen to load
        except CheckpointError as error:
            await self._end(job, "failed", f"The new checkpoint is broken, so it is not used: {error}")
            return
        except OSError as error:
            reason = f"The new checkpoint could not be kept: {error.strerror or error}."
            await self._end(job, "failed", reason)
            return
        await store.register_checkpoint(
            checkpoint_id,
            shelf.path(checkpoint_id),
            metadata,
            parent_id=job.parent_id,
            metrics=values.get("metrics"),
        )
        await self._note_figures(job.parent_id, values.get("parent_metrics"))
        job = await store.complete_job(job.id, checkpoint_id, promote=promote)
        if job.promoted:
            await engine.use(checkpoint_id)
        await self._tell(job)
        await self.checkpoints.tidy()
        await self._tidy_runs()

    async def _note_figures(self, parent_id: str, metrics: dict[str, Any] | None) -> None:
        """Keep what was measured of the parent on the way, if nobody has measured it before."""
        parent = await self.store.checkpoint(parent_id)
        if parent is not None and parent.metrics is None and metrics:
            await self.store.register_checkpoint(parent.id, parent.path, parent.metadata, metrics=metrics)

    async def _end(self, job: Job, state: JobState, reason: str) -> None:
        """Mark it as failed or cancelled, with the reason, and say so. What it had learned is kept."""
        log.warning("Retrain %d: %s", job.id, reason)
        ended = await self.store.end_job(job.id, state, reason)
        await self._tell(ended)
        await self._tidy_runs()

    async def _tell(self, job: Job) -> None:
        """Let the job's message say how it ended: now, or else every few minutes until it can."""
        if await self._concluded(job):
            await self._retrying(lambda: self.store.update_job(job.id, told=True))
        else:
            self._keep(self._tell_later(job), f"tell {job.id}")

    async def _tell_later(self, job: Job) -> None:
        await asyncio.sleep(TELL_AGAIN_S)
        await self._tell(job)

    async def _concluded(self, job: Job) -> bool:
        progress = await asyncio.to_thread(read_progress, self.folder(job))
        return await self.announcer.conclude(job, progress, self.folder(job))

    async def _tidy_runs(self) -> None:
        """Delete the folders of older retrains, and the states of those that need none."""

        def tidy(kept: list[str], latest: Job | None) -> None:
            for folder in run_folder(self.settings, "x").parent.glob("[0-9]*"):
                if folder.name not in kept:
                    shutil.rmtree(folder, ignore_errors=True)
                elif latest is None or folder.name != latest.run or latest.state == "done":
                    for name in (STATE_FILE, *(path.name for path in folder.glob("ema*.safetensors"))):
                        with contextlib.suppress(OSError):
                            (folder / name).unlink()

        async with self._beginning:
            kept = await self.store.runs(self.settings.retrain_keep_runs)
            latest = await self.store.latest_job()
            await asyncio.to_thread(tidy, kept, latest)

    async def _retrying(self, step: Callable[[], Awaitable[T]]) -> T:
        """Again for as long as the database fails: a job is not lost because a disk was full for a while."""
        while True:
            try:
                return await step()
            except StoreError as error:
                log.warning("A retrain waits for the database: %s", error)
                await asyncio.sleep(RETRY_S)


def _process_of(job: Job) -> ProcessId | None:
    return None if job.pid is None or job.pid_started is None else ProcessId(job.pid, job.pid_started)
