"""What is written: whole or not at all, and over another file only when that was asked for."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bot.core import weirdness
from gan.config import DEFAULT_PSI
from gan.files import FileError, check_replaces, named, write
from gan.pictures.sprite import from_png, to_png
from gan.sampler import Sampler
from tests.command_line import CommandLine
from tests.gan.tiny import tiny_checkpoint

WRITERS = {
    "sample": ("--seeds", "1", "--save-w", "--out", "o"),
    "grid": ("--seeds", "1,2", "--out", "o/o.png"),
    "mix": ("--rows", "1", "--columns", "2", "--out", "o/o.png"),
    "morph": ("--through", "1,2", "--frames", "2", "--out", "o/o.gif"),
    "project": ("me.png", "--steps", "1", "--no-features", "--out", "o/o.npz"),
}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("name", list(WRITERS))
def test_nothing_is_replaced_without_force(
    command: CommandLine, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("me.png").write_bytes(to_png(np.full((16, 16, 4), 200, np.uint8)))
    arguments = (name, *WRITERS[name], "--checkpoint", checkpoint)
    assert command(*arguments).code == 0
    drawn = contents(tmp_path / "o")
    for path in (tmp_path / "o").iterdir():  # each alone is reason enough
        for other in drawn:
            (tmp_path / "o" / other).unlink(missing_ok=True)
        path.write_text("mine")
        assert "is there already" in command(*arguments).refusal
        assert contents(tmp_path / "o") == {path.name: b"mine"}
    assert command(*arguments, "--force").code == 0
    assert contents(tmp_path / "o") == drawn


def test_what_is_read_is_not_even_replaced_by_force(
    command: CommandLine, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    picture = to_png(np.full((16, 16, 4), 200, np.uint8))
    Path("me-projected.png").write_bytes(picture)
    Path("link.png").symlink_to("me-projected.png")
    for spelling in ("me-projected.png", "link.png", tmp_path / "me-projected.png"):
        done = command("project", spelling, "--out", "me.npz", "--force", "--checkpoint", checkpoint)
        assert "would overwrite" in done.refusal
    assert Path("me-projected.png").read_bytes() == picture and not Path("me.npz").exists()


def test_links_count_wherever_they_lead(tmp_path: Path) -> None:
    (tmp_path / "broken").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileError, match="there already"):
        check_replaces([tmp_path / "new", tmp_path / "broken"], force=False)
    check_replaces([tmp_path / "broken"], force=True)
    (tmp_path / "a").write_text("a")
    os.link(tmp_path / "a", tmp_path / "b")
    with pytest.raises(FileError, match="would overwrite"):
        check_replaces([tmp_path / "b"], force=True, sources=[tmp_path / "a"])


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for path in (tmp_path / "a", tmp_path / "none" / "b"):
        with pytest.raises(FileError, match="cannot be written"):
            write(path, b"x")
    assert [path.name for path in tmp_path.rglob("*")] == ["a"]


def test_a_path_gets_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path / "in")
    assert named(Path()) == tmp_path / "in" and named(Path("..")) == tmp_path
    assert named(Path("a/b")) == Path("a/b")
    with pytest.raises(FileError, match="has no name"):
        named(Path("/"))


def test_words_name_their_files(command: CommandLine, checkpoint: Path, tmp_path: Path) -> None:
    seeds = "Ash,ash,ASH Ketchum,a/b,a_b,Pikachu\u200b,日本,seed0003,3,../x,0-1"
    done = command("sample", "--seeds", seeds, "--out", tmp_path / "o", "--checkpoint", checkpoint)
    found = {path.name for path in (tmp_path / "o").iterdir()}
    assert done.code == 0 and "11 pictures" in done.out and len(found) == 11
    assert {"Ash.png", "ASH Ketchum.png", "a_b.png", "Pikachu.png", "日本.png", "x.png"} < found
    assert {"seed0000.png", "seed0001.png", "seed0003.png"} < found


def test_a_word_is_the_same_creature_here_and_in_the_bot(
    command: CommandLine, checkpoint: Path, tmp_path: Path
) -> None:
    assert weirdness.parse(None) == DEFAULT_PSI
    command("sample", "--seeds", "Ash", "--out", tmp_path / "o", "--checkpoint", checkpoint)
    sampler = Sampler(tiny_checkpoint(checkpoint), "cpu")
    expected = sampler.render(sampler.w_from_seeds([58538252], weirdness.parse(None)), [58538252])[0]
    assert np.array_equal(from_png((tmp_path / "o" / "Ash.png").read_bytes()), expected)


def test_a_terminal_without_letters_gets_question_marks() -> None:
    code = (
        "from gan.cli.program import CommandError, run\nimport typer\napp = typer.Typer()\n@app.command()\n"
    )
    code += "def main():\n    print('ψ × 2')\n    raise CommandError('ψ is too large')\nrun(app)"
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "? ? 2\n")
    assert "is too large" in done.stderr and done.stderr.count("\n") == 1
