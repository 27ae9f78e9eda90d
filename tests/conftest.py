"""How every test runs, by `make test` on several workers or by hand on one."""

from __future__ import annotations

import os
from collections import defaultdict

import pytest

# One thread for each worker, and for the processes that tests start: tiny networks are fastest on one, above
# all while other workers occupy the cores. torch asks once, when it is imported, so this comes before it.
os.environ.setdefault("OMP_NUM_THREADS", "1")

FAST = "not slow and not postgres"  # what `make test` runs
SECONDS = "newmon/seconds"  # in the cache of pytest


class Seconds:
    """Notes how long each file of tests takes: tests/changed.py chooses what fits into a minute."""

    def __init__(self) -> None:
        self.taken_s: defaultdict[str, float] = defaultdict(float)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.taken_s[report.location[0]] += report.duration

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        cache = session.config.cache
        if cache is not None:
            known = cache.get(SECONDS, {})
            cache.set(SECONDS, known | {name: round(taken_s, 2) for name, taken_s in self.taken_s.items()})


def pytest_configure(config: pytest.Config) -> None:
    # All that are fast, as make runs them; and where the reports of all workers come together.
    if config.option.markexpr == FAST and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Seconds())
