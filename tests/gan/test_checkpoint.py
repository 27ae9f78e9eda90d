"""Checkpoint files: what goes in comes out, and nothing else is taken for one."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from gan.checkpoint import CheckpointError, content_id, load, save
from gan.config import NetworkConfig, Style
from gan.latents import Levels
from tests.gan.tiny import STYLES, tiny_checkpoint, tiny_config, tiny_generator

Header = dict[str, str]
Change = Callable[[dict[str, Tensor], Header], Any]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    tiny_checkpoint(tmp_path / "a.safetensors")
    return tmp_path / "a.safetensors"


def refusal(path: Path) -> str:
    """The sentence that `load` refuses the file with."""
    with pytest.raises(CheckpointError) as caught:
        load(path)
    text = str(caught.value)
    assert str(path) in text and "\n" not in text and text.endswith(".") and len(text) < 400
    return text


def rewrite(path: Path, change: Change, new_id: bool) -> None:
    """Change tensors or header of a checkpoint, with or without giving it an id that fits."""
    with safe_open(path, framework="pt") as file:
        header: Header = dict(file.metadata())
        names = file.keys()
        tensors = {name: file.get_tensor(name) for name in names}
    change(tensors, header)
    if new_id:
        header["id"] = content_id(NetworkConfig.from_dict(json.loads(header["config"])), tensors)
    save_file(tensors, path, header)


@pytest.mark.parametrize("style", STYLES)
def test_a_generator_survives_in_half_precision(style: Style, tmp_path: Path) -> None:
    generator = tiny_generator(style)
    identity = save(tmp_path / "deep" / "a.safetensors", generator, {"kimg": 7, "recipe": {"lr": 0.1}})
    checkpoint = load(tmp_path / "deep" / "a.safetensors")
    assert checkpoint.id == identity and len(identity) == 16 and int(identity, 16) >= 0
    assert checkpoint.metadata == {"kimg": 7, "recipe": {"lr": 0.1}}
    assert checkpoint.config == tiny_config(style)
    loaded = checkpoint.generator.state_dict()
    assert list(loaded) == list(generator.state_dict())
    for name, tensor in generator.state_dict().items():
        assert loaded[name].dtype == torch.float32 and torch.equal(loaded[name], tensor.half().float())
    assert not checkpoint.generator.training
    assert not any(p.requires_grad for p in checkpoint.generator.parameters())


def test_the_id_depends_on_content_alone(tmp_path: Path) -> None:
    one = save(tmp_path / "a", tiny_generator(), {"kimg": 1})
    assert save(tmp_path / "b", tiny_generator(), {"kimg": 2}) == one
    assert save(tmp_path / "c", load(tmp_path / "a").generator, {}) == one
    assert save(tmp_path / "d", tiny_generator(seed=1), {"kimg": 1}) != one
    changed = tiny_generator()
    with torch.no_grad():
        changed.synthesis.constant[0, 0, 0, 0] += 0.01
    assert save(tmp_path / "e", changed, {"kimg": 1}) != one


def test_levels_are_kept_and_belong_to_the_id(tmp_path: Path) -> None:
    plain = save(tmp_path / "a", tiny_generator(), {})
    measured = save(tmp_path / "b", tiny_generator(), {}, levels=Levels(1, 4, 6))
    assert len({plain, measured, save(tmp_path / "c", tiny_generator(), {}, levels=Levels(2, 4, 6))}) == 3
    assert load(tmp_path / "b").levels == load(tmp_path / "b").measured_levels == Levels(1, 4, 6)
    without = load(tmp_path / "a")
    assert without.measured_levels is None and without.levels == Levels.by_resolution(tiny_config())


@pytest.mark.parametrize("version", ["1", "2"])
def test_files_from_before_there_were_levels_keep_their_id(path: Path, version: str) -> None:
    before = load(path).id
    rewrite(path, lambda tensors, header: header.update(version=version), new_id=False)
    assert load(path).id == before and load(path).measured_levels is None


@pytest.mark.parametrize(
    "text", ["{", "[1]", '{"features": 1}', '{"features": 4, "colours": 2}', '{"features": 1, "colours": 9}']
)
def test_levels_that_are_none_are_refused(path: Path, text: str) -> None:
    rewrite(path, lambda tensors, header: header.update(levels=text), new_id=False)
    assert "header that newmon cannot read" in refusal(path)


def test_other_levels_than_it_was_made_with_are_noticed(path: Path) -> None:
    save(path, tiny_generator(), {}, levels=Levels(1, 4, 6))
    moved = '{"features": 2, "colours": 4}'
    rewrite(path, lambda tensors, header: header.update(levels=moved), new_id=False)
    assert "changed after it was made" in refusal(path)


def test_the_id_of_a_network_is_frozen() -> None:
    tensors = {"a": torch.arange(6).reshape(2, 3).half(), "b": torch.tensor(1.5).half()}
    assert content_id(NetworkConfig(), tensors) == "a84c4a031608ace6"


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    assert "no checkpoint" in refusal(tmp_path / "none.safetensors")
    assert "is a folder: name the .safetensors file in it" in refusal(tmp_path)


@pytest.mark.parametrize("length", [0, 5, 100, 3000, -1])
def test_truncated_files_are_refused(path: Path, length: int) -> None:
    path.write_bytes(path.read_bytes()[:length])
    assert "damaged" in refusal(path)


def test_random_bytes_are_refused(path: Path) -> None:
    path.write_bytes(os.urandom(5000))
    assert "damaged" in refusal(path)


def test_other_safetensors_files_are_refused(path: Path) -> None:
    save_file({"weight": torch.ones(3)}, path)
    assert "not a newmon checkpoint" in refusal(path)
    save_file({"weight": torch.ones(3)}, path, {"format": "pt"})
    assert "not a newmon checkpoint" in refusal(path)


def test_another_version_is_named(path: Path) -> None:
    rewrite(path, lambda tensors, header: header.update(version="9"), new_id=False)
    assert "version 9" in refusal(path)


@pytest.mark.parametrize("offset", [-1, -5000])
def test_one_changed_bit_is_noticed(path: Path, offset: int) -> None:
    data = bytearray(path.read_bytes())
    data[offset] ^= 1
    path.write_bytes(data)
    assert "changed after it was made" in refusal(path)


def test_a_changed_weight_or_description_is_noticed(path: Path) -> None:
    rewrite(path, lambda tensors, header: tensors["synthesis.constant"].mul_(1.01), new_id=False)
    assert "changed after it was made" in refusal(path)
    tiny_checkpoint(path)
    config = json.dumps(tiny_config("demodulation").to_dict() | {"mapping_lr_multiplier": 0.02})
    rewrite(path, lambda tensors, header: header.update(config=config), new_id=False)
    assert "changed after it was made" in refusal(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda tensors, header: tensors.pop("synthesis.constant"),
        lambda tensors, header: tensors.update(extra=torch.ones(2)),
        lambda tensors, header: tensors.update({"synthesis.constant": torch.ones(1, 16, 4, 5)}),
    ],
    ids=["missing", "extra", "shape"],
)
def test_weights_that_do_not_fit_the_description_are_refused(path: Path, change: Change) -> None:
    rewrite(path, change, new_id=True)
    assert "does not hold the weights" in refusal(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda tensors, header: header.pop("config"),
        lambda tensors, header: header.pop("metadata"),
        lambda tensors, header: header.update(config="{"),
        lambda tensors, header: header.update(config="[1]"),
        lambda tensors, header: header.update(config='{"channels": [4], "wings": 2}'),
        lambda tensors, header: header.update(config='{"channels": [4], "style": "none"}'),
        lambda tensors, header: header.update(metadata="3"),
    ],
)
def test_unreadable_headers_are_refused(path: Path, change: Change) -> None:
    rewrite(path, change, new_id=False)
    assert "header" in refusal(path)


def test_a_target_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for target in (tmp_path / "file" / "a.safetensors", tmp_path / "file" / "b" / "a.safetensors", tmp_path):
        with pytest.raises(CheckpointError, match="could not be written"):
            save(target, tiny_generator(), {})
    assert (tmp_path / "file").read_text() == "mine"
    assert sorted(p.name for p in tmp_path.parent.glob("*.part")) == []


def test_a_full_disk_leaves_the_old_checkpoint(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = path.read_bytes()

    def write_half(self: Path, data: bytes) -> int:
        with self.open("wb") as file:
            file.write(data[: len(data) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", write_half)
    with pytest.raises(CheckpointError, match="No space left"):
        save(path, tiny_generator(seed=1), {})
    assert path.read_bytes() == before and [p.name for p in path.parent.iterdir()] == [path.name]


def test_weights_that_are_not_finite_are_never_saved(tmp_path: Path) -> None:
    generator = tiny_generator()
    with torch.no_grad():
        generator.synthesis.constant[0, 0, 0, 0] = 1e6  # more than half precision holds
    with pytest.raises(CheckpointError, match="not finite"):
        save(tmp_path / "a", generator, {})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (b"\x80\x04\x95", "is a pickle, as NVIDIA's StyleGANs have them"),
        (b"\x80\x02}q", "is a pickle"),
        (b"PK\x03\x04", "is a PyTorch checkpoint or another zip archive"),
        (b"\x89HDF\r\n", "is an HDF5 file"),
        (b"version https://git-lfs.github.com/spec/v1", "git lfs pull"),
        (b"<!DOCTYPE html>", "is a web page"),
        (b"", "damaged or truncated"),
        (b"\x00" * 9, "damaged or truncated"),
    ],
)
def test_files_of_other_kinds_are_called_by_their_name(tmp_path: Path, start: bytes, words: str) -> None:
    for suffix in ("pkl", "safetensors"):
        path = tmp_path / f"network.{suffix}"
        path.write_bytes(start + (b"x" * 900 if start else b""))
        with pytest.raises(CheckpointError) as caught:
            load(path)
        assert words in str(caught.value)
        assert ("python -m train export" in str(caught.value)) == (
            start[:2] in (b"\x80\x04", b"\x80\x02", b"PK", b"\x89H")
        )
