"""`python -m bot` with the stand-in for its training: bot_to_kill.py BEHAVIOUR CHECKPOINT [METHOD]

It kills itself right after METHOD of the store's jobs has returned: a `kill -9` at that very moment.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import bot.__main__ as program
from bot.features.retraining import announcer
from bot.retrain import jobs, process
from bot.store.jobs import RetrainJobs

STANDIN = Path(__file__).with_name("standin.py")


def main(behaviour: str, checkpoint: str, method: str | None = None) -> None:
    real = jobs.command

    def command(*arguments: Any) -> list[str]:
        return [str(STANDIN), behaviour, checkpoint, *real(*arguments)]

    setattr(jobs, "command", command)  # noqa: B010  (typed as it was)
    announcer.INTERVAL_S = 0.05
    setattr(process, "stand_back", lambda pid: None)  # noqa: B010  (a busy machine would never let it run)
    if method is not None:
        done = getattr(RetrainJobs, method)

        async def last(*arguments: Any, **more: Any) -> Any:
            await done(*arguments, **more)
            os.kill(os.getpid(), signal.SIGKILL)

        setattr(RetrainJobs, method, last)
    program.main([])


if __name__ == "__main__":
    main(*sys.argv[1:])
