"""From one image file to small square sprites: decode, crop, pad, resample. Pure, so fit for workers."""

import os
import signal
import threading
from multiprocessing import parent_process
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

MARGIN = 0.06  # transparent border on each side, as a share of the finished square


def spread(count: int, wanted: int) -> list[int]:
    """At most `wanted` frame numbers spread evenly over `count` frames, the first frame always among them."""
    if count <= wanted:
        return list(range(count))
    return [i * count // wanted for i in range(wanted)]


def to_rgba(frame: Image.Image) -> Image.Image:
    """One decoded frame as 8-bit straight-alpha RGBA; images without alpha become opaque."""
    if frame.mode.startswith("I"):  # 16 bits: Pillow would clip where it should scale
        frame = Image.fromarray((np.asarray(frame) // 257).clip(0, 255).astype(np.uint8))
    return frame.convert("RGBA")


def to_sprite(rgba: Image.Image, resolution: int, margin: float = MARGIN) -> np.ndarray | None:
    """Crop to what is opaque, pad to a square, resample. None where nothing is visible.

    Returns premultiplied RGBA, uint8 [resolution, resolution, 4]. Everything is resampled premultiplied, so
    that the colour stored under transparent pixels never bleeds into an outline. A picture without any
    transparency keeps its edges: it gets no margin.
    """
    alpha = rgba.getchannel("A")
    box = alpha.getbbox()
    if box is None:
        return None
    low, _ = alpha.getextrema()
    premultiplied = rgba.crop(box).convert("RGBa")
    width, height = premultiplied.size
    longest = max(width, height)
    side = longest if low == 255 else round(longest / (1 - 2 * margin))
    canvas = Image.new("RGBa", (side, side))
    canvas.paste(premultiplied, ((side - width) // 2, (side - height) // 2))
    how = Image.Resampling.BOX if side > resolution else Image.Resampling.BICUBIC
    pixels = np.array(canvas.resize((resolution, resolution), how))
    # Bicubic overshoots: colour above its alpha would be no colour at all.
    pixels[..., :3] = np.minimum(pixels[..., :3], pixels[..., 3:])
    return pixels if pixels[..., 3].any() else None


def read_sprites(path: Path, resolution: int, frames: int) -> list[tuple[int, np.ndarray]]:
    """(frame number, sprite) for up to `frames` evenly spread frames of a still or animated image file.

    Sprites are premultiplied RGBA, uint8 [resolution, resolution, 4]; empty frames are left out. Raises
    whatever Pillow raises for a file that it cannot read.
    """
    sprites = []
    with Image.open(path) as image:
        count = getattr(image, "n_frames", 1)
        for number in spread(count, frames):
            # Seeking composes all frames before this one, so each comes out as it is seen on the screen.
            image.seek(number)
            frame = ImageOps.exif_transpose(image) if count == 1 else image
            sprite = to_sprite(to_rgba(frame), resolution)
            if sprite is not None:
                sprites.append((number, sprite))
    return sprites


def try_read(job: tuple[Path, int, int]) -> list[tuple[int, np.ndarray]] | str:
    """`read_sprites` for (path, resolution, frames); a broken file gives the reason as text instead."""
    path, resolution, frames = job
    try:
        return read_sprites(path, resolution, frames)
    except Exception as error:  # decoders answer broken bytes with anything from struct.error to IndexError
        return f"{type(error).__name__}: {error}"


def start_worker() -> None:
    """Tie a worker to its parent: leave Ctrl-C to it, and end when it ends, even when it is killed.

    A pool's workers hold both ends of their queue, so they would wait for ever for a parent that is gone.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if (parent := parent_process()) is not None:
        threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()
