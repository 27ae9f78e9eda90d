"""The arrows between the rooms run one way: bot → gan ← train, no files import each other in a circle, and
every module can be imported first.
"""

import ast
import graphlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.imports import ROOT, imports, module

ROOMS = ("gan", "train", "bot", "sandbox", "migrations")
RUN_BY_ALEMBIC = "migrations.env"  # and by nothing else: it migrates as soon as it is imported

# Within the bot each may import what stands beside it or further down.
LAYERS = (
    "__main__",
    "operations",
    "client",
    "features",
    "core|ui",
    "retrain",
    "checkpoints",
    "engine|store|system|creature",
)
LOOSE = {"__init__.py", "__main__.py", "client.py", "config.py", "errors.py"}
# Of other features, a feature knows none but this one: what it has for them, it offers in a slot.
SHARED_FEATURE = "choosing"

# Files that match the first may import nothing that matches the second, but for files that match the third.
RULES = (
    (r"gan/", r"train|bot|sandbox|migrations|tests", None),
    (r"gan/", r"asyncio|aiohttp|discord|sqlalchemy|alembic|aiosqlite", None),
    (r"train/", r"bot|sandbox|migrations|tests|discord|asyncio|sqlalchemy", None),
    # The bot starts training as a process of its own: it knows the contract and nothing else.
    (r"bot/", r"train\.(?!protocol\b)\w+|tests", None),
    (r"train/protocol\.py", rf"(?!__future__|({'|'.join(sorted(sys.stdlib_module_names))})\b)\w+", None),
    # How files are written and folders locked is plain Python, and the same everywhere; so is the version.
    (r"bot/", r"gan(?!\.(files|package)\b)|torch", r"bot/engine/"),
    (r"bot/engine/", r"discord", None),
    (r"bot/store/", r"discord|torch|gan(?!\.files\b)", None),
    (r"bot/", r"sqlalchemy|alembic|aiosqlite", r"bot/store/"),
    (r"bot/creature/", r"discord|asyncio|aiohttp|bot\.(?!creature\b)\w+", None),
    (r"bot/retrain/", r"discord", None),
    # What is not documented of discord.py is used in one file, whose tests fail where it changes.
    (r"bot/", r"discord\.(http|state|gateway|webhook\.async_|ui\.view)", r"bot/core/discord_internals\.py"),
    (r"bot/", r"sandbox", r"bot/__main__\.py"),
    (r"sandbox/", r"bot|gan|train|migrations|tests", None),
    *(
        (rf"bot/({layer})(\.py|/)", rf"bot\.({'|'.join(LAYERS[:i])})", None)
        for i, layer in enumerate(LAYERS)
        if i
    ),
)


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
        found += [f"{name} imports {m}" for m in sorted(imports(path, root)) if is_another_feature(name, m)]
    return found


def is_another_feature(file: str, imported: str) -> bool:
    """Whether a feature imports one that it should not know."""
    own, other = file.split("/"), imported.split(".")
    if own[:2] != ["bot", "features"] or len(own) < 3 or own[2] == "__init__.py":
        return False
    return other[:2] == ["bot", "features"] and other[2:3] not in (
        [],
        [own[2].removesuffix(".py")],
        [SHARED_FEATURE],
    )


