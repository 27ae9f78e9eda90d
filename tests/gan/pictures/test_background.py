"""Uniform backgrounds of one's own pictures: what goes, what stays, and how the edge looks."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from gan.pictures.background import flood, remove_background

SIDE = 300


def photograph(background: tuple[int, int, int], noise: float = 0, blur: float = 1.5) -> Image.Image:
    """A dark-rimmed ball with a spot in the colour of the background, premultiplied."""
    image = Image.new("RGB", (SIDE, SIDE), background)
    pen = ImageDraw.Draw(image)
    pen.ellipse((60, 60, 240, 240), fill=(200, 60, 40), outline=(40, 20, 20), width=8)
    pen.ellipse((130, 130, 170, 170), fill=background)
    pixels = np.asarray(image.filter(ImageFilter.GaussianBlur(blur))).astype(np.float32)
    pixels += np.random.default_rng(0).normal(0, noise, pixels.shape)
    return rgba(pixels.clip(0, 255).astype(np.uint8))


def rgba(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(pixels).convert("RGBA").convert("RGBa")


@pytest.mark.parametrize(
    ("background", "noise"),
    [((255, 255, 255), 0), ((250, 248, 240), 5), ((90, 160, 90), 5), ((12, 12, 20), 3)],
)
def test_a_uniform_background_goes_and_what_is_shown_stays(
    background: tuple[int, int, int], noise: float
) -> None:
    picture = photograph(background, noise)
    pixels = np.asarray(remove_background(picture))
    alpha = pixels[..., 3]
    rows, columns = np.mgrid[:SIDE, :SIDE]
    radius = np.hypot(rows - 150, columns - 150)
    assert (alpha[radius > 100] == 0).mean() > 0.999
    assert (alpha[radius < 84] == 255).all()  # with the spot inside, which the flood does not reach
    assert (pixels[radius < 84] == np.asarray(picture)[radius < 84]).all()
    assert (pixels[..., :3] <= alpha[..., None]).all()


def test_edges_are_soft_and_keep_nothing_of_the_background() -> None:
    pixels = np.asarray(remove_background(photograph((0, 255, 0), blur=2.5))).astype(int)
    soft = (pixels[..., 3] > 16) & (pixels[..., 3] < 240)
    assert soft.sum() > 100
    assert (pixels[soft][:, 1] - pixels[soft][:, 0]).mean() < 16  # no green fringe


def test_what_has_transparency_is_left_alone() -> None:
    picture = photograph((255, 255, 255)).convert("RGBA")
    picture.putpixel((0, 0), (255, 255, 255, 254))
    picture = picture.convert("RGBa")
    assert remove_background(picture) is picture


def test_what_has_no_uniform_border_is_left_alone() -> None:
    ramp = np.tile(np.linspace(0, 255, SIDE).astype(np.uint8)[:, None], (SIDE, 1, 3))
    stripes = np.zeros((SIDE, SIDE, 3), np.uint8)
    stripes[:, ::40] = stripes[:, 1::40] = 255
    stripes[: SIDE // 2] = 255 - stripes[: SIDE // 2]
    for pixels in (ramp, stripes):
        picture = rgba(pixels)
        assert remove_background(picture) is picture


def test_a_picture_of_one_colour_is_left_alone() -> None:
    picture = rgba(np.full((40, 40, 3), 200, np.uint8))
    assert remove_background(picture) is picture


def test_what_is_shown_may_touch_the_edge() -> None:
    pixels = np.full((200, 200, 3), 255, np.uint8)
    pixels[60:, 50:150] = (30, 60, 160)
    alpha = np.asarray(remove_background(rgba(pixels)))[..., 3]
    assert alpha[100, 100] == alpha[199, 100] == 255 and alpha[100, 10] == 0


def test_water_runs_through_a_maze_and_not_through_walls() -> None:
    spiral = np.zeros((41, 41), bool)
    left, top, right, bottom = 0, 0, 40, 40
    y, x = 0, 0
    for turn in range(36):  # one corridor to the middle, its walls one pixel thick
        if turn % 4 == 0:
            spiral[y, x : right + 1], x, top = True, right, top + 2
        elif turn % 4 == 1:
            spiral[y : bottom + 1, x], y, right = True, bottom, right - 2
        elif turn % 4 == 2:
            spiral[y, left : x + 1], x, bottom = True, left, bottom - 2
        else:
            spiral[top : y + 1, x], y, left = True, top, left + 2
    assert (flood(spiral) == spiral).all()
    walled = np.ones((9, 9), bool)
    walled[2:7, 2] = walled[2:7, 6] = walled[2, 2:7] = walled[6, 2:7] = False
    assert not flood(walled)[3:6, 3:6].any() and flood(walled)[0].all()
