"""One reader for the pictures of `gan project` and of `train data`: what it reads, and what it refuses."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gan.pictures.errors import PictureError
from gan.pictures.read import is_readable, read_frames, readable_suffixes, spread
from gan.pictures.sprite import Pixels
from gan.pictures.square import to_straight
from gan.projection.target import TargetError, read_target
from train.data.decode import attempt, read_sprites

Reader = Callable[[Path], Pixels]


def as_target(path: Path) -> Pixels:
    """As `gan project` reads it."""
    return read_target(path, 16)


def as_sprite(path: Path) -> Pixels:
    """As `train data` reads it, with straight alpha."""
    found = attempt(lambda: read_sprites(path, 16, 1))
    if isinstance(found, str):
        raise TargetError(found)
    return to_straight(found[0][1])


@pytest.fixture(params=[as_target, as_sprite], ids=["project", "data"])
def reader(request: pytest.FixtureRequest) -> Reader:
    return request.param


def png(width: int, height: int, depth: int, colours: int, pixels: bytes, **chunks: bytes) -> bytes:
    """A PNG of any depth and kind of colours (0 grey, 2 RGB), with chunks such as tRNS."""

    def chunk(name: str, content: bytes) -> bytes:
        body = name.encode() + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    row = len(pixels) // height
    rows = b"".join(b"\0" + pixels[y * row : (y + 1) * row] for y in range(height))
    parts = [chunk("IHDR", struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, 0))]
    parts += [chunk(name, content) for name, content in chunks.items()]
    parts += [chunk("IDAT", zlib.compress(rows)), chunk("IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def halves(left: tuple[int, ...], right: tuple[int, ...], kind: str) -> bytes:
    """16 × 16 pixels, the left half of one value and the right half of another."""
    return np.array([([left] * 8 + [right] * 8) for _ in range(16)], kind).tobytes()


def test_sixteen_bit_grey_is_scaled(tmp_path: Path, reader: Reader) -> None:
    (tmp_path / "a.png").write_bytes(png(16, 16, 16, 0, halves((40000,), (65535,), ">u2")))
    pixels = reader(tmp_path / "a.png")
    assert (pixels[:, :8] == (155, 155, 155, 255)).all() and (pixels[:, 8:] == 255).all()


@pytest.mark.parametrize(("mode", "value"), [("I;16B", 40000), ("I", 40000), ("F", 155.0), ("F", 155 / 255)])
def test_other_deep_greys_are_scaled(tmp_path: Path, reader: Reader, mode: str, value: float) -> None:
    kind = {"I;16B": ">u2", "I": np.int32, "F": np.float32}[mode]
    Image.fromarray(np.full((16, 16), value, kind)).save(tmp_path / "a.tiff")
    assert (np.abs(reader(tmp_path / "a.tiff").astype(int) - (155, 155, 155, 255)) <= 1).all()


@pytest.mark.parametrize(
    ("depth", "colours", "left", "right", "shown"),
    [
        (8, 0, (0,), (99,), 99),
        (16, 0, (0,), (25443,), 99),
        (16, 0, (40000,), (25443,), 99),
        (8, 2, (0, 0, 0), (99, 99, 99), 99),
        (16, 2, (0, 0, 0), (25443, 25443, 25443), 99),
        (16, 2, (65535, 40000, 7), (25443, 25443, 25443), 99),
    ],
)
def test_a_transparent_colour_is_transparent(
    tmp_path: Path,
    reader: Reader,
    depth: int,
    colours: int,
    left: tuple[int, ...],
    right: tuple[int, ...],
    shown: int,
) -> None:
    pixels = halves(left, right, ">u2" if depth == 16 else "u1")
    clear = struct.pack(f">{len(left)}H", *left)
    (tmp_path / "a.png").write_bytes(png(16, 16, depth, colours, pixels, tRNS=clear))
    ((_, rgba),) = read_frames(tmp_path / "a.png")
    seen = np.asarray(rgba)
    assert not seen[:, :8, 3].any() and (seen[:, 8:] == (shown, shown, shown, 255)).all()
    assert (reader(tmp_path / "a.png")[..., 3] == 0).any()


def test_a_transparent_entry_of_a_palette_is_transparent(tmp_path: Path, reader: Reader) -> None:
    image = Image.fromarray(np.repeat([[0] * 8 + [1] * 8], 16, axis=0).astype(np.uint8), "P")
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.save(tmp_path / "a.png", transparency=0)
    pixels = reader(tmp_path / "a.png")
    assert (pixels[..., 3] == 0).any() and (pixels[pixels[..., 3] == 255] == (0, 0, 255, 255)).all()


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tiff"])
def test_pictures_stand_upright(tmp_path: Path, reader: Reader, suffix: str) -> None:
    image = Image.new("RGB", (48, 48), (0, 0, 250))
    image.paste((250, 0, 0), (0, 0, 48, 24))  # red above, as the camera held sideways saw it
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    image.save(tmp_path / f"a.{suffix}", exif=exif)
    pixels = reader(tmp_path / f"a.{suffix}")
    assert pixels[8, 14, 0] > 200 and pixels[8, 1, 2] > 200  # red at the right


def test_of_a_multi_picture_jpeg_the_first_one_is_taken(tmp_path: Path) -> None:
    first, second = Image.new("RGB", (20, 20), (250, 0, 0)), Image.new("RGB", (20, 20), (0, 250, 0))
    first.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[second])
    ((number, rgba),) = read_frames(tmp_path / "a.jpg", 8)
    assert number == 0 and np.asarray(rgba)[5, 5, 0] > 200


@pytest.mark.parametrize("suffix", ["gif", "png", "apng", "webp", "tiff"])
def test_frames_of_animations_are_spread(tmp_path: Path, suffix: str) -> None:
    drawn = [Image.new("RGB", (20, 20), (40 * i, 0, 0)) for i in range(6)]
    path = tmp_path / f"a.{suffix}"
    if suffix == "webp":
        drawn[0].save(path, save_all=True, append_images=drawn[1:], lossless=True)
    else:
        drawn[0].save(path, save_all=True, append_images=drawn[1:])
    found = [(number, np.asarray(rgba)[5, 5, 0]) for number, rgba in read_frames(tmp_path / f"a.{suffix}", 3)]
    assert found == [(0, 0), (2, 80), (4, 160)]
    assert spread(3, 12) == [0, 1, 2]


SUFFIXES = (
    "png apng gif jpg jpeg jpe jfif webp bmp dib tif tiff ico jp2 ppm pgm tga pcx qoi avif sgi dds icns"
)


@pytest.mark.parametrize("suffix", SUFFIXES.split())
def test_whatever_pillow_reads_is_read(tmp_path: Path, reader: Reader, suffix: str) -> None:
    path = tmp_path / f"a.{suffix.upper()}"
    if not is_readable(path):
        pytest.skip("this Pillow was built without it")
    mode = "L" if suffix == "pgm" else "RGB"
    Image.new(mode, (64, 64), 200 if mode == "L" else (200, 200, 200)).save(path)
    assert (np.abs(reader(path)[8, 8].astype(int) - (200, 200, 200, 255)) <= 2).all()


def test_programs_are_not_started_for_pictures(tmp_path: Path, reader: Reader) -> None:
    assert not readable_suffixes() & {".eps", ".ps", ".pdf", ".wmf", ".txt", ""}
    Image.new("RGB", (64, 64)).save(tmp_path / "a.eps")
    (tmp_path / "a.eps").rename(tmp_path / "a.png")
    with pytest.raises(TargetError, match="not an image, whatever its name says"):
        reader(tmp_path / "a.png")


def test_a_format_that_pillow_does_not_know_is_named(tmp_path: Path, reader: Reader) -> None:
    (tmp_path / "a.HEIC").write_bytes(b"\0\0\0\x18ftypheic" + bytes(99))
    with pytest.raises(TargetError, match=r"this Pillow cannot read \.heic files"):
        reader(tmp_path / "a.HEIC")


def whole() -> bytes:
    stream = io.BytesIO()
    Image.effect_noise((40, 40), 90).convert("RGBA").save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is empty"),
        (b"Dear diary", "not an image"),
        (whole()[: len(whole()) // 2], "it is damaged"),
        (png(40_000, 40_000, 8, 2, bytes(40_000)), "too large: at most 64 million pixels"),
        (png(8_001, 8_000, 8, 0, bytes(8_000)), "too large: at most 64 million pixels"),
        (png(1_000_000, 8, 8, 0, bytes(8_000_000)), "1000000×8 pixels are too long and narrow"),
        (png(7, 7, 8, 0, bytes(49)), "7×7 pixels are too few"),
    ],
    ids=["empty", "text", "half", "bomb", "small bomb", "strip", "tiny"],
)
def test_both_refuse_alike(tmp_path: Path, reader: Reader, content: bytes, words: str) -> None:
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(TargetError, match=words):
        reader(tmp_path / "a.png")


def test_a_later_page_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = [Image.new("L", (20, 20)), Image.new("L", (200, 200))]
    pages[0].save(tmp_path / "a.tiff", save_all=True, append_images=pages[1:])
    monkeypatch.setattr("gan.pictures.read.MOST_PIXELS", 1000)
    with pytest.raises(PictureError, match="too large"):
        list(read_frames(tmp_path / "a.tiff", 2))


def test_a_long_picture_does_not_fill_the_memory(tmp_path: Path, reader: Reader) -> None:
    picture = np.full((600, 12_000, 3), 200, np.uint8)
    Image.fromarray(picture).save(tmp_path / "a.png")
    pixels = reader(tmp_path / "a.png")
    assert (np.abs(pixels[8, :, :3].astype(int) - 200) <= 2).all() and not pixels[0].any()
