"""Zips of images, honest and otherwise."""

import zipfile
from pathlib import Path

import pytest

from train import archive
from train.archive import open_folder
from train.errors import DataError
from train.synthetic import write_png


def pack(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return path


def names(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_images_alone_are_unpacked_and_gone_afterwards(tmp_path: Path) -> None:
    members = {"pack/cat/a.PNG": b"1", "pack/b.svg": b"2", "pack/run.sh": b"3", "__MACOSX/b.png": b"4"}
    with open_folder(pack(tmp_path / "a.zip", members)) as root:
        assert names(root) == ["pack/b.svg", "pack/cat/a.PNG"]
    assert not root.exists()


@pytest.mark.parametrize("name", ["../planted.png", "/planted.png", "a/../../planted.png", "..\\planted.png"])
def test_a_zip_that_leads_out_of_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    evil = pack(tmp_path / "evil.zip", {"fine.png": b"1", name: b"2"})
    with pytest.raises(DataError, match="outside its folder"), open_folder(evil):
        pytest.fail("it was opened")
    assert names(tmp_path) == ["evil.zip"]


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = pack(tmp_path / "bomb.zip", {"a.png": bytes(4 << 20)})
    with open_folder(bomb) as root:
        assert names(root) == ["a.png"]  # small ones do no harm
    monkeypatch.setattr(archive, "ALWAYS_ALLOWED_BYTES", 1 << 20)
    with pytest.raises(DataError, match="4 MB, as a zip bomb does"), open_folder(bomb):
        pytest.fail("it was opened")


def test_a_zip_that_the_disk_has_no_room_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "ALWAYS_ALLOWED_BYTES", 1 << 62)
    honest = pack(tmp_path / "large.zip", {f"{i}.png": b"1" for i in range(5000)}).read_bytes()
    lying, start = bytearray(honest), 0
    while (start := lying.find(b"PK\x01\x02", start)) >= 0:  # every entry of the directory
        lying[start + 24 : start + 28] = (0xFFFFFFFE).to_bytes(4, "little")  # 4 GB, it says
        start += 46
    (tmp_path / "large.zip").write_bytes(lying)
    with pytest.raises(DataError, match=r"21474.8 GB unpacked.*TMPDIR"), open_folder(tmp_path / "large.zip"):
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
        with pytest.raises(DataError, match="is not a readable zip"), open_folder(path):
            pytest.fail("it was opened")
