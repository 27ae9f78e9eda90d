"""Processes that work beside the bot: they take what it leaves over, and learn none of its secrets."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]  # where `-m train` and `-m bot.…` find their modules
LOWEST = 19  # of priorities: niceness
OOM_SCORE = 800  # of 1000: where memory runs out, these go first and not the bot
SECRETS = ("DISCORD_TOKEN", "DATABASE_URL")


def environment(threads: int | None) -> dict[str, str]:
    """The bot's own without its secrets; `threads` is how many torch may compute with."""
    kept = {name: value for name, value in os.environ.items() if name not in SECRETS}
    numbers = {} if threads is None else dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    return kept | numbers | {"PYTHONUNBUFFERED": "1"}


def stand_back(pid: int, niceness: int = LOWEST) -> None:
    """Let a process take less than others; with the lowest priority only what nobody else needs at all.

    What this machine does not offer is left out.
    """
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, niceness)
    with contextlib.suppress(OSError, AttributeError):
        if niceness == LOWEST:
            os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/oom_score_adj").write_text(str(OOM_SCORE))