def test_the_arrows_run_one_way() -> None:
    assert len(files()) > 20
    assert violations() == []


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("gan/a.py", "import train.data"),
        ("gan/a.py", "def f():\n    from asyncio import run"),
        ("train/a.py", "from bot import engine"),
        ("bot/ui/a.py", "from gan.pictures.sprite import to_png"),
        ("bot/ui/a.py", "import gan"),
        ("bot/a.py", "from train.run.loop import fit"),
        ("bot/retrain/a.py", "from train import protocol, retrain"),
        ("train/protocol.py", "import torch"),
        ("train/protocol.py", "from gan.files import write"),
        ("train/protocol.py", "from train.recipe import TrainConfig"),
        ("bot/engine/a.py", "import discord.ui"),
        ("bot/engine/a.py", "from ..ui import cards"),
        ("bot/store/a.py", "import torch.nn as nn"),
        ("bot/store/a.py", "from ..ui import gallery"),
        ("bot/creature/a.py", "from bot.ui import cards"),
        ("bot/creature/a.py", "from discord import Embed"),
        ("bot/features/a.py", "from sqlalchemy import select"),
        ("bot/features/a.py", "from bot.features.b import f"),
        ("bot/features/a.py", "from bot.features import b"),
        ("bot/features/a/c.py", "import bot.features.b.c"),
        ("bot/features/a.py", "from bot.client import NewmonBot"),
        ("bot/core/a.py", "from bot.features import FEATURES"),
        ("bot/core/a.py", "from discord.http import Route"),
        ("bot/ui/a.py", "from bot.features.about import about"),
        ("bot/checkpoints/a.py", "from bot.retrain import plan"),
        ("bot/engine/a.py", "from bot.checkpoints.files import CheckpointFiles"),
        ("bot/store/a.py", "from bot.core.language import N_"),
        ("bot/client.py", "import bot.__main__"),
        ("bot/retrain/a.py", "from discord import Embed"),
        ("bot/retrain/a.py", "from ..ui.retraining import Notice"),
        ("sandbox/a.py", "from bot.errors import UserError"),
        ("bot/client.py", "from sandbox import Sandbox"),
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
        ("bot/features/a.py", "from bot.engine import Engine\nimport training_wheels, ganglion"),
        ("bot/features/a.py", "from bot.features.choosing import choices\nfrom bot.ui import cards"),
        ("bot/features/a/b.py", "from bot.features.a.c import f"),
        ("bot/features/__init__.py", "from bot.features import a, b"),
        ("bot/core/discord_internals.py", "from discord.http import Route"),
        ("bot/store/a.py", "from sqlalchemy import select"),
        ("bot/retrain/a.py", "from train.protocol import STATE_FILE\nfrom train import protocol"),
        ("train/protocol.py", "from __future__ import annotations\nimport json\nfrom pathlib import Path"),
        ("bot/creature/a.py", "import numpy as np\nfrom bot.creature.traits import Traits"),
    ],
)
def test_an_arrow_the_right_way_is_not(tmp_path: Path, file: str, line: str) -> None:
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text(line)
    assert violations(tmp_path) == []


def test_few_modules_of_the_bot_lie_outside_of_its_rooms() -> None:
    assert {path.name for path in (ROOT / "bot").glob("*.py")} == LOOSE


def private_uses(source: str) -> list[str]:
    """Private attributes of something else than the object at hand."""
    return [
        ast.unparse(node)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute)
        and re.match(r"_(?!_)", node.attr)
        and not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"))
    ]


def test_what_is_private_in_discord_py_is_used_in_one_file() -> None:
    files = [path for path in (ROOT / "bot").rglob("*.py") if path.parent.name != "store"]
    found = {path.name for path in files if private_uses(path.read_text(encoding="utf-8"))}
    assert found == {"discord_internals.py"}
    assert private_uses("client._connection.parsers") == ["client._connection"]


# Circles. A file that says so in `if TYPE_CHECKING` or inside a function imports the other one all the same:
# whoever reads the one has to know the other.


def needs(root: Path = ROOT) -> dict[str, set[str]]:
    """For each module of ours those that it imports.

    Whoever imports `a.b` imports `a` before it, but for what lies in `a` itself.
    """
    ours = {module(path, root): path for path in files(root)}
    found: dict[str, set[str]] = {}
    for name, path in ours.items():
        wanted = {m for full in imports(path, root) for m in (*above(full), full)}
        found[name] = {m for m in wanted if m in ours and m != name and m not in above(name)}
    return found


def circle(root: Path = ROOT) -> list[str]:
    """Modules of ours that import each other in a circle; none if there is no circle."""
    try:
        graphlib.TopologicalSorter(needs(root)).prepare()
    except graphlib.CycleError as error:
        return error.args[1]
    return []


