"""python -m bot.engine.projection_worker CHECKPOINT ID NOISE_SEED STEPS: what `projection` starts.

Reads a PNG from stdin; writes a line of JSON for each step, and at last one with the code. If the bot is
gone, so is the reader of these lines, and the next one ends the process.
"""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path

from PIL import Image

from gan.checkpoint import load
from gan.errors import CheckpointError
from gan.pictures.sprite import from_png
from gan.projection.project import ProjectionError, ProjectionSettings, project
from gan.projection.target import fit


def main(path: str, checkpoint_id: str, noise_seed: str, steps: str) -> None:
    """Search, and tell."""
    try:
        checkpoint = load(Path(path))
        if checkpoint.id != checkpoint_id:
            raise CheckpointError(f"{path} holds checkpoint {checkpoint.id}, not {checkpoint_id}.")
        target, side = from_png(sys.stdin.buffer.read()), checkpoint.config.resolution
        if target.shape[:2] != (side, side):
            target = fit(Image.fromarray(target), side)
        settings = ProjectionSettings(steps=int(steps), noise_seed=int(noise_seed))
        found = project(checkpoint, target, settings, lambda step, _: tell(step=step))
    except (CheckpointError, ProjectionError) as error:
        tell(refusal=str(error), checkpoint=isinstance(error, CheckpointError))
        return
    code = found.w_plus.astype("<f4")
    tell(w_plus=base64.b64encode(code.tobytes()).decode(), layers=len(code))


def tell(**values: object) -> None:
    """One line."""
    print(json.dumps(values), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
