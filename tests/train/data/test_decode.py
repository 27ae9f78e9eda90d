"""What becomes of strange files: of any mode and size, of vectors, and of no image at all."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gan.pictures import vector
from train.data.build import BuildOptions, build_from_folder
from train.data.dataset import SpriteDataset
from train.data.decode import attempt, read_sprites
from train.data.synthetic import write_png
from train.errors import DataError

SVG = '<svg xmlns="http://www.w3.org/2000/svg" {size}><rect width="{w}" height="4" fill="#c80000"/></svg>'


def drawing(path: Path, size: str = 'width="10" height="6"', w: int = 8) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(SVG.format(size=size, w=w))
    return path


@pytest.mark.parametrize(
    ("mode", "colour", "suffix"),
    [
        ("1", 1, "png"),
        ("L", 200, "png"),
        ("LA", (200, 255), "png"),
        ("P", 3, "gif"),
        ("RGB", (255, 0, 0), "webp"),
        ("CMYK", (0, 255, 255, 0), "jpg"),
        ("I;16", 51400, "png"),
    ],
)
def test_images_of_every_mode_become_rgba(
    tmp_path: Path, mode: str, colour: int | tuple[int, ...], suffix: str
) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.new(mode, (20, 20), colour).save(path)
    ((number, sprite),) = read_sprites(path, 16, 4)
    assert number == 0 and sprite.shape == (16, 16, 4) and (sprite[..., 3] == 255).all()
    if mode in ("L", "LA", "I;16"):
        assert (sprite[..., :3] == 200).all()
    if mode == "CMYK":
        assert sprite[8, 8, 0] > 200 and sprite[8, 8, 1:3].max() < 60


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises a size, and holds next to nothing."""

    def chunk(name: bytes, content: bytes) -> bytes:
        body = name + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(99)))


def png(size: tuple[int, int], colour: tuple[int, int, int, int]) -> bytes:
    stream = io.BytesIO()
    Image.new("RGBA", size, colour).save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is empty"),
        (b"Dear diary", "not an image"),
        (png((1, 1), (9, 9, 9, 255)), "1×1 pixels are too few: at least 8"),
        (png((30, 30), (9, 9, 9, 0)), "nothing in it is visible"),
        (png((30, 30), (9, 9, 9, 255))[:70], "damaged"),
        (png_header(40_000, 40_000), "too large"),
        (png_header(10_000, 10_000), "too large"),  # Pillow alone would only warn
        (png_header(100, 100), "damaged"),
        (png((20_000, 8), (9, 9, 9, 255)), "too long and narrow"),
    ],
    ids=["empty", "text", "1×1", "invisible", "half", "bomb", "smaller bomb", "no pixels", "strip"],
)
def test_files_that_cannot_be_used_say_why(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "a.png").write_bytes(content)
    assert words in str(attempt(lambda: read_sprites(tmp_path / "a.png", 16, 4)))


def test_vector_drawings_are_rendered_sharp(tmp_path: Path) -> None:
    ((number, sprite),) = read_sprites(drawing(tmp_path / "a.svg"), 64, 4)
    assert number == 0
    inside = sprite[sprite[..., 3] == 255]
    assert (inside == (200, 0, 0, 255)).all()
    assert 54 <= np.count_nonzero(sprite[32, :, 3] > 127) <= 58  # 8 × 4 units fill all but the margin


@pytest.mark.parametrize(
    "content",
    [
        "",
        "<svg",
        '<svg xmlns="http://www.w3.org/2000/svg"/>',
        SVG.format(size='width="0" height="5"', w=5),
        SVG.format(size='width="99999999" height="99999999"', w=5),
        SVG.format(size='width="2" height="9999999"', w=5),
    ],
    ids=["empty", "half", "blank", "no size", "huge", "endless"],
)
def test_vector_drawings_that_cannot_be_used_say_why(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.svg").write_text(content)
    assert isinstance(attempt(lambda: read_sprites(tmp_path / "a.svg", 16, 4)), str)


def test_a_folder_may_mix_vectors_and_pixels(tmp_path: Path) -> None:
    drawing(tmp_path / "in" / "a.svg")
    write_png(tmp_path / "in" / "b.png", 1)
    (tmp_path / "in" / "c.svg").write_text("<svg")
    result = build_from_folder(tmp_path / "in", tmp_path / "out", BuildOptions(resolution=16), workers=1)
    assert SpriteDataset.open(tmp_path / "out").index["species"] == ["a", "b"]
    assert [file for file, _ in result.skipped] == ["c.svg"]


def test_vectors_without_their_renderer_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawing(tmp_path / "in" / "a.svg")
    monkeypatch.setattr(vector.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataError, match="resvg-py: install the `train` extra"):
        build_from_folder(tmp_path / "in", tmp_path / "out", workers=1)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
