"""Files are written whole or not at all, by however many at once."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from gan.files import whole_file

SIZE = 1_000_000


def write(target: Path, letter: bytes) -> None:
    with whole_file(target) as part:
        part.write_bytes(letter * SIZE)


def test_what_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    write(tmp_path / "file", b"a")
    with pytest.raises(ZeroDivisionError), whole_file(tmp_path / "file") as part:
        part.write_bytes(b"half")
        raise ZeroDivisionError
    with pytest.raises(OSError), whole_file(tmp_path / "no folder" / "file"):
        pass
    assert (tmp_path / "file").read_bytes() == b"a" * SIZE
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_two_that_write_one_file_do_not_meet(tmp_path: Path) -> None:
    target = tmp_path / "file"
    with whole_file(target) as first, whole_file(target) as second:
        first.write_bytes(b"first")
        second.write_bytes(b"second")
    assert target.read_bytes() == b"first"
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.starmap(write, [(target, letter) for letter in (b"a", b"b", b"c", b"d")])
    assert target.read_bytes() in [letter * SIZE for letter in (b"a", b"b", b"c", b"d")]
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
