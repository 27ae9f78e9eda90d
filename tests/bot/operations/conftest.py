"""Empty databases of either kind, two for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bot.clusters import AMERICAN, C
from tests.bot.conftest import SQLITE


def _database(kind: str, name: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    if kind == SQLITE:
        yield str(folder / name)
        return
    cluster = request.getfixturevalue("cluster")
    made = cluster.create(kind)
    yield cluster.url(made)
    cluster.drop(made)


@pytest.fixture
def source(kinds: tuple[str, str], request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without any table."""
    yield from _database(kinds[0], "source.sqlite3", request, tmp_path)


@pytest.fixture
def target(kinds: tuple[str, str], request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """That of another one."""
    yield from _database(kinds[1], "target.sqlite3", request, tmp_path)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Both ways between both kinds, which sort differently."""
    if "kinds" in metafunc.fixturenames:
        pairs = [(SQLITE, AMERICAN), (AMERICAN, SQLITE), (C, AMERICAN)]
        params = [pytest.param((SQLITE, SQLITE), id="sqlite-sqlite")]
        params += [pytest.param(pair, id="-".join(pair), marks=pytest.mark.postgres) for pair in pairs]
        metafunc.parametrize("kinds", params)
