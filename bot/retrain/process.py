"""A process of its own session and lowest priority, which outlives the bot and is found again."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from bot.system.background import ROOT, environment, stand_back

# Begins once it is told to: if the bot is killed before it has noted the process, there is none.
WAIT_FOR_WORD = ("/bin/sh", "-c", 'read -r _ && exec "$@"', "sh")

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")  # where the system has one
TICKS = os.sysconf("SC_CLK_TCK")  # a second, in which starts are counted


@dataclass(frozen=True)
class ProcessId:
    """A process, told from a later one that got the same number by when it was started."""

    pid: int
    started: str

    @property
    def alive(self) -> bool:
        """Whether it still runs (or is stopped); one that only waits to be buried does not."""
        started = _started(self.pid)
        return started is not None and _is_same(started, self.started)

    def send(self, number: signal.Signals) -> None:
        """Signal it and all that it started, if it is alive."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)


class Child:
    """A process that this bot has started. Blocking, but for moments only."""

    def __init__(self, command: Sequence[str], log: Path, threads: int) -> None:
        """Raises OSError where it cannot be started."""
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [*WAIT_FOR_WORD, *command],
                cwd=ROOT,
                env=environment(threads) | {"COLUMNS": "160"},
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        pid = self._process.pid
        self.id = ProcessId(pid, _started(pid) or "gone")
        stand_back(pid)

    def go(self) -> None:
        """Let it begin."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it was killed already
            self._process.stdin.write(b"go\n")
            self._process.stdin.close()

    def give_up(self) -> None:
        """End it before it has begun."""
        self._process.kill()
        self._process.wait()

    @property
    def returncode(self) -> int | None:
        """How it ended, negative for a signal; None while it runs. Asking buries it."""
        return self._process.poll()


def _started(pid: int) -> str | None:
    """When a process was started, `BOOT/TICKS`; None if there is none, or a zombie.

    It counts from the boot, which is named: no change of the clock makes another process of it.
    """
    try:
        process = psutil.Process(pid)
        if process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
            return None
        since_boot_s = process.create_time() - psutil.boot_time()
    except psutil.Error:
        return None
    boot = BOOT_ID.read_text().strip() if BOOT_ID.exists() else ""
    return f"{boot}/{round(since_boot_s * TICKS)}"


def _is_same(one: str, other: str) -> bool:
    """Whether two starts of one number are of the same process: within a second, by which a boot may move."""
    (boot, _, ticks), (other_boot, _, other_ticks) = one.partition("/"), other.partition("/")
    if boot != other_boot or not ticks.isdecimal() or not other_ticks.isdecimal():
        return False
    return abs(int(ticks) - int(other_ticks)) <= TICKS
