"""Tiny networks are fastest on one thread, above all while other work occupies the cores."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

import gan.__main__ as program
from tests.command_line import CommandLine
from tests.gan.tiny import tiny_checkpoint


@pytest.fixture(autouse=True, scope="package")
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """`python -m gan`."""
    return CommandLine(program.app, monkeypatch, capsys)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """The file of a tiny network."""
    tiny_checkpoint(tmp_path / "a.safetensors")
    return tmp_path / "a.safetensors"
