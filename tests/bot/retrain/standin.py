"""A program that stands in for `python -m train retrain`: the same files, no training, and bad behaviour.

    standin.py BEHAVIOUR CHECKPOINT -m train retrain --run FOLDER …

CHECKPOINT is what it hands in as its result. It imports nothing that takes time.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from types import FrameType

BAD = {"kid": {"mean": 90.0, "low": 89.0, "high": 91.0}, "recall": 0.3, "diversity": 0.9, "problems": []}
GOOD = {"kid": {"mean": 50.0, "low": 49.0, "high": 51.0}, "recall": 0.4, "diversity": 0.95, "problems": []}
SAME = {**GOOD, "kid": {"mean": 59.9, "low": 58.9, "high": 60.9}}
EMPTY = {**BAD, "problems": ["99% of the samples are nearly empty"]}
# A picture of 1×1 pixels.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63686060000003"
    "040181db8e42510000000049454e44ae426082"
)


ENDLESS = ("early", "wait", "deaf", "silent")
asked_to_stop: list[int] = []


def note_wish(number: int, _frame: FrameType | None) -> None:
    asked_to_stop.append(number)


def main(behaviour: str, checkpoint: Path, run: Path) -> int:
    """Behave; returns the exit code."""
    if behaviour in ENDLESS:  # before anything is written that says that it is at work
        signal.signal(signal.SIGTERM, note_wish)
    print(f"Training in {run} …", flush=True)
    write(run / "progress.json", {"stage": "training", "what": "", "done": 3, "total": 10, "beats": 1})
    if behaviour == "early":  # cancelled before anything was learned
        return endless(behaviour, run)
    (run / "state.safetensors").write_bytes(b"what was learned")
    write(run / "stats.jsonl", {"kimg": 3, "resolution": 16, "images_per_s": 40, "loss_d": 0.6, "kid": 70})
    (run / "grids").mkdir(exist_ok=True)
    (run / "grids" / "0003.png").write_bytes(PNG)
    if behaviour in ENDLESS:
        return endless(behaviour, run)
    if behaviour == "crash":
        print("RuntimeError: the shapes do not fit", flush=True)
        return 1
    if behaviour == "give up":
        write(run / "outcome.json", {"result": "failed", "stage": "data", "reason": "There are no images."})
        return 1
    if behaviour == "nosy":
        reason = f"{run.resolve()}/state.safetensors and /srv/secret/x.png are damaged."
        write(run / "outcome.json", {"result": "failed", "stage": "data", "reason": reason})
        return 1
    if behaviour == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    hand_in(behaviour, checkpoint, run)
    return 0


def hand_in(behaviour: str, checkpoint: Path, run: Path) -> None:
    """A result, of one quality or another."""
    made = run / "ema1.safetensors"
    data = checkpoint.read_bytes()
    made.write_bytes(data[:-50] if behaviour == "broken" else data)
    training = checkpoint.with_name(f"{checkpoint.stem}.training.safetensors")
    if training.is_file():
        shutil.copyfile(training, run / "ema1.training.safetensors")
    (run / "comparison.png").write_bytes(PNG)
    size = int.from_bytes(data[:8], "little")  # the header of a safetensors file holds its id
    found = json.loads(data[8 : 8 + size])["__metadata__"]["id"]
    metrics = {"worse": BAD, "empty": EMPTY, "same": SAME}.get(behaviour, GOOD)
    verdict = {"worse": "worse", "empty": "worse", "same": "same"}.get(behaviour, "better")
    change = metrics["kid"]["mean"] - 60
    outcome = {
        "result": "done",
        "stage": "comparing",
        "checkpoint": made.name,
        "id": "0" * 16 if behaviour == "another" else found,
        "comparison": "comparison.png",
        "metrics": {**metrics, "memorisation": {"share": 0.01}},
        "parent_metrics": {**GOOD, "kid": {"mean": 60.0, "low": 59.0, "high": 61.0}},
        "verdict": verdict,
        "change": {"mean": change, "low": change - 1, "high": change + 1},
        "worse": verdict == "worse",
    }
    if behaviour == "older":  # a process of a version that knew no verdict
        del outcome["verdict"], outcome["change"]
    write(run / "outcome.json", outcome)


def endless(behaviour: str, run: Path) -> int:
    """Go on until a signal: "wait" saves and stops then, "deaf" does not care, "silent" gives no sign."""
    beats = 1
    while not asked_to_stop or behaviour == "deaf":
        beats += behaviour != "silent"
        done = min(3 + beats / 100, 10)
        stage = "evaluating" if (run / "evaluate").exists() else "training"
        stage = "measuring" if behaviour == "early" else stage
        values = {"stage": stage, "what": "", "done": done, "total": 10, "beats": beats}
        write(run / "progress.json", values)
        if (run / "go on").exists():  # a test lets it come to its end
            hand_in("good", Path(sys.argv[2]), run)
            return 0
        time.sleep(0.01)
    write(run / "outcome.json", {"result": "stopped", "stage": "training"})
    return 75


def write(path: Path, values: object) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_text(json.dumps(values))
    part.replace(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[sys.argv.index("--run") + 1])))
