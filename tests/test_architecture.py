"""The arrows between the rooms run one way: bot → gan ← train. Reads the imports; runs nothing."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("gan", "train", "bot")

# Files that match the first may import nothing that matches the second, but for files that match the third.
RULES = (
    (r"gan/", r"train|bot|migrations|tests", None),
    (r"gan/", r"asyncio|aiohttp|discord|sqlalchemy|alembic|aiosqlite", None),
    (r"train/", r"bot|migrations|tests|discord|asyncio|sqlalchemy", None),
    (r"bot/", r"train|tests", None),
    (r"bot/", r"gan|torch", r"bot/engine/"),
    (r"bot/engine/", r"discord", None),
    (r"bot/store/", r"discord|torch|gan", None),
    (r"bot/", r"sqlalchemy|alembic|aiosqlite", r"bot/store/"),
    (r"bot/(engine|store)/", r"bot\.(ui|commands|sandbox)", None),
    (r"bot/sandbox/", r"bot\.(ui|commands|store|engine)", None),
)


def imports(path: Path, root: Path = ROOT) -> set[str]:
    """Full names of the modules that a file imports anywhere, relative ones resolved."""
    package = path.relative_to(root).with_suffix("").parts[:-1]
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else ()
            base = ".".join((*above, *([node.module] if node.module else [])))
            # `from a import b` may import the module a.b.
            names |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return names


def files(root: Path = ROOT) -> list[Path]:
    return [path for room in ROOMS for path in sorted((root / room).rglob("*.py"))]


def violations(root: Path = ROOT) -> list[str]:
    """Every import that breaks a rule, as "file imports module"."""
    found: list[str] = []
    for path in files(root):
        name = path.relative_to(root).as_posix()
        for where, forbidden, exempt in RULES:
            if re.match(where, name) and not (exempt and re.match(exempt, name)):
                pattern = rf"({forbidden})(\.|$)"
                found += [f"{name} imports {m}" for m in sorted(imports(path, root)) if re.match(pattern, m)]
    return found


def test_the_arrows_run_one_way() -> None:
    assert len(files()) > 20
    assert violations() == []


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("gan/a.py", "import train.data"),
        ("gan/a.py", "def f():\n    from asyncio import run"),
        ("train/a.py", "from bot import engine"),
        ("bot/ui/a.py", "from gan.sprite import to_png"),
        ("bot/ui/a.py", "import gan"),
        ("bot/a.py", "from train.fit import fit"),
        ("bot/engine/a.py", "import discord.ui"),
        ("bot/engine/a.py", "from ..ui import cards"),
        ("bot/store/a.py", "import torch.nn as nn"),
        ("bot/store/a.py", "from ..ui import gallery"),
        ("bot/commands/a.py", "from sqlalchemy import select"),
        ("bot/sandbox/a.py", "from ..store import models"),
    ],
)
def test_an_arrow_the_wrong_way_is_found(tmp_path: Path, file: str, line: str) -> None:
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text(line)
    assert violations(tmp_path)


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("train/a.py", "from gan.config import NetworkConfig"),
        ("bot/engine/a.py", "from gan.sampler import Sampler"),
        ("bot/commands/a.py", "from bot.engine import Engine\nimport training_wheels, ganglion"),
        ("bot/store/a.py", "from sqlalchemy import select"),
    ],
)
def test_an_arrow_the_right_way_is_not(tmp_path: Path, file: str, line: str) -> None:
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text(line)
    assert violations(tmp_path) == []