def above(name: str) -> list[str]:
    """The packages that a module lies in."""
    parts = name.split(".")
    return [".".join(parts[:i]) for i in range(1, len(parts))]


def test_no_files_import_each_other_in_a_circle() -> None:
    assert circle() == []


@pytest.mark.parametrize(
    "sources",
    [
        {"bot/a.py": "import bot.b", "bot/b.py": "from bot import a"},
        {"bot/a.py": "from bot.b import f", "bot/b.py": "def f():\n    import bot.a"},
        {"bot/a.py": "import bot.b", "bot/b.py": "from bot import c", "bot/c.py": "from .a import x"},
        {
            "bot/x/__init__.py": "from bot.x.y import z",
            "bot/x/y.py": "import bot.a",
            "bot/a.py": "import bot.x",
        },
        {"bot/x/__init__.py": "from bot.a import z", "bot/x/y.py": "", "bot/a.py": "import bot.x.y"},
    ],
)
def test_a_circle_is_found(tmp_path: Path, sources: dict[str, str]) -> None:
    for name, text in sources.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert circle(tmp_path)


def test_a_package_and_what_lies_in_it_are_no_circle(tmp_path: Path) -> None:
    (tmp_path / "bot" / "x").mkdir(parents=True)
    (tmp_path / "bot" / "x" / "__init__.py").write_text("from bot.x.y import z")
    (tmp_path / "bot" / "x" / "y.py").write_text("import bot.x.w")
    (tmp_path / "bot" / "x" / "w.py").write_text("")
    assert circle(tmp_path) == []


# Imports each module of a table where neither that module nor any that leads to it was imported before.
# Everything else is there already, so that this takes seconds and not minutes; some share a process, which is
# a fork, for the same reason.
IMPORT_FIRST = """
import gc, importlib, json, os, sys, traceback
table = json.load(sys.stdin)
AT_ONCE = 16
for name in table:
    try:
        importlib.import_module(name)
    except ImportError:
        pass

def import_first(name):
    for forgotten in table[name]:
        sys.modules.pop(forgotten, None)
        package, _, last = forgotten.rpartition(".")
        vars(sys.modules.get(package, sys)).pop(last, None)
    importlib.import_module(name)

gc.freeze()  # or each child would look through, and so copy, all that torch brings
names, failed = list(table), False
for start in range(0, len(names), AT_ONCE):
    if not (child := os.fork()):
        failed = []
        for name in names[start : start + AT_ONCE]:
            try:
                import_first(name)
            except BaseException:
                traceback.print_exc()
                failed.append(name)
        if failed:
            print(f"cannot be imported first: {failed}", file=sys.stderr, flush=True)
        os._exit(bool(failed))
    failed |= bool(os.waitpid(child, 0)[1])
sys.exit(failed)
"""


def import_first(root: Path = ROOT) -> subprocess.CompletedProcess[str]:
    graph = needs(root)
    leading = {name: {name, *above(name)} for name in graph}  # → itself and whatever leads to it
    changed = True
    while changed:
        changed = False
        for name, wanted in graph.items():
            for m in leading:
                if name not in leading[m] and wanted & leading[m]:
                    leading[m].add(name)
                    changed = True
    table = {name: sorted(found) for name, found in leading.items() if name != RUN_BY_ALEMBIC}
    return subprocess.run(
        [sys.executable, "-c", IMPORT_FIRST],
        cwd=root,
        input=json.dumps(table),
        capture_output=True,
        text=True,
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_every_module_can_be_imported_first() -> None:
    done = import_first()
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_module_that_cannot_be_imported_first_is_found(tmp_path: Path) -> None:
    sources = {"a.py": "import bot.b\nx = 1", "b.py": "from bot.a import x", "c.py": "import bot.b"}
    (tmp_path / "bot").mkdir()
    for name, text in sources.items():
        (tmp_path / "bot" / name).write_text(text)
    done = import_first(tmp_path)
    assert "cannot be imported first: ['bot.a']" in done.stderr
