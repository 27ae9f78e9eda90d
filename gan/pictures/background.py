"""Removes the near-uniform background of a picture, so that what it shows stands alone as a sprite does."""

import numpy as np
from PIL import Image, ImageFilter

RIM = 0.02  # of the shorter side: this wide a rim tells the colour of the background
UNIFORM = 0.8  # share of the rim that must have it: what is shown may touch the edge
NEAR, FAR = (
    24,
    64,
)  # largest difference of a channel (0–255): up to NEAR it is background, from FAR on it is not
FLOOD_SIDE = 256  # pixels: a flood through a smaller picture is not led inside by single pixels
REACH = 3  # pixels there, an odd number: so far around the flood edges are made soft
AROUND = 7  # pixels there, an odd number: how far from an edge the colour of what is shown is looked for
LEAST_LEFT, MOST_LEFT = 0.01, 0.98  # of the picture: with less or more left there was no background to remove


def remove_background(picture: Image.Image) -> Image.Image:
    """The premultiplied picture (RGBa) without the background that its rim shows.

    A flood from the edges takes what is like the rim, so that a white belly before a white wall stays. Where
    it ends alpha rises with the difference, and the background's share is taken out of the colour. A picture
    that has any transparency, or no uniform rim, comes back as it is.
    """
    if picture.getchannel("a").getextrema()[0] != 255:
        return picture
    colour = np.asarray(picture)[..., :3].astype(np.float32)
    background = _uniform_rim(colour)
    if background is None:
        return picture
    difference = np.abs(colour - background).max(axis=2)
    near_flood, shown = _around_the_flood(difference)
    alpha = np.clip((difference - NEAR) / (np.maximum(shown, FAR) - NEAR), 0, 1)
    alpha[~near_flood] = 1
    if not LEAST_LEFT <= (alpha > 0.5).mean() <= MOST_LEFT:
        return picture
    colour = np.clip(colour - (1 - alpha[..., None]) * background, 0, 255 * alpha[..., None])
    pixels = np.dstack([colour, 255 * alpha]).round().astype(np.uint8)
    return Image.fromarray(pixels, "RGBa")


def _uniform_rim(colour: np.ndarray) -> np.ndarray | None:
    """The colour of the rim, float32 [3], or None where it has no single one. colour: [H, W, 3]."""
    width = max(1, round(RIM * min(colour.shape[:2])))
    inner = np.zeros(colour.shape[:2], dtype=bool)
    inner[width:-width, width:-width] = True
    rim = colour[~inner]
    median = np.median(rim, axis=0)
    like = np.abs(rim - median).max(axis=1) <= NEAR
    return median if like.mean() >= UNIFORM else None


def _around_the_flood(difference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What is reached from the edges through differences of at most NEAR, and a little more: bool [H, W].

    Beside it how much what is shown there differs from the background, float32 [H, W].
    """
    height, width = difference.shape
    scale = min(1.0, FLOOD_SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = Image.fromarray(difference).resize(size, Image.Resampling.BOX)
    reached = (
        Image.fromarray(flood(np.asarray(small) <= NEAR)).convert("L").filter(ImageFilter.MaxFilter(REACH))
    )
    shown = small.convert("L").filter(ImageFilter.MaxFilter(AROUND))
    near_flood = np.asarray(reached.resize((width, height))) > 127
    return near_flood, np.asarray(shown.resize((width, height)), dtype=np.float32)


def flood(passable: np.ndarray) -> np.ndarray:
    """bool [H, W]: the pixels of `passable` that water from outside of the picture reaches.

    Water fills whole runs at once, row by row and column by column in turns, until nothing changes.
    """
    sea = np.pad(passable, 1, constant_values=True)
    wet = ~np.pad(np.ones_like(passable), 1)
    while True:
        filled = _along_rows(_along_rows(wet, sea).T, sea.T).T
        if (filled == wet).all():
            return wet[1:-1, 1:-1]
        wet = filled


def _along_rows(wet: np.ndarray, sea: np.ndarray) -> np.ndarray:
    """Water spreads over the runs of sea, in each row, that it touches. Both bool [H, W]."""
    runs = np.cumsum(np.pad(~sea, ((0, 0), (1, 0)), constant_values=True)).reshape(len(sea), -1)[:, 1:]
    touched = np.zeros(runs[-1, -1] + 1, dtype=bool)
    touched[runs[wet]] = True
    return sea & touched[runs]
