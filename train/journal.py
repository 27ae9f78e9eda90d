"""What a retrain writes for whoever watches it: two small JSON files, each whole at every moment."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path
from typing import Any, Literal

PROGRESS_FILE = "progress.json"
OUTCOME_FILE = "outcome.json"
INTERVAL_S = 0.5  # between two states of the same stage that are written down

Stage = Literal["data", "measuring", "training", "evaluating", "comparing"]
Result = Literal["done", "stopped", "failed"]


class Journal:
    """`progress.json` (stage, done, total, and a count that grows for as long as anything happens), and
    `outcome.json` once it has ended, in a folder that exists.
    """

    def __init__(self, run: Path) -> None:
        self.run = run
        self.stage: Stage = "data"
        self.beats = 0
        self._written_at = float("-inf")
        (run / OUTCOME_FILE).unlink(missing_ok=True)

    def begin(self, stage: Stage) -> None:
        """Enter a stage."""
        self.stage, self._written_at = stage, float("-inf")
        self.progress("", 0, 0)

    def progress(self, what: str, done: float, total: float) -> None:
        """How far the stage is: `done` of `total`, or 0 of 0 where that is not known."""
        self.beats += 1
        now = time.monotonic()
        if now - self._written_at < INTERVAL_S:
            return
        self._written_at = now
        values = {"stage": self.stage, "what": what, "done": done, "total": total, "beats": self.beats}
        with contextlib.suppress(OSError):  # a full disk stops what matters more, with a better sentence
            self._write(PROGRESS_FILE, values)

    def end(self, result: Result, **values: Any) -> None:
        """How it ended, and what came of it or why."""
        self._write(OUTCOME_FILE, {"result": result, "stage": self.stage, **values})

    def _write(self, name: str, values: dict[str, Any]) -> None:
        part = self.run / f"{name}.part"
        part.write_text(json.dumps(values))
        part.replace(self.run / name)
