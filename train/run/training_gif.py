"""The grids of a run in a row: watch the same creatures emerge."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from gan.files import whole_file
from gan.pictures.read import spread

MOST_FRAMES = 80
WIDTH = 528  # pixels: half of a grid
FRAME_MS = 120
LAST_MS = 3000  # the end stays a while


def write_film(grids: Path, out: Path) -> bool:
    """Write `grids/*.png`, in order of their names, as one looping GIF. Returns whether there were enough."""
    paths = sorted(grids.glob("*.png"))
    if len(paths) < 2:
        return False
    chosen = [paths[i] for i in spread(len(paths), MOST_FRAMES)]
    if chosen[-1] != paths[-1]:
        chosen.append(paths[-1])
    frames = [_shrunk(path) for path in chosen]
    durations = [FRAME_MS] * (len(frames) - 1) + [LAST_MS]
    with whole_file(out) as part:
        frames[0].save(
            part, format="GIF", save_all=True, append_images=frames[1:], duration=durations, loop=0
        )
    return True


def _shrunk(path: Path) -> Image.Image:
    with Image.open(path) as image:
        height = round(image.height * WIDTH / image.width)
        return image.convert("RGB").resize((WIDTH, height), Image.Resampling.BOX).quantize(128)
