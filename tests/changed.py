"""What a change concerns, for `make check`: `python -m tests.changed tests` and `… types`.

Changed is whatever differs from where the branch left main, committed or not. Nearest to a file are the
tests that have its name where the tree of the tests mirrors its own (tests/gan/test_layers.py for
gan/layers.py), then those that import it, then those that import whoever imports it, and so on; those of the
same room before the others. As many are chosen as fit into the time: `make test` runs all of them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from tests.imports import ROOT, imports, module

PACKAGES = ("gan", "train", "bot", "sandbox", "cluster", "migrations", "benchmarks", "docs", "tests")
MAIN = ("origin/main", "main")
SECONDS = Path(".pytest_cache/v/newmon/seconds")  # of each file of tests, when it last ran
UNKNOWN_S = 3.0  # what a file of tests takes that never ran here
BUDGET_S = 45.0  # for all together, on one core


def git(*arguments: str, root: Path = ROOT) -> str | None:
    """What git says; None if it refuses, or is not there."""
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True)
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None


def changed_files(root: Path = ROOT) -> list[Path]:
    """Files that were added or changed since the branch left main, and that still exist."""
    bases = (git("merge-base", "HEAD", main, root=root) for main in MAIN)
    base = next((found.strip() for found in bases if found), "HEAD")
    changed = git("diff", "--name-only", "-z", base, root=root) or ""
    new = git("ls-files", "--others", "--exclude-standard", "-z", root=root) or ""
    names = {name for name in (changed + new).split("\0") if name}
    return [root / name for name in sorted(names) if (root / name).is_file()]


class Tree:
    """All Python files, and for each those that import it."""

    def __init__(self, root: Path = ROOT) -> None:
        self.root = root
        files = [path for package in PACKAGES for path in sorted((root / package).rglob("*.py"))]
        self.module = {path: module(path, root) for path in files}
        self.path = {name: path for path, name in self.module.items()}
        self.importers: dict[Path, set[Path]] = defaultdict(set)
        for path in files:
            for name in imports(path, root):
                if name in self.path and self.path[name] != path:
                    self.importers[self.path[name]].add(path)
            if path.name == "conftest.py":
                self.importers[path] |= {other for other in path.parent.rglob("test_*.py")}

    def tests(self, changed: Path) -> dict[Path, int]:
        """Files of tests that concern a file, and how far away each is: 0 for those that it names itself."""
        found = dict.fromkeys(filter(is_test, (*self._mirror(changed), changed)), 0)
        ring = {changed} if changed.suffix == ".py" else self._mentioning(changed)
        reached, distance = set(ring), 1
        while ring:
            found = {path: 2 * distance + self._away(changed, path) for path in ring if is_test(path)} | found
            ring = {importer for path in ring for importer in self.importers[path]} - reached
            reached |= ring
            distance += 1
        return found

    def types(self, changed: Iterable[Path]) -> set[Path]:
        """Files whose types a change may break: the changed ones, and those that import them."""
        known = {path for path in changed if path in self.module}
        return known | {importer for path in known for importer in self.importers[path]}

    def _mirror(self, changed: Path) -> list[Path]:
        """Files of tests that have a file's name, in the folder of the tests that mirrors its own."""
        folder = self.root / "tests" / changed.relative_to(self.root).parent
        stem = changed.parent.name if changed.stem == "__init__" else changed.stem
        return [path for path in sorted(folder.glob("test_*.py")) if stem in path.stem]

    def _away(self, changed: Path, test: Path) -> bool:
        """Whether the test is another room's."""
        return changed.relative_to(self.root).parts[0] not in test.relative_to(self.root).parts

    def _mentioning(self, changed: Path) -> set[Path]:
        """Python files that name a file of another kind."""
        return {path for path in self.module if changed.name in path.read_text(encoding="utf-8")}


def is_test(path: Path) -> bool:
    return path.suffix == ".py" and path.name.startswith("test_")


def chosen(changed: Iterable[Path], tree: Tree, seconds: dict[str, float]) -> tuple[list[Path], list[Path]]:
    """Files of tests to run, and those that would take too long; what is changed itself always runs."""
    distances: dict[Path, int] = {}
    for path in changed:
        for test, distance in tree.tests(path).items():
            distances[test] = min(distance, distances.get(test, distance))
    run: list[Path] = []
    left: list[Path] = []
    spent_s = 0.0
    for test, distance in sorted(distances.items(), key=lambda entry: (entry[1], entry[0])):
        takes_s = seconds.get(test.relative_to(tree.root).as_posix(), UNKNOWN_S)
        if distance > 0 and spent_s + takes_s > BUDGET_S:
            left.append(test)
            continue
        spent_s += takes_s
        run.append(test)
    return run, left


def main(what: str) -> None:
    tree, changed = Tree(), changed_files()
    if what == "types":
        paths = sorted(tree.types(changed))
    else:
        record = ROOT / SECONDS
        paths, left = chosen(changed, tree, json.loads(record.read_text()) if record.exists() else {})
        if left:
            print(
                f"{len(left)} files of tests further from the change are left to `make test`.",
                file=sys.stderr,
            )
    if not paths:
        print(f"No {what} to check: nothing changed that they are about.", file=sys.stderr)
    for path in paths:
        print(path.relative_to(ROOT).as_posix())


if __name__ == "__main__":
    main(sys.argv[1])
