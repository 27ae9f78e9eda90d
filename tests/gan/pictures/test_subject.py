"""What an uploaded picture shows: the background goes, the creature stays, and anything else has a reason."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from PIL import Image

from gan.pictures.square import MARGIN
from gan.pictures.subject import MOST_PIXELS, SIDE, SubjectError, read_subject
from tests.doodles import doodle, encoded, landscape, moving, photograph, png_of_size

TARGET = read_subject(encoded(doodle(paper=None))).pixels


def likeness(data: bytes) -> float:
    """Share of the square that is visible in one of two pictures and not in the other."""
    return float(((read_subject(data).pixels[..., 3] > 127) != (TARGET[..., 3] > 127)).mean())


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_drawing_on_paper_stands_alone_in_its_square(kind: str) -> None:
    subject = read_subject(encoded(doodle(), kind))
    assert subject.pixels.shape == (SIDE, SIDE, 4) and not subject.animated
    alpha = subject.pixels[..., 3]
    assert likeness(encoded(doodle(), kind)) < 0.01
    assert not alpha[: round(MARGIN * SIDE) - 2].any() and alpha[SIDE // 2, SIDE // 2] == 255


def test_a_photograph_of_a_drawing_is_freed_of_its_paper_of_dust_and_of_the_lamp() -> None:
    assert likeness(encoded(photograph(), "JPEG", quality=85)) < 0.02


def test_where_the_creature_stands_and_how_large_makes_no_difference() -> None:
    paper = Image.new("RGB", (1200, 700), (250, 248, 240))
    paper.paste(doodle(400).convert("RGB"), (760, 250))
    assert likeness(encoded(paper)) < 0.015


def test_what_is_transparent_already_is_taken_as_it_is() -> None:
    cut = doodle(paper=None)
    cut.paste((255, 0, 0, 255), (0, 0, 6, 6))  # what would be dust on paper
    assert read_subject(encoded(cut)).pixels[..., 3][:40, :40].any()


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_of_what_moves_the_first_frame_is_taken_and_said_so(kind: str) -> None:
    subject = read_subject(moving(kind))
    assert subject.animated
    red, _, blue, _ = subject.pixels[subject.pixels[..., 3] == 255].mean(axis=0)
    assert blue > red


def test_a_photograph_is_turned_as_its_camera_says() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter, clockwise
    turned = encoded(doodle().rotate(90), "JPEG", exif=exif)
    assert likeness(turned) < 0.01


NOTHING = Image.new("RGB", (200, 200), (240, 240, 235))
WHOLE = encoded(doodle())
BAD = {
    "text that is called a picture": (b"just words\n" * 50, "unknown"),
    "no bytes": (b"", "unknown"),
    "another kind of picture": (encoded(doodle(), "BMP"), "unknown"),
    "a document": (b"%PDF-1.7\n", "unknown"),
    "half a file": (WHOLE[: len(WHOLE) // 2], "damaged"),
    "half a JPEG": (encoded(doodle(), "JPEG")[:4000], "damaged"),
    "only its first bytes": (WHOLE[:30], "unknown"),
    "one pixel": (encoded(Image.new("RGB", (1, 1))), "small"),
    "a line": (encoded(Image.new("RGB", (4000, 3))), "small"),
    "fifty million pixels": (png_of_size(10_000, 5_000), "large"),
    "a bomb": (png_of_size(100_000, 100_000), "large"),
    "paper": (encoded(NOTHING), "empty"),
    "paper with grain": (encoded(Image.effect_noise((200, 200), 4).convert("RGB")), "empty"),
    "nothing but transparency": (encoded(Image.new("RGBA", (64, 64))), "empty"),
    "a landscape": (encoded(landscape(), "JPEG"), "background"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_picture_of_somebody_has_a_reason(what: str) -> None:
    data, reason = BAD[what]
    with pytest.raises(SubjectError) as refused:
        read_subject(data)
    assert refused.value.reason == reason


def test_bytes_at_random_never_raise_anything_else() -> None:
    random = np.random.default_rng(5)
    for kind in ("PNG", "JPEG", "WEBP", "GIF"):
        whole = bytearray(encoded(doodle(64), kind))
        for _ in range(40):
            broken = bytearray(whole)
            for at in random.integers(0, len(whole), 6):
                broken[at] = random.integers(256)
            with contextlib.suppress(SubjectError):
                assert read_subject(bytes(broken)).pixels.shape == (SIDE, SIDE, 4)


def test_the_largest_that_is_read_is_a_large_photograph() -> None:
    assert 12_000_000 < MOST_PIXELS < 50_000_000
