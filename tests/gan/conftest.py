"""The command line of `gan`, and a network for it."""

from pathlib import Path

import pytest

import gan.__main__ as program
from tests.command_line import CommandLine
from tests.gan.tiny import tiny_checkpoint


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """`python -m gan`."""
    return CommandLine(program.app, monkeypatch, capsys)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """The file of a tiny network."""
    tiny_checkpoint(tmp_path / "a.safetensors")
    return tmp_path / "a.safetensors"
