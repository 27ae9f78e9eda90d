"""Who is told how a retrain goes on. Retraining itself knows nothing of Discord."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from bot.retrain.progress import Progress
from bot.store import Job


class Observer(Protocol):
    """Shows people what a retrain does; see `bot.features.retraining.announcer.Announcer`."""

    def show(self, job: Job, progress: Progress) -> None:
        """A running job stands like this. Returns at once, and is called often."""
        ...

    async def conclude(self, job: Job, progress: Progress, folder: Path) -> bool:
        """A job has ended. Returns whether that is settled; False if it is worth another try later."""
        ...

    async def close(self) -> None:
        """Nothing more is told."""
        ...
