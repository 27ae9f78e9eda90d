"""Databases of every kind, and one running bot for all tests of a module."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
import pytest_asyncio

from bot.store import migrate
from bot.store.address import parse_target
from sandbox.driver import SandboxUser
from tests.bot.clusters import LOCALES, REQUIRED, Cluster, binaries
from tests.bot.running import RunningBot

SQLITE = "sqlite"
POSTGRESQL = [pytest.param(locale, marks=pytest.mark.postgres) for locale in LOCALES]
KINDS = [SQLITE, *POSTGRESQL]  # of databases, a PostgreSQL one by how it sorts


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL server. Skips the test where none is installed, unless NEWMON_REQUIRE_POSTGRES is set."""
    if binaries() is None:
        missing = "PostgreSQL is not installed: Debian's package is called postgresql"
        pytest.fail(missing) if os.environ.get(REQUIRED) else pytest.skip(missing)
    cluster = Cluster()
    cluster.start()
    yield cluster
    cluster.remove()


@pytest.fixture(scope="session")
def new_database(cluster: Cluster) -> Iterator[Callable[[str], str]]:
    """Makes PostgreSQL databases of a locale, at the present version, and returns their addresses."""
    templates: dict[str, str] = {}

    def make(locale: str) -> str:
        if locale not in templates:
            name = cluster.create(locale)
            migrate.upgrade(parse_target(cluster.url(name)))
            templates[locale] = name
        return cluster.url(cluster.create(template=templates[locale]))

    yield make


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningBot]:
    """The real bot, in the sandbox."""
    bot = await RunningBot(tmp_path_factory.mktemp("bot")).start()
    yield bot
    await bot.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def ash(running: RunningBot) -> AsyncIterator[SandboxUser]:
    """A member with the page open."""
    async with SandboxUser(running.url, "Ash") as user:
        yield user


@pytest_asyncio.fixture(loop_scope="module")
async def misty(running: RunningBot) -> AsyncIterator[SandboxUser]:
    """Another member."""
    async with SandboxUser(running.url, "Misty") as user:
        yield user
