"""From one image file to small square sprites: decode, crop, pad, resample. Pure, so fit for workers."""

import os
import signal
import threading
from collections.abc import Callable
from multiprocessing import parent_process
from pathlib import Path
from typing import TypeVar

import numpy as np

from gan.pictures.errors import PictureError
from gan.pictures.read import read_frames
from gan.pictures.square import to_square

VECTOR_SCALE = 4  # vector drawings are rendered so many times larger than what they become

T = TypeVar("T")


def read_sprites(path: Path, resolution: int, frames: int) -> list[tuple[int, np.ndarray]]:
    """(frame number, sprite) for up to `frames` evenly spread frames of a still or animated image file.

    Sprites are premultiplied RGBA, uint8 [resolution, resolution, 4]; empty frames are left out. Raises
    PictureError for a file that is no picture to learn from.
    """
    found = read_frames(path, frames, resolution * VECTOR_SCALE)
    sprites = ((number, to_square(rgba, resolution)) for number, rgba in found)
    return [(number, sprite) for number, sprite in sprites if sprite is not None]


def attempt(read: Callable[[], list[T]]) -> list[T] | str:
    """What reading a file gives; as text the reason where it cannot be used or nothing in it is visible."""
    try:
        return read() or "nothing in it is visible"
    except PictureError as error:
        return str(error)


def start_worker() -> None:
    """Tie a worker to its parent: leave Ctrl-C to it, and end when it ends, even when it is killed.

    A pool's workers hold both ends of their queue, so they would wait for ever for a parent that is gone.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if (parent := parent_process()) is not None:
        threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()
