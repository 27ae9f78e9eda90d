"""Files are written whole or not at all, by however many at once; a folder is locked by one."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from pathlib import Path

import pytest

from gan.files import locked, remove_half_written, whole_file

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


def test_what_a_kill_left_half_written_can_be_cleared_away(tmp_path: Path) -> None:
    write(tmp_path / "file", b"a")
    code = (
        "import os, sys; from pathlib import Path; from gan.files import whole_file\n"
        "with whole_file(Path(sys.argv[1])) as part:\n    part.write_bytes(b'half'); os._exit(1)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "file")])
    assert len(list(tmp_path.iterdir())) == 2
    remove_half_written(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_bytes() == b"a" * SIZE


BUSY = RuntimeError("it is held")


def test_one_holds_a_lock_at_a_time_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    for _ in range(2):
        with locked(path, BUSY), pytest.raises(RuntimeError, match="it is held"), locked(path, BUSY):
            pytest.fail("two hold it")
        assert list(tmp_path.iterdir()) == []
    with pytest.raises(ZeroDivisionError), locked(path, BUSY):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    with pytest.raises(OSError), locked(tmp_path / "file" / ".lock", BUSY):
        pytest.fail("there is nothing to hold")


def test_a_kill_frees_a_lock(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    code = (
        "import sys; from pathlib import Path; from gan.files import locked\n"
        "with locked(Path(sys.argv[1]), RuntimeError()):\n    print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        with pytest.raises(RuntimeError, match="it is held"), locked(path, BUSY):
            pytest.fail("two hold it")
        process.kill()
    assert path.exists()
    with locked(path, BUSY):
        assert path.exists()
    assert not path.exists()
