"""From network output to pictures."""

import io

import numpy as np
import torch
from PIL import Image

from gan.pictures.sheet import in_rows, table
from gan.pictures.sprite import enlarge, from_png, to_png, to_rgba


def from_unit(*pixels: tuple[float, float, float, float]) -> torch.Tensor:
    """One row of premultiplied pixels in [0, 1] as network output [1, 4, 1, W]."""
    return torch.tensor(pixels).t()[None, :, None, :] * 2 - 1


def test_premultiplied_colour_becomes_straight() -> None:
    row = to_rgba(from_unit((0.25, 0.5, 0.0, 0.5), (0.2, 0.4, 1.0, 1.0)))[0, 0]
    assert row.tolist() == [[128, 255, 0, 128], [51, 102, 255, 255]]


def test_nothing_transparent_has_colour() -> None:
    row = to_rgba(from_unit((0.0, 0.0, 0.0, 0.0), (0.9, 0.9, 0.9, 0.0), (0.02, 0.02, 0.02, 0.02)))[0, 0]
    assert not row.any()


def test_values_out_of_range_are_clipped() -> None:
    row = to_rgba(from_unit((3.0, -2.0, 0.5, 1.7), (0.8, 0.1, 0.1, 0.4)))[0, 0]
    assert row.tolist() == [[255, 0, 128, 255], [255, 64, 64, 102]]


def test_pictures_are_uint8_rgba_in_rows() -> None:
    pixels = to_rgba(torch.randn(3, 4, 8, 8))
    assert pixels.shape == (3, 8, 8, 4) and pixels.dtype == np.uint8


def test_enlarging_repeats_pixels() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 5, 4), np.uint8)
    large = enlarge(pixels, 3)
    assert large.shape == (12, 15, 4)
    for dy in range(3):
        for dx in range(3):
            assert np.array_equal(large[dy::3, dx::3], pixels)


def test_png_keeps_every_byte_even_under_transparency() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 4), np.uint8)
    assert np.array_equal(from_png(to_png(pixels)), pixels)
    assert np.array_equal(from_png(to_png(pixels, 4)), enlarge(pixels, 4))
    with Image.open(io.BytesIO(to_png(pixels))) as image:
        assert image.mode == "RGBA" and image.format == "PNG"


def test_a_sheet_goes_by_rows_over_its_background() -> None:
    red, clear = np.zeros((2, 2, 4), np.uint8), np.zeros((2, 2, 4), np.uint8)
    red[:] = (255, 0, 0, 255)
    sheet = table(in_rows([clear, red, red], columns=2), scale=2, gap=1)
    assert sheet.size == (11, 11)
    assert sheet.getpixel((2, 2)) == (255, 255, 255, 255)
    assert sheet.getpixel((7, 2)) == sheet.getpixel((2, 7)) == (255, 0, 0, 255)
    assert sheet.getpixel((7, 7)) == (255, 255, 255, 255)
