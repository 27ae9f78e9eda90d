"""One's own pictures in a folder and in a zip: the same rules, and whatever is not used is named."""

import json
import os
import stat
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from PIL import Image

from tests.command_line import CommandLine
from train.data.build import BuildOptions, build_from_folder
from train.data.folder import Listing, groups, open_pictures
from train.data.sources import fingerprint
from train.data.synthetic import write_png
from train.errors import DataError

Packer = Callable[[Path, Iterable[str]], Path]


def as_folder(tmp_path: Path, names: Iterable[str]) -> Path:
    for name in names:
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(name.encode())
    return tmp_path / "in"


def as_zip(tmp_path: Path, names: Iterable[str]) -> Path:
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        for name in names:
            archive.writestr(name, name.encode())
    return tmp_path / "in.zip"


@pytest.fixture(params=[as_folder, as_zip], ids=["folder", "zip"])
def packed(request: pytest.FixtureRequest) -> Packer:
    return request.param


def read(path: Path) -> Listing:
    with open_pictures(path) as listing:
        return listing


@pytest.mark.parametrize(
    ("names", "species"),
    [
        (("cats/a.png", "dogs/a.png"), ["cats", "dogs"]),
        (("pets/cats/a.png", "pets/dogs/a.png"), ["cats", "dogs"]),
        (("pets/cats/a.png", "pets/dogs/a.png", "README.md"), ["cats", "dogs"]),
        (("pets/cats/a.png", "pets/dogs/a.png", "notes/b.txt", "c.heic"), ["cats", "dogs"]),
        (("a/b/c/cats/a.png", "a/b/c/dogs/deep/a.png", ".hidden.png"), ["cats", "dogs"]),
        (("pets/a.png", "pets/b.png"), ["a", "b"]),
        (("pets/cats/a.png", "pets/b.png"), ["b", "cats"]),
        (("eevee/a.png", "eevee.png"), ["eevee.png", "eevee"]),
        (("eevee/a.png", "eevee.png/a.png", "eevee.jpg"), ["eevee", "eevee.jpg", "eevee.png"]),
        (("eevee.gif", "eevee.png", "mew.png"), ["eevee.gif", "eevee.png", "mew"]),
        (("Eevee.png", "eevee.png"), ["Eevee", "eevee"]),
        (("cats/a.PNG", "cats/b.JFIF", "cats/c.bmp", "dogs/d.tiff"), ["cats", "cats", "cats", "dogs"]),
    ],
)
def test_folders_are_species_and_loose_pictures_their_own(
    tmp_path: Path, packed: Packer, names: tuple[str, ...], species: list[str]
) -> None:
    found = read(packed(tmp_path, names)).files
    assert sorted(file.species for file in found) == sorted(species)
    loose = [file for file in found if "/" not in file.name]
    assert len({file.species for file in loose}) == len(loose)


def test_a_folder_and_a_zip_of_it_are_the_same_data_set(tmp_path: Path) -> None:
    names = ("pets/cats/b.png", "pets/cats/a.png", "pets/dogs.gif", "pets/cats.png", "README")
    prints = []
    for pack in (as_folder, as_zip):
        with open_pictures(pack(tmp_path, names)) as listing:
            prints.append((fingerprint(listing.files), [file.record() for file in listing.files]))
    assert prints[0] == prints[1]


def test_what_is_not_looked_at_is_counted_and_named(tmp_path: Path, packed: Packer) -> None:
    names = (
        "a.png",
        "b.HEIC",
        "c.heic",
        "x/d.heic",
        "e.txt",
        "f",
        ".g.png",
        ".git/h",
        "__MACOSX/i.png",
        "j.eps",
    )
    found = read(packed(tmp_path, names))
    assert [file.name for file in found.files] == ["a.png"]
    said = groups(found.left_out)
    assert "3 .heic files: this Pillow cannot read them (b.HEIC, c.heic, …)" in said
    assert "1 .eps file: this Pillow cannot read them (j.eps)" in said
    assert "1 .txt file: no pictures by their names (e.txt)" in said
    assert "1 file: no pictures by their names (f)" in said
    assert any("hidden, as their names begin with a dot" in line for line in said)
    assert any("left by macOS" in line for line in said)


