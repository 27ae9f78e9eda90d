"""Several processes on this machine that share a run, one a GPU as a rule; torchrun need not be known."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from types import FrameType

from gan.cli.program import CommandError

LAUNCHED = "WORLD_SIZE"  # torchrun sets it too: whoever has it is one of several already
RANK = "RANK"  # which of several; also torchrun's
POLL_S = 0.2


def as_many_as_useful(batch_size: int) -> int:
    """How many processes this machine has cores (or GPUs) for, as far as they can share such a batch."""
    import torch

    from train.recipe import LEAST_SHARE

    most = torch.cuda.device_count() or os.cpu_count() or 1
    return max(n for n in range(1, most + 1) if n == 1 or batch_size % (LEAST_SHARE * n) == 0)


def check_devices(count: int) -> None:
    """Raises `CommandError` for more processes than GPUs, where there are any: each needs one of its own."""
    import torch

    if count > (gpus := torch.cuda.device_count()) > 0:
        raise CommandError(f"{count} processes need a GPU each, and there are {gpus}: lower --processes.")


def run_in_processes(count: int, command: Sequence[str]) -> int:
    """Run the same command in `count` processes that find each other over loopback. Returns the exit status.

    Signals that ask to stop are passed on; when one process fails, the others are ended too.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    threads = max((os.cpu_count() or 1) // count, 1)
    shared = {LAUNCHED: count, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": threads}
    processes: list[subprocess.Popen[bytes]] = []

    def pass_on(number: int, _frame: FrameType | None) -> None:
        for process in processes:
            process.send_signal(number)

    # Ctrl-C reaches the others by itself, being of one group; they save and end, and this one waits for them.
    previous = {
        signal.SIGTERM: signal.signal(signal.SIGTERM, pass_on),
        signal.SIGINT: signal.signal(signal.SIGINT, lambda *_: None),
    }
    try:
        for rank in range(count):
            own = {RANK: rank, "LOCAL_RANK": rank, **shared}
            environment = os.environ | {name: str(value) for name, value in own.items()}
            processes.append(subprocess.Popen([sys.executable, *command], env=environment))
        return _first_failure(processes)
    finally:
        for process in processes:
            process.kill()
            process.wait()
        for number, handler in previous.items():
            signal.signal(number, handler)


def _first_failure(processes: Sequence[subprocess.Popen[bytes]]) -> int:
    """Wait for all to succeed (0) or for one to fail (its status)."""
    while True:
        codes = [process.poll() for process in processes]
        if any(codes):
            return next(code for code in codes if code)
        if None not in codes:
            return 0
        time.sleep(POLL_S)
