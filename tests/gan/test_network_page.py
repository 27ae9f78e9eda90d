"""docs/network.md: its figures are there, and one command draws them with any checkpoint."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from docs.draw import MOST_BYTES, PAGE, PICTURES, app, figures_of, fill
from tests.command_line import CommandLine
from tests.gan.tiny import tiny_checkpoint, tiny_config

NAMES = ["finish.png", "growth.png", "levels.png", "mixing.png", "morph.png", "noise.png", "truncation.png"]


def test_every_figure_of_the_page_is_there_and_small() -> None:
    figures = re.findall(r"\]\(pictures/(.*?)\)", PAGE.read_text(encoding="utf-8"))
    assert set(figures) == {*NAMES, "projection.png"}
    assert all((PICTURES / name).stat().st_size <= MOST_BYTES for name in figures)


def test_the_code_that_the_page_names_exists() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for path in re.findall(r"\]\(\.\./(.*?)\)", text):
        assert (PAGE.parent.parent / path).exists(), path
    code = "\n".join(path.read_text(encoding="utf-8") for path in (PAGE.parent.parent / "gan").glob("*.py"))
    for name in re.findall(r"`([A-Za-z_]{6,}?)(?:\.\w+)?`", text):
        assert re.search(rf"\b{name}\b", code), name


def test_the_figures_can_be_drawn_with_another_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = tiny_checkpoint(tmp_path / "a.safetensors", "adain")
    page = tmp_path / "page.md"
    page.write_text(f"Before\n{fill(PAGE.read_text(encoding='utf-8'), 'levels', 'nothing')}")
    draw = CommandLine(app, monkeypatch, capsys)
    args = ("--checkpoint", tmp_path / "a.safetensors", "--out", tmp_path / "o", "--page", page)
    assert draw(*args, "--no-projection").code == 0
    assert sorted(p.name for p in (tmp_path / "o").iterdir()) == NAMES
    for path in (tmp_path / "o").iterdir():
        with Image.open(path) as picture:
            assert picture.mode == "P" and picture.width > 50
    text = page.read_text(encoding="utf-8")
    assert f"Measured with checkpoint `{checkpoint.id}`." in text and "| shape | 0." in text
    assert text.startswith("Before\n# How the network works") and "\n\nnothing\n\n" not in text


def test_a_network_without_noise_leaves_the_figure_of_noise_alone() -> None:
    config = tiny_config()
    silent = replace(config, noise_from_resolution=2 * config.resolution)
    assert [f"{name}.png" for name in sorted(figures_of(config))] == NAMES
    assert set(figures_of(config)) - set(figures_of(silent)) == {"noise"}


def test_a_page_without_a_place_for_a_table_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="one place"):
        fill("text", "levels", "content")
