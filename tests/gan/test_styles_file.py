"""Style files: what goes in comes out, other tools can read them, and nothing else is taken for one."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gan.styles_file import Styles, StylesError, read_styles, to_npz
from tests.gan.tiny import tiny_config

CODE = np.random.RandomState(0).standard_normal((6, 32)).astype(np.float32)


def refusal(path: Path) -> str:
    """The sentence that `read_styles` refuses the file with."""
    with pytest.raises(StylesError) as caught:
        read_styles(path, tiny_config())
    text = str(caught.value)
    assert str(path) in text and "\n" not in text and text.endswith(".") and len(text) < 400
    return text


def write(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


def test_styles_survive(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(to_npz(Styles(CODE, 2**32 - 1, "0123456789abcdef")))
    read = read_styles(path, tiny_config())
    assert np.array_equal(read.w_plus, CODE) and read.w_plus.dtype == np.float32
    assert (read.noise_seed, read.checkpoint_id) == (2**32 - 1, "0123456789abcdef")


def test_other_tools_find_w_under_its_usual_name(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(to_npz(Styles(CODE)))
    with np.load(path) as file:
        assert file.files == ["w"] and file["w"].shape == (1, 6, 32) and file["w"].dtype == np.float32


def test_a_file_with_nothing_but_w_is_enough(tmp_path: Path) -> None:
    read = read_styles(write(tmp_path / "a.npz", w=CODE[None], extra=np.arange(3)), tiny_config())
    assert np.array_equal(read.w_plus, CODE) and read.noise_seed is None and read.checkpoint_id is None


def test_the_same_styles_give_the_same_bytes() -> None:
    assert to_npz(Styles(CODE, 1, "a")) == to_npz(Styles(CODE.copy(), 1, "a"))


@pytest.mark.parametrize(
    "shape", [(6, 32), (2, 6, 32), (1, 5, 32), (1, 6, 31), (0, 6, 32), (1, 6, 32, 1), ()]
)
def test_another_shape_is_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    text = refusal(write(tmp_path / "a.npz", w=np.zeros(shape, np.float32)))
    assert str(list(shape)) in text and "[1, 6, 32]" in text


@pytest.mark.parametrize("dtype", [np.float64, np.float16, np.int32, np.complex64, "U1", "M8[s]"])
def test_another_type_is_refused(tmp_path: Path, dtype: Any) -> None:
    assert "not float32" in refusal(write(tmp_path / "a.npz", w=np.zeros((1, 6, 32), dtype)))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_refused(tmp_path: Path, value: float) -> None:
    code = CODE[None].copy()
    code[0, 3, 3] = value
    assert "not finite" in refusal(write(tmp_path / "a.npz", w=code))


def test_a_file_without_styles_is_refused(tmp_path: Path) -> None:
    assert "named w" in refusal(write(tmp_path / "a.npz", z=CODE))


def test_pickles_are_never_read(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (tmp_path.joinpath("sprung").write_text, ("boom",))

    write(tmp_path / "a.npz", w=np.array([Trap()], dtype=object))
    assert "not a style file" in refusal(tmp_path / "a.npz")
    write(tmp_path / "b.npz", w=CODE[None], checkpoint=np.array(Trap(), dtype=object))
    assert "not a style file" in refusal(tmp_path / "b.npz")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "x", [1, 2]])
def test_an_impossible_noise_seed_is_refused(tmp_path: Path, seed: Any) -> None:
    assert "noise_seed" in refusal(write(tmp_path / "a.npz", w=CODE[None], noise_seed=seed))


@pytest.mark.parametrize("identity", [7, ["a", "b"], "", "a\nb"])
def test_an_impossible_checkpoint_id_is_refused(tmp_path: Path, identity: Any) -> None:
    assert "checkpoint" in refusal(write(tmp_path / "a.npz", w=CODE[None], checkpoint=identity))


def test_missing_foreign_and_damaged_files_are_refused(tmp_path: Path) -> None:
    assert "no style file" in refusal(tmp_path / "none.npz")
    assert "cannot be read" in refusal(tmp_path)
    whole = to_npz(Styles(CODE, 1, "a"))
    path = tmp_path / "a.npz"
    for data in (b"", b"foreign" * 50, whole[:40], whole[:-30], whole[:300] + bytes(200) + whole[500:]):
        path.write_bytes(data)
        assert "not a style file" in refusal(path)
    with path.open("wb") as file:
        np.save(file, CODE[None])  # an .npy under another name
    assert "not a style file" in refusal(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("w.npy", b"no array")
    assert "not a style file" in refusal(path)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "a.npz", w=np.zeros((1, 5_000_000), np.float32))
    assert (tmp_path / "a.npz").stat().st_size < 100_000
    assert "too large" in refusal(tmp_path / "a.npz")


def test_an_array_that_claims_to_be_huge_is_refused(tmp_path: Path) -> None:
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 900000000000, 32), }"
    header = header.ljust(117) + b"\n"
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("w.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    assert "not a style file" in refusal(tmp_path / "a.npz")
