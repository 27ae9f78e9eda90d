"""Who imports whom, read from the source."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@cache
def imports(path: Path, root: Path = ROOT) -> frozenset[str]:
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
    return frozenset(names)


def module(path: Path, root: Path = ROOT) -> str:
    """What a file is imported as."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
