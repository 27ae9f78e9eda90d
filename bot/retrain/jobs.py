"""The life of a retrain: one process, watched until it ends, and a checkpoint that comes into use.

Everything that decides what comes next is in the database or in the run's folder, and every step can be
repeated: whenever the bot is killed, the next start goes on from there (`pick_up`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
import time
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path

from bot.checkpoints.switching import Checkpoints
from bot.config import Settings
from bot.errors import N_, UserError
from bot.retrain.observer import Observer
from bot.retrain.plan import command, run_folder
from bot.retrain.process import Child, ProcessId
from bot.retrain.progress import Progress, last_words, read_outcome, read_progress
from bot.retrain.results import Results
from bot.retrain.tasks import Tasks, retrying
from bot.store import Job, NewJob, Store, StoreError
from train.protocol import LOG_FILE, OUTCOME_FILE, PROGRESS_FILE, UNWRITTEN

log = logging.getLogger(__name__)

POLL_S = 0.5
GRACE_S = 60.0  # for saving, after it was asked to stop
MOST_ATTEMPTS = 3  # at a process that was gone without a word whenever the bot came back
COULD_NOT_WRITE = (UNWRITTEN, 120)  # exit codes: of a retrain, and of Python at its last words
REGISTERING = "registering"  # the stage that comes when the process has ended
NOT_RUNNING = N_("No retrain is running: begin one with /retrain start.")
TOO_LATE = N_("This retrain is done: its new checkpoint is being kept. You can go back with /checkpoint use.")


class Retraining:
    """All retrains of this bot, of which one runs at a time."""

    def __init__(
        self, settings: Settings, store: Store, checkpoints: Checkpoints, observer: Observer
    ) -> None:
        self.settings = settings
        self.store = store
        self.checkpoints = checkpoints
        self.observer = observer
        self.progress = Progress()
        self._child: Child | None = None  # None for a process of an earlier life
        self._process: ProcessId | None = None
        self._job: Job | None = None  # the one that runs, as last known
        self._watched = 0  # the number of the one that `_watching` follows
        self._cancelled = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self.tasks = Tasks()  # that one, and whatever else is not finished
        self.results = Results(settings, store, checkpoints, observer, self.tasks)

    # -- what people ask for -------------------------------------------------------------------------------

    async def begin(self, new: NewJob) -> Job:
        """Start a retrain. Raises `AlreadyRunning`, and `UserError` where its process cannot be started."""
        async with self.results.beginning:
            job = await self.store.jobs.begin(new)
            self._cancelled.clear()  # and not before: until then the wish may be for another one
            try:
                job = await self._launch(job)
            except (OSError, UserError) as error:
                log.warning("Retrain %d could not be started: %s", job.id, error)
                reason = self.results.public(f"The training process could not be started: {error}")
                await self._give_up(job, reason)
                raise UserError(reason) from error
            if job.cancelled_by:
                self._cancelled.set()
            self.progress = Progress()
            self._watch_from_now(job, self._watch(job))
            return job

    def _watch_from_now(self, job: Job, work: Coroutine[None, None, None]) -> None:
        self._watched, self._watching = job.id, self.tasks.start(work, f"retrain {job.id}")

    async def _give_up(self, job: Job, reason: str) -> None:
        """Mark a job that never began as failed: now, or as soon as the database can."""

        async def mark() -> None:
            await self.store.jobs.end(job.id, "failed", reason)
            await self.store.jobs.note_told(job.id)  # whoever wanted it is told right here

        try:
            await mark()
        except StoreError:
            self._watching = self.tasks.start(retrying(mark), f"give up {job.id}")

    async def cancel(self, who: str) -> Job:
        """Ask the running retrain to save and stop. Raises `UserError` if none is running, or it is done."""
        job = await self.store.jobs.running()
        if job is None:
            raise UserError(NOT_RUNNING)
        if job.stage == REGISTERING:
            raise UserError(TOO_LATE)
        job = self._job = await self.store.jobs.note_cancelled(job.id, who)
        self._cancelled.set()
        return job

    async def pick_up(self) -> None:
        """Go on with what an earlier life of the bot left: a running job, or news that nobody was told."""

        async def running() -> None:
            async with self.results.beginning:
                job = await self.store.jobs.running()
                if job is not None and job.id != self._watched:
                    self._watch_from_now(job, self._watch(job, found=True))

        await retrying(running)
        for ended in await retrying(self.store.jobs.untold):
            await self.results.tell(ended)

    async def close(self) -> None:
        """Stop watching. The process goes on by itself."""
        await self.tasks.close()
        await self.observer.close()
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
        arguments = command(self.settings, self.checkpoints.files, job)

        def start() -> Child:
            run.mkdir(parents=True, exist_ok=True)
            for name in (OUTCOME_FILE, PROGRESS_FILE):  # of an attempt before
                (run / name).unlink(missing_ok=True)
            return Child([sys.executable, *arguments], run / LOG_FILE, self.settings.retrain_cores)

        child = await asyncio.to_thread(start)
        try:
            job = await self.store.jobs.note_process(job.id, child.id.pid, child.id.started, attempt)
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
            await self.results.end(job, "failed", "The training process was gone whenever the bot came back.")
            return job
        try:
            return await self._launch(job, 1 if stopped else job.attempts + 1)
        except StoreError:
            raise
        except (OSError, UserError) as error:
            await self.results.end(job, "failed", f"The training process could not be started again: {error}")
            return job

    async def _watch(self, job: Job, *, found: bool = False) -> None:
        """Follow the process until it ends, and settle what came of it. `found`: it is of an earlier life."""
        self._job = job
        try:
            if found:
                job = await retrying(lambda: self._found(job))
            hung = await self._follow(job)
            await retrying(lambda: self._settle(job.id, hung))
        except Exception as error:  # whatever it is: the job must not stay "running" for ever
            log.exception("retrain %d failed", job.id)
            reason = f"Something unexpected went wrong in the bot: {error}"
            await retrying(lambda: self.results.end(job, "failed", reason))

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
            self.observer.show(self._job, self.progress)

    # -- what came of it -----------------------------------------------------------------------------------

    async def _settle(self, job_id: int, hung: bool) -> None:
        job = await self.store.jobs.get(job_id)
        assert job is not None
        if job.state != "running":
            return
        outcome = await asyncio.to_thread(read_outcome, self.folder(job))
        end = self.results.end
        if job.cancelled_by:
            await end(job, "cancelled", f"{job.cancelled_by} ended it.")
        elif hung:
            minutes = self.settings.retrain_hang_minutes
            await end(job, "failed", f"The training process did nothing for {minutes:g} minutes.")
        elif outcome is None:
            await end(job, "failed", await asyncio.to_thread(self._how_it_ended, job))
        elif outcome.result == "failed":
            await end(job, "failed", outcome.reason)
        elif outcome.result != "done":
            await end(job, "failed", "The training process was asked to stop from outside of the bot.")
        else:
            values = {**outcome.values, "verdict": outcome.verdict}
            job = self._job = await self.store.jobs.note_outcome(job.id, REGISTERING, values)
            self.progress = replace(self.progress, stage=REGISTERING, what="", done=0, total=0)
            self._show()
            await self.results.complete(job, outcome)

    def _how_it_ended(self, job: Job) -> str:
        code = None if self._child is None else self._child.returncode
        if code is None:
            return "The training process ended without a word while the bot was away."
        if code == -signal.SIGKILL:
            return "The training process was killed, most likely because the memory ran out."
        if code in COULD_NOT_WRITE:
            return "The training process could not write any more, most likely because the disk is full."
        if code < 0:
            return f"The training process was ended by {signal.Signals(-code).name}."
        return f"The training process failed (exit code {code}): {last_words(self.folder(job))}"


def _process_of(job: Job) -> ProcessId | None:
    return None if job.pid is None or job.pid_started is None else ProcessId(job.pid, job.pid_started)
