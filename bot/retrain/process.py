"""A process of its own session and lowest priority, which outlives the bot and is found again."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.system.background import ROOT, environment, stand_back

# Begins once it is told to: if the bot is killed before it has noted the process, there is none.
WAIT_FOR_WORD = ("/bin/sh", "-c", 'read -r _ && exec "$@"', "sh")


@dataclass(frozen=True)
class ProcessId:
    """A process, told from a later one that got the same number by when it was started."""

    pid: int
    started: str

    @property
    def alive(self) -> bool:
        """Whether it still runs (or is stopped); one that only waits to be buried does not."""
        return _started(self.pid) == self.started

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
    """When a process was started, as the system tells it; None if there is none, or a zombie."""
    if not Path("/proc/self/stat").exists():
        return _started_by_ps(pid)
    try:
        # After the name, which may hold anything: state, and 19 fields later the start since boot.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (OSError, UnicodeDecodeError):
        return None
    boot = Path("/proc/sys/kernel/random/boot_id")
    return None if fields[0] in "ZX" else f"{boot.read_text().strip() if boot.exists() else ''}/{fields[19]}"


def _started_by_ps(pid: int) -> str | None:
    told = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True)
    state, _, started = told.stdout.strip().partition(" ")
    return started.strip() or None if told.returncode == 0 and not state.startswith("Z") else None
