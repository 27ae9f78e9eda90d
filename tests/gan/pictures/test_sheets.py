"""python -m gan mix and grid: sheets of creatures, and what they are made of."""

import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gan.config import DEFAULT_PSI
from gan.latents import mix_layers
from gan.pictures.mixing_grid import mixing_grid
from gan.pictures.sheet import CLEAR, SheetError, in_rows, side, table
from gan.pictures.sprite import Pixels, enlarge
from gan.sampler import Sampler
from tests.command_line import CommandLine
from tests.gan.tiny import tiny_checkpoint

GAP = 4
SIDE = 16


@pytest.fixture
def sampler(checkpoint: Path) -> Sampler:
    return Sampler(tiny_checkpoint(checkpoint), "cpu")


def cell(path: Path, row: int, column: int, scale: int = 1, line: int = 0) -> Pixels:
    """A sprite of a sheet with a transparent ground; `line` is the extra gap after the first one."""
    pitch = SIDE * scale + GAP
    x, y = (GAP + i * pitch + (line if i else 0) for i in (column, row))
    with Image.open(path) as sheet:
        return np.asarray(sheet)[y : y + SIDE * scale, x : x + SIDE * scale]


def visible(sprite: Pixels) -> Pixels:
    """As Pillow leaves it after compositing: nothing transparent has colour, which sprites promise anyway."""
    return np.where(sprite[..., 3:] > 0, sprite, 0)


def test_the_margin_holds_the_parents_and_each_cell_their_child(sampler: Sampler) -> None:
    rows, columns = sampler.w_from_seeds([1, 2], 1), sampler.w_from_seeds([3, 4, 5], 1)
    cells = mixing_grid(sampler, rows, columns, layers=[0, 1], amount=0.5, noise_seed=9)
    assert [len(row) for row in cells] == [4, 4, 4] and cells[0][0] is None

    def shows(row: int, column: int, code: np.ndarray) -> bool:
        found = cells[row][column]
        return found is not None and np.array_equal(found, sampler.render(code[None], [9])[0])

    for r in range(2):
        assert shows(r + 1, 0, rows[r])
        for c in range(3):
            assert shows(0, c + 1, columns[c])
            child = rows[r].copy()
            child[:2] = (rows[r][:2] + columns[c][:2]) / 2
            assert shows(r + 1, c + 1, child)


def test_no_layers_leave_the_row_and_all_layers_make_the_column(sampler: Sampler) -> None:
    codes = sampler.w_from_seeds([1, 2], 1)
    a, b = sampler.render(codes, [0, 0])
    none = mixing_grid(sampler, codes[:1], codes[1:], layers=[])[1][1]
    every = mixing_grid(sampler, codes[:1], codes[1:], layers=range(6))[1][1]
    assert none is not None and np.array_equal(none, a) and not np.array_equal(a, b)
    assert every is not None and np.array_equal(every, b)


