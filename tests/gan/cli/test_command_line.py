"""python -m gan sample, and what holds for all commands"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gan.cli import sample
from gan.config import DEFAULT_PSI
from gan.package import SHIPPED
from gan.pictures.sprite import enlarge, from_png
from gan.sampler import Sampler
from tests.command_line import CommandLine
from tests.gan.tiny import tiny_checkpoint


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_one_rgba_png_a_seed(command: CommandLine, checkpoint: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "folder"
    done = command("sample", "--seeds", "0-2,12345,Ash,1", "--out", out, "--checkpoint", checkpoint)
    assert done.code == 0 and "5 pictures" in done.out
    assert names(out) == ["Ash.png", "seed0000.png", "seed0001.png", "seed0002.png", "seed12345.png"]
    sampler = Sampler(tiny_checkpoint(checkpoint), "cpu")
    expected = sampler.render(sampler.w_from_seeds([12345], DEFAULT_PSI), [12345])[0]
    assert np.array_equal(from_png((out / "seed12345.png").read_bytes()), expected)


def test_the_same_bytes_however_seeds_are_batched(
    command: CommandLine, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for batch in (1, 3, 37):
        monkeypatch.setattr(sample, "BATCH", batch)
        command("sample", "--seeds", "0-10", "--out", tmp_path / str(batch), "--checkpoint", checkpoint)
    command("sample", "--seeds", "10,7", "--out", tmp_path / "few", "--checkpoint", checkpoint)
    pictures = {p.name: p.read_bytes() for p in (tmp_path / "1").iterdir()}
    assert len(set(pictures.values())) == 11
    for folder in ("3", "37"):
        assert {p.name: p.read_bytes() for p in (tmp_path / folder).iterdir()} == pictures
    assert all(p.read_bytes() == pictures[p.name] for p in (tmp_path / "few").iterdir())


def test_psi_changes_the_pictures(command: CommandLine, checkpoint: Path, tmp_path: Path) -> None:
    for psi in ("0", "0.8", "2"):
        args = ("--seeds", "1", "--psi", psi, "--checkpoint", checkpoint)
        assert command("sample", *args, "--out", tmp_path / psi).code == 0
    assert len({(tmp_path / psi / "seed0001.png").read_bytes() for psi in ("0", "0.8", "2")}) == 3


def test_saved_styles_draw_the_same_picture_again(
    command: CommandLine, checkpoint: Path, tmp_path: Path
) -> None:
    out, again = tmp_path / "o", tmp_path / "again"
    args = ("--seeds", "1,Ash", "--psi", "0.6", "--save-w", "--out", out, "--checkpoint", checkpoint)
    assert command("sample", *args).code == 0
    assert names(out) == ["Ash.npz", "Ash.png", "seed0001.npz", "seed0001.png"]
    files = ("--w", out / "seed0001.npz", "--w", out / "Ash.npz")
    done = command("sample", *files, "--out", again, "--checkpoint", checkpoint)
    assert done.code == 0 and not done.err
    assert names(again) == ["Ash.png", "seed0001.png"]
    for name in names(again):
        assert (again / name).read_bytes() == (out / name).read_bytes()


def test_a_file_with_nothing_but_styles_is_drawn(
    command: CommandLine, checkpoint: Path, tmp_path: Path
) -> None:
    sampler = Sampler(tiny_checkpoint(checkpoint), "cpu")
    codes = sampler.w_from_seeds([4], 1)
    np.savez(tmp_path / "projected_w.npz", w=codes)
    args = ("--w", tmp_path / "projected_w.npz", "--checkpoint", checkpoint)
    assert command("sample", *args, "--out", tmp_path / "o").code == 0
    assert command("sample", *args, "--noise-seed", "3", "--scale", "2", "--out", tmp_path / "p").code == 0
    drawn = from_png((tmp_path / "o" / "projected_w.png").read_bytes())
    assert np.array_equal(drawn, sampler.render(codes, [0])[0])
    drawn = from_png((tmp_path / "p" / "projected_w.png").read_bytes())
    assert np.array_equal(drawn, enlarge(sampler.render(codes, [3])[0], 2))


def test_the_styles_of_another_checkpoint_are_drawn_with_a_note(
    command: CommandLine, checkpoint: Path, tmp_path: Path
) -> None:
    other = tiny_checkpoint(tmp_path / "b.safetensors", seed=1)
    args = ("--seeds", "1", "--save-w", "--out", tmp_path, "--checkpoint", tmp_path / "b.safetensors")
    command("sample", *args)
    args = ("--w", tmp_path / "seed0001.npz", "--out", tmp_path / "o", "--checkpoint", checkpoint)
    done = command("sample", *args)
    assert done.code == 0 and other.id in done.err and done.err.count("\n") == 1


def test_what_to_draw_is_said_once(command: CommandLine, checkpoint: Path, tmp_path: Path) -> None:
    file = ("--w", tmp_path / "x.npz")
    for args in ((), (*file, "--seeds", "1"), (*file, "--psi", "1"), (*file, "--save-w")):
        done = command("sample", *args, "--out", tmp_path / "o", "--checkpoint", checkpoint)
        assert "--seeds" in done.refusal and not (tmp_path / "o").exists()


def test_the_styles_of_another_size_of_network_are_refused(
    command: CommandLine, checkpoint: Path, tmp_path: Path
) -> None:
    tiny_checkpoint(tmp_path / "b.safetensors", "adain")  # one layer fewer
    args = ("--seeds", "1", "--save-w", "--out", tmp_path, "--checkpoint", tmp_path / "b.safetensors")
    command("sample", *args)
    args = ("--w", tmp_path / "seed0001.npz", "--out", tmp_path / "o", "--checkpoint", checkpoint)
    assert "[1, 5, 32]" in command("sample", *args).refusal and not (tmp_path / "o").exists()


def test_a_style_file_is_not_taken_for_a_word(command: CommandLine, checkpoint: Path, tmp_path: Path) -> None:
    args = ("--seeds", "1,mine.npz", "--out", tmp_path / "o", "--checkpoint", checkpoint)
    assert "--w" in command("sample", *args).refusal and not (tmp_path / "o").exists()


def test_two_style_files_of_one_name_are_refused(
    command: CommandLine, checkpoint: Path, tmp_path: Path
) -> None:
    files = ("--w", tmp_path / "x.npz", "--w", tmp_path / "deep" / "x.npz")
    done = command("sample", *files, "--out", tmp_path / "o", "--checkpoint", checkpoint)
    assert "x.png" in done.refusal and not (tmp_path / "o").exists()


def test_bad_style_files_are_refused_before_anything_is_written(
    command: CommandLine, checkpoint: Path, tmp_path: Path
) -> None:
    (tmp_path / "bad.npz").write_bytes(b"foreign" * 100)
    for name in ("bad.npz", "none.npz"):
        args = ("--w", tmp_path / name, "--out", tmp_path / "o", "--checkpoint", checkpoint)
        assert name in command("sample", *args).refusal
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("seed", ["-1", "4294967296"])
def test_impossible_noise_seeds_are_refused(
    command: CommandLine, checkpoint: Path, tmp_path: Path, seed: str
) -> None:
    args = ("--seeds", "1", "--noise-seed", seed, "--out", tmp_path / "o", "--checkpoint", checkpoint)
    assert "--noise-seed" in command("sample", *args).refusal and not (tmp_path / "o").exists()


@pytest.mark.parametrize("psi", ["-0.1", "2.01", "nan", "inf"])
def test_psi_out_of_range_is_refused(
    command: CommandLine, checkpoint: Path, tmp_path: Path, psi: str
) -> None:
    done = command(
        "sample", "--seeds", "1", "--psi", psi, "--out", tmp_path / "o", "--checkpoint", checkpoint
    )
    assert "from 0 to 2" in done.refusal and not (tmp_path / "o").exists()


@pytest.mark.parametrize("seeds", ["", "3-1", "-4", "99999999999"])
def test_impossible_seeds_are_refused(
    command: CommandLine, checkpoint: Path, tmp_path: Path, seeds: str
) -> None:
    done = command("sample", "--seeds", seeds, "--out", tmp_path / "o", "--checkpoint", checkpoint)
    assert done.refusal and not (tmp_path / "o").exists()


def test_bad_checkpoints_are_refused_before_anything_is_written(
    command: CommandLine, checkpoint: Path, tmp_path: Path
) -> None:
    for data in (None, b"", checkpoint.read_bytes()[:-7], b"foreign" * 100):
        bad = tmp_path / "bad.safetensors"
        bad.unlink(missing_ok=True)
        if data is not None:
            bad.write_bytes(data)
        done = command("sample", "--seeds", "1", "--out", tmp_path / "o", "--checkpoint", bad)
        assert "bad.safetensors" in done.refusal and not (tmp_path / "o").exists()


def test_a_target_that_is_no_folder_is_refused(
    command: CommandLine, checkpoint: Path, tmp_path: Path
) -> None:
    before = checkpoint.read_bytes()
    for out in (checkpoint, checkpoint / "below"):
        assert command("sample", "--seeds", "1", "--out", out, "--checkpoint", checkpoint).refusal
    assert checkpoint.read_bytes() == before


def test_a_failing_write_leaves_no_half_picture(
    command: CommandLine, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "o" / "seed0001.png").mkdir(parents=True)  # something that no file can replace
    args = ("sample", "--seeds", "0-3", "--out", tmp_path / "o", "--checkpoint", checkpoint)
    assert "seed0001.png is there already" in command(*args).refusal
    assert names(tmp_path / "o") == ["seed0001.png"]
    assert "seed0001.png cannot be written" in command(*args, "--force").refusal
    assert names(tmp_path / "o") == ["seed0000.png", "seed0001.png"]


def test_the_disk_errors_of_other_code_are_one_line_too(
    command: CommandLine, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device", "some/file")

    monkeypatch.setattr(sample, "make_folder", fail)
    done = command("sample", "--seeds", "0", "--out", tmp_path / "o", "--checkpoint", checkpoint)
    assert done.refusal == "some/file: No space left on device."


def test_mistakes_in_this_program_are_not_hidden(
    command: CommandLine, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(sample, "make_folder", fail)
    with pytest.raises(RuntimeError, match="a bug"):
        command("sample", "--seeds", "0", "--out", tmp_path / "o", "--checkpoint", checkpoint)


def test_usage_mistakes_are_named(command: CommandLine) -> None:
    assert command("sample", "--seeds", "1").code == 2
    assert command("sample", "--seeds", "1", "--out", "x", "--psi", "much").code == 2
    assert command("sample", "--seeds", "1", "--out", "x", "--wings", "2").code == 2
    assert command("hatch").code == 2


def test_no_command_prints_the_help(command: CommandLine) -> None:
    out = command().out
    assert all(name in out for name in ("sample", "mix", "grid", "morph", "project", "info"))


def test_the_shipped_checkpoint_is_found_from_any_folder() -> None:
    root = Path(__file__).resolve().parents[3]
    assert root / "checkpoints" / "newmon.safetensors" == SHIPPED


def test_help_comes_without_importing_torch() -> None:
    code = "import sys, gan.__main__, train.__main__; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
