"""What is visible, cropped and centred in a square, and how frames and depths are read for it."""

import numpy as np
from PIL import Image

from gan.pictures.read import spread, to_rgba
from gan.pictures.square import to_square


def test_colour_under_transparency_never_shows() -> None:
    pixels = np.zeros((40, 30, 4), np.uint8)
    pixels[:] = (0, 255, 0, 0)  # loud green, invisible
    pixels[5:36, 4:25] = (200, 0, 0, 100)
    for resolution in (16, 64):  # down by averaging, up by interpolation
        sprite = to_square(Image.fromarray(pixels), resolution)
        assert sprite is not None
        assert sprite[..., 1].max() == 0
        assert sprite[sprite[..., 3] == 0].max() == 0
        assert tuple(sprite[resolution // 2, resolution // 2]) == (78, 0, 0, 100)  # 200 × 100 / 255


def test_interpolation_never_puts_colour_above_its_alpha() -> None:
    ring = np.zeros((20, 20, 4), np.uint8)
    ring[..., 3] = 255
    ring[5:-5, 5:-5, :3] = 255
    ring[6:-6, 6:-6, :3] = 0
    ring[:5] = ring[-5:] = ring[:, :5] = ring[:, -5:] = 0
    sprite = to_square(Image.fromarray(ring), 64)
    assert sprite is not None
    assert (sprite[..., :3] <= sprite[..., 3:]).all()


def test_crops_centre_and_leave_a_margin() -> None:
    pixels = np.zeros((200, 300, 4), np.uint8)
    pixels[150:190, 7:87] = 255  # 80 × 40, in a corner
    sprite = to_square(Image.fromarray(pixels), 64)
    assert sprite is not None
    rows, columns = (np.flatnonzero(sprite[..., 3].max(axis=axis) > 127) for axis in (1, 0))
    assert columns[0] in (3, 4) and columns[-1] in (59, 60)  # 6 % of 64 on either side
    assert 27 <= len(rows) <= 29 and abs(rows[0] + rows[-1] - 63) <= 1


def test_sixteen_bit_greys_are_scaled() -> None:
    deep = Image.fromarray(np.full((4, 4), 32896, np.uint16))
    assert to_rgba(deep).getpixel((0, 0)) == (128, 128, 128, 255)


def test_invisible_images_give_no_sprite() -> None:
    assert to_square(Image.new("RGBA", (9, 9), (255, 0, 0, 0)), 32) is None


def test_frames_are_spread_evenly() -> None:
    assert spread(3, 12) == [0, 1, 2]
    assert spread(65, 4) == [0, 16, 32, 48]