def test_where_nothing_can_be_read_the_sentence_says_what_is_there(tmp_path: Path, packed: Packer) -> None:
    with pytest.raises(DataError, match=r"no images.*2 \.heic files: this Pillow cannot read them"):
        read(packed(tmp_path, ("b.heic", "c.heic")))


def test_linked_folders_are_read_once_and_never_in_a_circle(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    for name in ("a.png", "b.png"):
        write_png(elsewhere / name, 1)
    root = as_folder(tmp_path, ("dogs/c.png",))
    (root / "aliens").symlink_to(root / "dogs")  # sorts before what it leads to
    (root / "cats").symlink_to(elsewhere)
    (root / "dogs" / "circle").symlink_to(root)
    (root / "gone").symlink_to(tmp_path / "nowhere")
    (root / "d.png").symlink_to(elsewhere / "a.png")
    found = read(root)
    assert [(file.name, file.species) for file in found.files] == [
        ("cats/a.png", "cats"),
        ("cats/b.png", "cats"),
        ("d.png", "d"),
        ("dogs/c.png", "dogs"),
    ]
    assert groups(found.left_out) == [
        "1 file: links that lead nowhere (gone)",
        "2 files: links to what is read already (aliens, dogs/circle)",
    ]


def test_links_within_a_zip_are_not_followed(tmp_path: Path) -> None:
    path = as_zip(tmp_path, ("a.png",))
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("b.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/hostname")
    found = read(path)
    assert [file.name for file in found.files] == ["a.png"] and found.left_out[0][0] == "b.png"


def test_what_is_neither_file_nor_folder_is_named(tmp_path: Path) -> None:
    root = as_folder(tmp_path, ("a.png",))
    os.mkfifo(root / "b.png")
    assert read(root).left_out == [("b.png", "neither files nor folders")]


def test_names_in_a_zip_may_suit_no_file_system(tmp_path: Path) -> None:
    names = ("x" * 300 + ".png", "y/" * 2000 + "a.png", "con:?*.png", "A.png", "a.png", "windows\\b.png")
    found = read(as_zip(tmp_path, names))
    assert len(found.files) == len(names) and "windows/b.png" in [file.name for file in found.files]


def test_names_that_are_no_text_are_made_text(tmp_path: Path) -> None:
    (tmp_path / "b.png").touch()
    (tmp_path / os.fsdecode(b"caf\xe9.png")).touch()
    files = read(tmp_path).files
    assert [file.species for file in files] == ["b", "caf\N{REPLACEMENT CHARACTER}"]
    assert len(fingerprint(files)) == 64


def test_the_command_names_what_it_left_out(command: CommandLine, tmp_path: Path) -> None:
    for seed in range(3):
        write_png(tmp_path / "in" / f"{seed}.png", seed)
    (tmp_path / "in" / "notes.txt").write_text("buy milk")
    arguments = ("data", "--source", tmp_path / "in", "--out", tmp_path / "out", "--no-enhance")
    for _ in ("built", "there already"):
        done = command(*arguments, "--workers", 1)
        assert (
            done.code == 0
            and "Not looked at: 1 .txt file: no pictures by their names (notes.txt)." in done.out
        )
    index = json.loads((tmp_path / "out" / "index.json").read_text())
    assert index["left_out"] == [{"file": "notes.txt", "reason": "no pictures by their names"}]


def test_pictures_of_every_suffix_are_built(tmp_path: Path) -> None:
    for seed, suffix in enumerate(("jfif", "bmp", "tiff", "apng")):
        write_png(tmp_path / f"{seed}.png", seed)
        with Image.open(tmp_path / f"{seed}.png") as image:
            (tmp_path / "in").mkdir(exist_ok=True)
            image.convert("RGB").save(tmp_path / "in" / f"{seed}.{suffix}")
    result = build_from_folder(tmp_path / "in", tmp_path / "out", BuildOptions(resolution=16), workers=1)
    assert (result.images, result.skipped, result.left_out) == (4, (), ())
