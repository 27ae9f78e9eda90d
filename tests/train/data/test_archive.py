"""Zips of images, honest and otherwise."""

import zipfile
from pathlib import Path

import pytest

from train.data import archive
from train.data.folder import Listing, open_pictures
from train.data.synthetic import write_png
from train.errors import DataError


def pack(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return path


def names(listing: Listing) -> list[str]:
    return [file.name for file in listing.files]


def test_images_alone_are_unpacked_and_gone_afterwards(tmp_path: Path) -> None:
    members = {"pack/cat/a.PNG": b"1", "pack/b.svg": b"2", "pack/run.sh": b"3", "__MACOSX/b.png": b"4"}
    with open_pictures(pack(tmp_path / "a.zip", members)) as found:
        assert names(found) == ["b.svg", "cat/a.PNG"]
        assert [file.path.read_bytes() for file in found.files] == [b"2", b"1"]
        folder = found.files[0].path.parent
        assert len(list(folder.iterdir())) == 2
    assert not folder.exists()


@pytest.mark.parametrize("name", ["../planted.png", "/planted.png", "a/../../planted.png", "..\\planted.png"])
def test_a_zip_that_leads_out_of_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    evil = pack(tmp_path / "evil.zip", {"fine.png": b"1", name: b"2"})
    with pytest.raises(DataError, match="outside its folder"), open_pictures(evil):
        pytest.fail("it was opened")
    assert [path.name for path in tmp_path.iterdir()] == ["evil.zip"]


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = pack(tmp_path / "bomb.zip", {"a.png": bytes(4 << 20)})
    with open_pictures(bomb) as found:
        assert names(found) == ["a.png"]  # small ones do no harm
    monkeypatch.setattr(archive, "ALWAYS_ALLOWED_BYTES", 1 << 20)
    with pytest.raises(DataError, match="4 MB, as a zip bomb does"), open_pictures(bomb):
        pytest.fail("it was opened")


def test_a_zip_that_the_disk_has_no_room_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "ALWAYS_ALLOWED_BYTES", 1 << 62)
    honest = pack(tmp_path / "large.zip", {f"{i}.png": b"1" for i in range(5000)}).read_bytes()
    lying, start = bytearray(honest), 0
    while (start := lying.find(b"PK\x01\x02", start)) >= 0:  # every entry of the directory
        lying[start + 24 : start + 28] = (0xFFFFFFFE).to_bytes(4, "little")  # 4 GB, it says
        start += 46
    (tmp_path / "large.zip").write_bytes(lying)
    with (
        pytest.raises(DataError, match=r"21474.8 GB unpacked.*TMPDIR"),
        open_pictures(tmp_path / "large.zip"),
    ):
        pytest.fail("it was opened")


def test_damaged_and_encrypted_zips_are_refused(tmp_path: Path) -> None:
    write_png(tmp_path / "a.png", 1)
    whole = pack(tmp_path / "whole.zip", {"a.png": (tmp_path / "a.png").read_bytes()}).read_bytes()
    damaged = bytearray(whole)
    damaged[60:70] = bytes(10)
    encrypted = bytearray(whole)
    encrypted[6] |= 1  # the flag, in the local header and in the directory
    encrypted[whole.rindex(b"PK\x01\x02") + 8] |= 1
    for content in (damaged, encrypted, whole[:-30]):
        path = tmp_path / "bad.zip"
        path.write_bytes(content)
        with pytest.raises(DataError, match="is not a readable zip"), open_pictures(path):
            pytest.fail("it was opened")