def test_mix_writes_one_picture(
    command: CommandLine, checkpoint: Path, tmp_path: Path, sampler: Sampler
) -> None:
    out = tmp_path / "new" / "mix.png"
    command("sample", "--seeds", "7", "--save-w", "--out", tmp_path, "--checkpoint", checkpoint)
    args = ("--rows", f"Ash,{tmp_path / 'seed0007.npz'}", "--columns", "3-5", "--take", "Colours,shape")
    args = (*args, "--transparent", "--scale", "3", "--noise-seed", "2", "--amount", "0.7")
    done = command("mix", *args, "--out", out, "--checkpoint", checkpoint)
    assert done.code == 0 and "2 × 3" in done.out
    a, b = sampler.w_from_seeds([7, 4], DEFAULT_PSI)
    child = mix_layers(a, b, [0, 1, 2, 5], 0.7)  # 16 pixels: shape is 0–2, features 3–4, colours 5
    expected = enlarge(sampler.render(child[None], [2])[0], 3)
    assert np.array_equal(cell(out, 2, 2, 3, line=2 * GAP), visible(expected))
    parent = enlarge(sampler.render(a[None], [2])[0], 3)
    assert np.array_equal(cell(out, 2, 0, 3, line=2 * GAP), visible(parent))


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--take", "wings"), "shape, features, colours"),
        (("--take", ""), "shape, features, colours"),
        (("--layers", "6"), "0-5"),
        (("--layers", "3-1"), "0-5"),
        (("--layers", "x"), "0-5"),
        (("--layers", "1", "--take", "shape"), "not both"),
        (("--amount", "1.1"), "0 to 1"),
        (("--amount", "nan"), "0 to 1"),
        (("--psi", "3"), "0 to 2"),
        (("--noise-seed", "-1"), "--noise-seed"),
        (("--rows", "none.npz"), "none.npz"),
        (("--rows", "-4"), "seed"),
        (("--rows", "0-99", "--columns", "0-99"), "4096"),
        (("--rows", "0-999", "--scale", "16"), "--scale"),
        (("--out", "mix.jpg"), ".png"),
        (("--checkpoint", "none.safetensors"), "none.safetensors"),
    ],
)
def test_mix_refuses_what_cannot_be(
    command: CommandLine,
    checkpoint: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    args: tuple[str, ...],
    words: str,
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    usual = ("--rows", "1", "--columns", "2", "--out", "mix.png", "--checkpoint", checkpoint)
    assert words in command("mix", *usual, *args).refusal
    assert not list(Path().iterdir())


def test_a_picture_that_cannot_be_written_is_refused(
    command: CommandLine, checkpoint: Path, tmp_path: Path
) -> None:
    (tmp_path / "folder.png").mkdir()
    for out, words in ((tmp_path / "folder.png", "is a folder"), (checkpoint / "x.png", "not a folder")):
        for args in (("mix", "--rows", "1", "--columns", "2"), ("grid", "--seeds", "1")):
            assert words in command(*args, "--out", out, "--checkpoint", checkpoint).refusal
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.safetensors", "folder.png"]


def test_grid_goes_by_rows(command: CommandLine, checkpoint: Path, tmp_path: Path, sampler: Sampler) -> None:
    args = ("--seeds", "0-4", "--columns", "3", "--scale", "1", "--transparent", "--checkpoint", checkpoint)
    assert command("grid", *args, "--out", tmp_path / "g.png").code == 0
    sprites = sampler.render(sampler.w_from_seeds(range(5), DEFAULT_PSI), range(5))
    for i, sprite in enumerate(sprites):
        assert np.array_equal(cell(tmp_path / "g.png", *divmod(i, 3)), visible(sprite))
    assert not cell(tmp_path / "g.png", 1, 2).any()


def test_a_grid_is_white_behind_its_creatures_unless_told_otherwise(
    command: CommandLine, checkpoint: Path, tmp_path: Path
) -> None:
    command("grid", "--seeds", "1", "--out", tmp_path / "g.png", "--checkpoint", checkpoint)
    with Image.open(tmp_path / "g.png") as sheet:
        assert sheet.getpixel((0, 0)) == (255, 255, 255, 255)
        assert sheet.getchannel("A").getextrema() == (255, 255)


def test_several_psi_give_a_row_for_each_creature(
    command: CommandLine, checkpoint: Path, tmp_path: Path, sampler: Sampler
) -> None:
    args = ("--seeds", "1,2", "--psi", "0,0.5,1.5", "--scale", "2", "--checkpoint", checkpoint)
    assert command("grid", *args, "--out", tmp_path / "g.png").code == 0
    with Image.open(tmp_path / "g.png") as sheet:
        pixels = np.asarray(sheet)
    seen = Image.new("RGBA", (32, 32), (255, 255, 255, 255))
    seen.alpha_composite(Image.fromarray(enlarge(sampler.render(sampler.w_from_seeds([2], 1.5), [2])[0], 2)))
    expected = np.asarray(seen)
    bottom, right = pixels.shape[0] - GAP, pixels.shape[1] - GAP
    assert np.array_equal(pixels[bottom - 32 : bottom, right - 32 : right], expected)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--psi", "0,1", "--columns", "3"), "--columns"),
        (("--psi", "0,1", "--seeds", "x.npz"), "style files"),
        (("--psi", "0,much"), "--psi"),
        (("--psi", "0,2.5"), "0 to 2"),
        (("--psi", ""), "--psi"),
        (("--seeds", "0-9999"), "4096"),
        (("--seeds", "0-1000", "--columns", "1"), "fewer"),
        (("--out", "grid"), ".png"),
    ],
)
def test_grid_refuses_what_cannot_be(
    command: CommandLine,
    checkpoint: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    args: tuple[str, ...],
    words: str,
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    usual = ("--seeds", "1", "--out", "grid.png", "--checkpoint", checkpoint)
    assert words in command("grid", *usual, *args).refusal
    assert not list(Path().iterdir())


def test_style_files_of_one_name_in_two_folders_are_two_creatures(
    command: CommandLine, checkpoint: Path, tmp_path: Path
) -> None:
    for folder in ("a", "b"):
        psi = "1" if folder == "a" else "0.5"
        args = ("--seeds", "1", "--save-w", "--psi", psi, "--checkpoint", checkpoint)
        command("sample", *args, "--out", tmp_path / folder)
    both = ",".join(str(tmp_path / folder / "seed0001.npz") for folder in ("a", "b"))
    done = command("grid", "--seeds", both, "--out", tmp_path / "g.png", "--checkpoint", checkpoint)
    assert "2 pictures" in done.out


def test_names_stand_beside_rows_and_above_columns() -> None:
    sprite = np.zeros((8, 8, 4), np.uint8)
    plain = table([[sprite, sprite]], scale=1, background=CLEAR)
    named = table([[sprite, sprite]], scale=1, background=CLEAR, row_names=["Ash"], column_names=["a", "b"])
    assert plain.getbbox() is None
    assert named.width > plain.width and named.height > plain.height and named.getbbox() is not None


def test_the_last_row_is_filled_up() -> None:
    sprites = np.zeros((3, 8, 8, 4), np.uint8)
    rows = in_rows(sprites, 2)
    assert [len(row) for row in rows] == [2, 2] and rows[1][1] is None
    assert math.prod(table(rows, scale=1, gap=1).size) == 19 * 19


def test_a_picture_beyond_what_viewers_open_is_refused() -> None:
    assert side(100, 64, 2, 4) == 100 * 132 + 4
    with pytest.raises(SheetError, match="--scale"):
        side(100, 64, 3, 4)
