"""Which tests `make check` chooses."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.changed import BUDGET_S, Tree, changed_files, chosen

FILES = {
    "gan/__init__.py": "",
    "gan/layers.py": "",
    "gan/generator.py": "from gan.layers import Bias",
    "gan/words.txt": "ash",
    "gan/words.py": "WORDS = 'words.txt'",
    "train/step.py": "import gan.generator",
    "bot/engine.py": "from train import step",
    "tests/gan/test_layers.py": "",
    "tests/gan/test_generator.py": "from gan import generator",
    "tests/gan/test_words.py": "",
    "tests/train/tiny.py": "from train.step import step",
    "tests/train/test_step.py": "from ..train import tiny",
    "tests/bot/conftest.py": "import bot.engine",
    "tests/bot/test_talk.py": "",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def nearest(root: Path, *changed: str, seconds: dict[str, float] | None = None) -> list[str]:
    run, _ = chosen([root / name for name in changed], Tree(root), seconds or {})
    return [path.relative_to(root / "tests").as_posix() for path in run]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (
            "gan/layers.py",
            ["gan/test_layers.py", "gan/test_generator.py", "train/test_step.py", "bot/test_talk.py"],
        ),
        ("gan/generator.py", ["gan/test_generator.py", "train/test_step.py", "bot/test_talk.py"]),
        ("train/step.py", ["train/test_step.py", "bot/test_talk.py"]),
        ("tests/train/tiny.py", ["train/test_step.py"]),
        ("tests/bot/conftest.py", ["bot/test_talk.py"]),
        ("tests/gan/test_layers.py", ["gan/test_layers.py"]),
        ("gan/words.txt", ["gan/test_words.py"]),
        ("README.md", []),
    ],
)
def test_the_nearest_tests_come_first(root: Path, changed: str, expected: list[str]) -> None:
    (root / "README.md").touch()
    assert nearest(root, changed) == expected


def test_what_takes_too_long_is_left_out_and_what_is_about_the_change_is_not(root: Path) -> None:
    seconds = {"tests/gan/test_layers.py": 2 * BUDGET_S}
    assert nearest(root, "gan/layers.py", seconds=seconds) == ["gan/test_layers.py"]
    seconds = {"tests/train/test_step.py": 2 * BUDGET_S}
    expected = ["gan/test_layers.py", "gan/test_generator.py", "bot/test_talk.py"]
    assert nearest(root, "gan/layers.py", seconds=seconds) == expected


def test_types_are_checked_where_they_are_made_and_where_they_are_used(root: Path) -> None:
    found = Tree(root).types([root / "gan/layers.py", root / "gan/words.txt"])
    assert found == {root / "gan/layers.py", root / "gan/generator.py"}


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_changed_is_what_was_committed_since_main_and_what_was_not_yet(root: Path) -> None:
    def git(*arguments: str) -> None:
        own = ("-c", "user.name=Ash", "-c", "user.email=ash@example.com", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *own, *arguments], cwd=root, check=True, capture_output=True)

    git("init", "--initial-branch", "main")
    (root / ".gitignore").write_text("ignored.py\n")
    git("add", ".")
    git("commit", "--message", "All")
    assert changed_files(root) == []
    git("checkout", "-b", "branch")
    (root / "gan" / "layers.py").write_text("x = 1")
    (root / "gan" / "words.txt").unlink()
    git("commit", "--all", "--message", "More")
    (root / "train" / "step.py").write_text("x = 1")
    (root / "ä new one.py").touch()
    (root / "ignored.py").touch()
    assert changed_files(root) == [root / name for name in ("gan/layers.py", "train/step.py", "ä new one.py")]
