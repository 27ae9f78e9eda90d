"""SVG drawings: sizes in every unit, and nothing in them that reads files, crashes or hangs."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gan.pictures import vector
from gan.pictures.errors import PictureError
from gan.pictures.read import read_frames
from gan.pictures.vector import harmless, render

pytestmark = pytest.mark.skipif(not vector.can_render(), reason="resvg-py is not installed")

XMLNS = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
SECRET = (1, 222, 3)


def svg(content: str, size: str = 'width="40" height="40"', before: str = "") -> str:
    return f"{before}<svg {XMLNS} {size}>{content}</svg>"


def drawn(tmp_path: Path, text: str) -> np.ndarray:
    (tmp_path / "a.svg").write_text(text)
    ((_, rgba),) = read_frames(tmp_path / "a.svg", 1, 40)
    return np.asarray(rgba)


def picture(colour: tuple[int, int, int] = SECRET) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (40, 40), colour).save(stream, "PNG")
    return stream.getvalue()


def refusal(tmp_path: Path, text: str) -> str:
    with pytest.raises(PictureError) as caught:
        drawn(tmp_path, text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ('width="200mm" height="400mm"', (20, 40)),
        ('width="10cm" height="50mm"', (40, 20)),
        ('width="1in" height="96"', (40, 40)),
        ('width="6pc" height="72pt"', (40, 40)),
        ('width="100px" height="50px"', (40, 20)),
        ('width="100%" height="100%" viewBox="0 0 50 100"', (20, 40)),
        ('viewBox="0 0 100 50"', (40, 20)),
        ('width="30mm" viewBox="0 0 100 100"', (40, 40)),
        ("", (40, 40)),
    ],
)
def test_sizes_come_in_every_unit(tmp_path: Path, size: str, expected: tuple[int, int]) -> None:
    pixels = drawn(tmp_path, svg('<rect width="400" height="400" fill="#c80000"/>', size))
    assert (pixels.shape[1], pixels.shape[0]) == expected and (pixels[5, 5] == (200, 0, 0, 255)).all()


def test_strokes_are_as_wide_as_their_unit_says(tmp_path: Path) -> None:
    for width, rows in (("1mm", 4), ("4px", 4), ("3pt", 4)):
        line = f'<path d="M0 20H40" stroke="#000" stroke-width="{width}"/>'
        assert abs(int((drawn(tmp_path, svg(line))[:, 20, 3] > 99).sum()) - rows) <= 1


@pytest.mark.parametrize("depth", [250, 500])
def test_nested_groups_are_drawn(tmp_path: Path, depth: int) -> None:
    content = "<g>" * depth + '<rect width="40" height="40" fill="#c80000"/>' + "</g>" * depth
    assert (drawn(tmp_path, svg(content)) == (200, 0, 0, 255)).all()


@pytest.mark.parametrize("depth", [600, 100_000])
def test_groups_nested_without_end_are_refused(tmp_path: Path, depth: int) -> None:
    assert "nested too deep" in refusal(tmp_path, svg("<g>" * depth + "</g>" * depth))
    assert "nested too deep" in refusal(tmp_path, svg("<g>" * depth))


@pytest.mark.parametrize(
    "content",
    [
        '<image href="{file}" width="40" height="40"/>',
        '<image xlink:href="{file}" width="40" height="40"/>',
        '<image href="file://{file}" width="40" height="40"/>',
        '<image href="secret.png" width="40" height="40"/>',
        '<image href=" {file}" width="40" height="40"/>',
        '<filter id="f"><feImage href="{file}"/></filter><rect width="40" height="40" filter="url(#f)"/>',
        '<use href="secret.svg#all"/>',
        '<use xlink:href="{folder}/secret.svg#all"/>',
        '<style>rect {{ fill: url("{folder}/secret.svg#paint") }}</style><rect width="40" height="40"/>',
        '<style>@import url({folder}/secret.css);</style><rect class="secret" width="40" height="40"/>',
        '<rect width="40" height="40" style="fill:url({folder}/secret.svg#paint)"/>',
        '<image width="40" height="40" href="data:image/svg+xml;base64,{nested}"/>',
    ],
)
def test_no_file_of_the_machine_is_read(
    tmp_path: Path, content: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret.png").write_bytes(picture())
    colour = "rgb(1,222,3)"
    paint = f'<linearGradient id="paint"><stop stop-color="{colour}"/></linearGradient>'
    (tmp_path / "secret.svg").write_text(
        svg(f'{paint}<rect id="all" width="40" height="40" fill="{colour}"/>')
    )
    (tmp_path / "secret.css").write_text(f".secret {{ fill: {colour} }}")
    nested = svg(f'<image href="{tmp_path}/secret.png" width="40" height="40"/>')
    values = {"file": tmp_path / "secret.png", "folder": tmp_path}
    text = svg(content.format(nested=base64.b64encode(nested.encode()).decode(), **values))
    pixels = drawn(tmp_path, text)
    assert not (pixels[..., :3] == SECRET).all(axis=-1).any()
    assert b"secret" not in harmless(text.encode()).replace(b'class="secret"', b"")


@pytest.mark.parametrize(
    "before",
    [
        '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE svg [<!ENTITY % p SYSTEM "file:///etc/hostname"> %p; <!ENTITY x "">]>',
        "<!DOCTYPE svg>",
    ],
)
def test_entities_of_other_files_are_not_read(tmp_path: Path, before: str) -> None:
    assert "it is damaged (undefined entity" in refusal(tmp_path, svg("<text>&x;</text>", before=before))


def test_entities_without_end_are_refused(tmp_path: Path) -> None:
    entities = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10))
    assert "damaged" in refusal(tmp_path, svg("<text>&a9;</text>", before=f"<!DOCTYPE svg [{entities}]>"))


def test_a_drawing_keeps_what_is_its_own(tmp_path: Path) -> None:
    before = '<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY red "#c80000">]><!-- Illustrator -->'
    inside = base64.b64encode(picture((0, 0, 200))).decode()
    content = (
        '<defs><linearGradient id="g"><stop stop-color="&red;"/></linearGradient></defs>'
        "<style><![CDATA[.half { fill: url('#g') }]]></style>"
        '<rect class="half" id="r" width="20" height="20"/><use xlink:href="#r" y="20"/>'
        f'<image x="20" width="20" height="20" href="data:image/png;base64,{inside}"/>'
        '<rect x="20" y="20" width="20" height="20" fill="url( #g )"/>'
    )
    pixels = drawn(tmp_path, svg(content, before=before))
    assert [tuple(pixels[y, x]) for y, x in ((5, 5), (30, 5), (5, 30), (30, 30))] == [
        (200, 0, 0, 255),
        (200, 0, 0, 255),
        (0, 0, 200, 255),
        (200, 0, 0, 255),
    ]


def test_a_bomb_within_a_drawing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = base64.b64encode(picture()).decode()
    image = f'<image href="data:image/png;base64,{inside}"/>'
    drawn(tmp_path, svg(image * 2))
    monkeypatch.setattr(vector, "MOST_PIXELS", 3000)
    assert "too many pixels" in refusal(tmp_path, svg(image * 2))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "empty"),
        ("<svg", "damaged"),
        ("<html/>", "not a drawing"),
        (svg("", 'width="0" height="5"'), "damaged (SVG has an invalid size)"),
        ('<?xml version="1.0" encoding="EBCDIC-99"?><svg/>', "damaged"),
    ],
)
def test_what_is_no_drawing_is_refused_with_its_reason(tmp_path: Path, content: str, words: str) -> None:
    assert words in refusal(tmp_path, content)


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("import os; os.kill(os.getpid(), 11)", "the renderer failed"),
        ("while True: pass", "not done with it after"),
        ("x = bytearray(1 << 62)", "it is damaged"),
    ],
)
def test_a_renderer_that_runs_wild_ends_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, words: str
) -> None:
    (tmp_path / "wild.py").write_text(program)
    monkeypatch.setattr(vector, "RENDERER", tmp_path / "wild.py")
    monkeypatch.setattr(vector, "TIMEOUT_S", 1)
    assert words in refusal(tmp_path, svg(""))


def test_without_the_renderer_the_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector.importlib.util, "find_spec", lambda name: None)
    assert "make retrain-ready" in refusal(tmp_path, svg(""))


def test_utf_16_is_read(tmp_path: Path) -> None:
    text = svg(
        '<rect width="40" height="40" fill="#c80000"/>', before='<?xml version="1.0" encoding="UTF-16"?>'
    )
    (tmp_path / "a.svg").write_text(text, encoding="utf-16")
    with Image.open(io.BytesIO(render(tmp_path / "a.svg", 8))) as image:
        assert image.convert("RGBA").getpixel((4, 4)) == (200, 0, 0, 255)
