"""Odd values of every option of `python -m gan`: each ends well or with one sentence."""

from pathlib import Path

import numpy as np
import pytest

import gan.__main__ as program
from gan.pictures.sprite import to_png
from tests.command_line import CommandLine, odd_command_lines

USUAL = {
    "sample": {"--seeds": "1", "--out": "o"},
    "grid": {"--seeds": "1,2", "--out": "o.png"},
    "mix": {"--rows": "1", "--columns": "2", "--out": "o.png"},
    "morph": {"--through": "1,2", "--out": "o.gif", "--frames": "2", "--scale": "1"},
    "project": {"--out": "o.npz", "--steps": "1", "--no-features": None},
}
PER_COMMAND = 25


@pytest.mark.parametrize("name", list(USUAL))
def test_no_option_of_gan_gives_a_traceback(
    command: CommandLine, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    here = tmp_path / "a" / "b"
    here.mkdir(parents=True)
    monkeypatch.chdir(here)
    (here / "me.png").write_bytes(to_png(np.full((16, 16, 4), 200, np.uint8)))
    usual = {"--checkpoint": checkpoint, **USUAL[name]}
    ends = set()
    for arguments in odd_command_lines(program.app, name, usual, PER_COMMAND):
        done = command(*arguments, *(["me.png"] if name == "project" else []))
        assert done.code in (0, 1, 2), (arguments, done)
        assert done.code != 1 or done.refusal, arguments
        ends.add(done.code)
    assert {1, 2} <= ends


@pytest.mark.parametrize("path", [".", "..", "/", ""])
@pytest.mark.parametrize("name", ["grid", "mix", "morph", "project"])
def test_places_without_a_name_are_refused(
    command: CommandLine,
    checkpoint: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    path: str,
) -> None:
    if name == "sample":
        pytest.skip("it writes into any folder")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "me.png").write_bytes(to_png(np.full((16, 16, 4), 200, np.uint8)))
    words = [word for pair in {**USUAL[name], "--out": path}.items() for word in pair if word is not None]
    done = command(name, *words, "--checkpoint", checkpoint, *(["me.png"] if name == "project" else []))
    assert "--out" in done.refusal
