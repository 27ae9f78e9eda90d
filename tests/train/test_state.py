"""State files: whole or not at all."""

import errno
import os
import resource
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from train.errors import StateError
from train.state import FORMAT, State, read, write

STATE = State({"generator/a": torch.arange(20_000.0).reshape(100, 200)}, {"images_seen": 7})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write(tmp_path / "run" / "state.safetensors", STATE)
    return tmp_path / "run" / "state.safetensors"


def names(path: Path) -> list[str]:
    return sorted(p.name for p in path.parent.iterdir())


def test_what_goes_in_comes_out(path: Path) -> None:
    state = read(path)
    assert torch.equal(state.tensors["generator/a"], STATE.tensors["generator/a"])
    assert state.values == {"images_seen": 7} and state.images_seen == 7
    assert names(path) == ["state.safetensors"]


def test_tensors_keep_their_values_whatever_their_strides(tmp_path: Path) -> None:
    x = torch.randn(4, 3, 5, 5).to(memory_format=torch.channels_last)
    write(tmp_path / "s", State({"a": x, "b": x.transpose(0, 1), "c": x}, {}))
    tensors = read(tmp_path / "s").tensors
    assert torch.equal(tensors["a"], x) and torch.equal(tensors["b"], x.transpose(0, 1))


@pytest.mark.parametrize("keep", [0, 10, 2000, -1])
def test_a_truncated_state_is_refused(path: Path, keep: int) -> None:
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(StateError, match="damaged"):
        read(path)


def test_a_foreign_state_is_refused(path: Path) -> None:
    path.write_bytes(os.urandom(4000))
    with pytest.raises(StateError, match="damaged"):
        read(path)
    for header in (None, {"format": "pt"}, {"format": FORMAT, "version": "99"}):
        save_file({"a": torch.ones(2)}, path, header)
        with pytest.raises(StateError, match="version of newmon"):
            read(path)
    for header in ({"format": FORMAT, "version": "1"}, {"format": FORMAT, "version": "1", "values": "3"}):
        save_file({"a": torch.ones(2)}, path, header)
        with pytest.raises(StateError, match="damaged"):
            read(path)


def test_a_missing_state_is_named(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="no training state"):
        read(tmp_path / "none")


def test_a_state_without_recipe_or_counter_is_refused() -> None:
    for values in ({}, {"images_seen": "many"}, {"images_seen": -1}):
        with pytest.raises(StateError):
            _ = State({}, values).images_seen
    with pytest.raises(StateError, match="recipe"):
        _ = State({}, {"config": {"lr": 1}}).config


def test_a_full_disk_leaves_the_old_state(path: Path) -> None:
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, hard))
    try:
        with pytest.raises(StateError, match="could not be written") as refusal:
            write(path, State({"generator/a": torch.ones(100, 200)}, {"images_seen": 8}))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert isinstance(refusal.value.__cause__, OSError) and refusal.value.__cause__.errno == errno.EFBIG
    assert path.read_bytes() == before and names(path) == ["state.safetensors"]


def test_a_target_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for target in (tmp_path / "file" / "state.safetensors", tmp_path):
        with pytest.raises(StateError, match="could not be written"):
            write(target, STATE)
    assert (tmp_path / "file").read_text() == "mine"
