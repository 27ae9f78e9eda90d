"""What a retrain writes into its folder, as far as it can be understood. Blocking: call in a thread."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from train.protocol import GRIDS, LOG_FILE, OUTCOME_FILE, PROGRESS_FILE, STATS_FILE, Judgement

KID_KEYS = ("mean", "low", "high")
LAST_BYTES = 8192  # of the log, in which the last line is looked for
# Of the figures: KID stands in one line of dozens when a retrain is a long one (400 bytes each at most).
STATS_BYTES = 1000 * 400


@dataclass(frozen=True)
class Progress:
    """Where a retrain stands."""

    stage: str = "starting"
    what: str = ""
    done: float = 0.0  # of `total`: thousands of images while it trains, else whatever the stage counts
    total: float = 0.0  # 0: not known
    beats: float = 0.0  # grows for as long as anything happens
    left_s: float | None = None  # until all of `total` is done, if that can be told
    # The latest of each, as `train.run.progress` names them.
    figures: dict[str, float] = field(default_factory=dict)
    grid: Path | None = None  # the latest picture of the same seeds

    @property
    def share(self) -> float | None:
        """How much of the stage is done, 0 to 1, if that is known."""
        return min(self.done / self.total, 1.0) if self.total > 0 else None


@dataclass(frozen=True)
class Outcome:
    """How a retrain ended: `result` is done, stopped or failed."""

    result: str
    values: dict[str, Any]

    @property
    def reason(self) -> str:
        """Why, if it failed."""
        return str(self.values.get("reason") or "It did not say why.")

    @property
    def verdict(self) -> Judgement:
        """What it came to, if it was done. A process of an older version says only whether it is worse."""
        told: Judgement
        for told in get_args(Judgement):
            if told == self.values.get("verdict"):
                return told
        if self.values.get("worse", True):
            return "worse"
        old, new = (_interval(self.values.get(name)) for name in ("parent_metrics", "metrics"))
        if old is None or new is None:
            return "same"
        return "better" if new[0] - old[0] < -math.hypot(old[1], new[1]) else "same"


def read_progress(run: Path) -> Progress:
    """What is there; the beginning, if nothing is."""
    values = _object(run / PROGRESS_FILE)
    return Progress(
        stage=str(values.get("stage", "starting")),
        what=str(values.get("what", "")),
        done=_number(values.get("done")),
        total=_number(values.get("total")),
        beats=_number(values.get("beats")),
        left_s=_known(values.get("left_s")),
        figures=_figures(run / STATS_FILE),
        grid=max((run / GRIDS).glob("*.png"), default=None),  # named by kimg, with leading zeros
    )


def read_outcome(run: Path) -> Outcome | None:
    """How it ended, or None if it has not, or could not tell."""
    values = _object(run / OUTCOME_FILE)
    return Outcome(str(values["result"]), values) if "result" in values else None


def last_words(run: Path) -> str:
    """The last line of the log."""
    lines = _last_lines(run / LOG_FILE)
    return lines[-1][:300] if lines else ""


def _figures(path: Path) -> dict[str, float]:
    """The latest line's figures, and the latest KID, which is not in every line."""
    latest: dict[str, float] = {}
    for line in reversed(_last_lines(path, STATS_BYTES)):
        figures = {name: _number(value) for name, value in _parsed(line).items()}
        latest = figures | latest if not latest else {k: v for k, v in figures.items() if "kid" in k} | latest
        if "kid" in latest:
            break
    return latest


def _last_lines(path: Path, within: int = LAST_BYTES) -> list[str]:
    try:
        with path.open("rb") as file:
            file.seek(max(path.stat().st_size - within, 0))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    return [line.strip() for line in text.splitlines() if line.strip()]


def _interval(metrics: object) -> tuple[float, float] | None:
    """KID × 1000 and the half width of its interval, where there is one."""
    kid = metrics.get("kid") if isinstance(metrics, dict) else None
    mean, low, high = (_known(kid.get(name)) if isinstance(kid, dict) else None for name in KID_KEYS)
    return None if mean is None or low is None or high is None else (mean, (high - low) / 2)


def _object(path: Path) -> dict[str, Any]:
    try:
        return _parsed(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return {}


def _parsed(text: str) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except ValueError:  # cut off in the middle
        return {}
    return values if isinstance(values, dict) else {}


def _number(value: object) -> float:
    return _known(value) or 0.0


def _known(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
