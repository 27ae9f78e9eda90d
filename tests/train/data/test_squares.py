"""Frames of an animation as squares of their own pixels: one scale, one place, whole pixels."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from train.data.squares import Framing, read_squares, read_thumbnails

FRAMING = Framing(frames=12, resolution=128)


def frame(width: int, height: int, left: int, top: int) -> Image.Image:
    """A box with a pattern of single pixels somewhere in a picture of 96."""
    pixels = np.zeros((96, 96, 4), np.uint8)
    rows, columns = np.mgrid[:height, :width]
    pixels[top : top + height, left : left + width, 0] = 250 * ((rows + columns) % 2)
    pixels[top : top + height, left : left + width, 3] = 255
    return Image.fromarray(pixels)


def animation(path: Path, frames: list[Image.Image]) -> Path:
    frames[0].save(path, save_all=True, append_images=frames[1:], lossless=True, duration=100)
    return path


def test_one_that_leaps_stays_in_place_and_large(tmp_path: Path) -> None:
    leaping = [frame(40, 30, 5 * i, 60 - 6 * i) for i in range(10)]
    squares = read_squares(animation(tmp_path / "a.webp", leaping), FRAMING)
    assert [number for number, _ in squares] == list(range(10))
    first = squares[0][1]
    assert first.shape == (45, 45, 4)  # 40 pixels and 6 % of the square on either side
    for _, square in squares:
        np.testing.assert_array_equal(square, first)


def test_pixels_keep_their_grid(tmp_path: Path) -> None:
    picture = frame(37, 41, 11, 7)
    ((_, square),) = read_squares(animation(tmp_path / "a.webp", [picture]), FRAMING)
    rows, columns = np.flatnonzero(square[..., 3].any(1)), np.flatnonzero(square[..., 3].any(0))
    visible = square[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    np.testing.assert_array_equal(visible, np.asarray(picture)[7:48, 11:48])


def test_frames_of_all_sizes_have_one_scale(tmp_path: Path) -> None:
    breathing = [frame(40, 30 + i % 3, 9, 9) for i in range(9)]
    squares = read_squares(animation(tmp_path / "a.webp", breathing), FRAMING)
    assert len(squares) == 9 and {square.shape for _, square in squares} == {(45, 45, 4)}
    assert [int((square[..., 3] > 0).any(1).sum()) for _, square in squares] == [30, 31, 32] * 3


def test_what_one_frame_throws_out_does_not_make_the_others_small(tmp_path: Path) -> None:
    splash = [frame(40, 30, 9 + i, 9) for i in range(9)] + [frame(90, 30, 2, 9)]
    squares = read_squares(animation(tmp_path / "a.webp", splash), FRAMING)
    assert [number for number, _ in squares] == list(range(9)) and squares[0][1].shape == (45, 45, 4)


def test_a_choice_of_frames_has_the_scale_of_all(tmp_path: Path) -> None:
    path = animation(tmp_path / "a.webp", [frame(20 + 3 * i, 20, 0, 0) for i in range(8)])
    every = dict(read_squares(path, FRAMING))
    some = dict(read_squares(path, FRAMING, only=(1, 4)))
    assert list(some) == [1, 4]
    for number, square in some.items():
        np.testing.assert_array_equal(square, every[number])


def test_huge_pictures_are_averaged_by_a_whole_factor(tmp_path: Path) -> None:
    pixels = np.zeros((2000, 1500, 4), np.uint8)
    pixels[100:1900, 100:1400] = (90, 30, 210, 255)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    ((_, square),) = read_squares(tmp_path / "a.png", FRAMING)  # 2000 // 512 = 3
    assert abs(len(square) - 600 / 0.88) <= 2
    assert tuple(square[len(square) // 2, len(square) // 2]) == (90, 30, 210, 255)


def test_backgrounds_of_photographs_go_unless_they_are_to_be_kept(tmp_path: Path) -> None:
    pixels = np.full((300, 300, 3), 250, np.uint8)
    pixels[100:200, 120:180] = (30, 90, 200)
    Image.fromarray(pixels).save(tmp_path / "a.jpg", quality=90)
    ((_, square),) = read_squares(tmp_path / "a.jpg", FRAMING)
    assert 110 <= len(square) <= 118 and square[0, 0, 3] == 0  # the box of 100 pixels and its margin
    ((_, kept),) = read_squares(tmp_path / "a.jpg", Framing(12, 128, keep_background=True))
    assert kept.shape == (300, 300, 4) and kept[..., 3].min() == 255  # nothing transparent: no margin


def test_pictures_of_nothing_give_nothing(tmp_path: Path) -> None:
    Image.new("RGBA", (20, 20), (255, 0, 0, 0)).save(tmp_path / "a.png")
    assert read_squares(tmp_path / "a.png", FRAMING) == []


@pytest.mark.parametrize("side", [20, 64])
def test_thumbnails_are_what_the_squares_average_to(tmp_path: Path, side: int) -> None:
    path = animation(tmp_path / "a.webp", [frame(side, side, 3, 3)])
    ((number, small),) = read_thumbnails(path, FRAMING, 32)
    ((_, square),) = read_squares(path, FRAMING)
    assert number == 0 and small.shape == (32, 32, 4)
    assert abs(small.mean() - square.mean()) < 2  # Pillow rounds the areas of pixels that it cuts
