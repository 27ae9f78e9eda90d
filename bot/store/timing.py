"""How long the database takes for each statement, and how many fail."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.system.metrics import DATABASE_ERRORS, DATABASE_SECONDS


def watch(engine: AsyncEngine) -> None:
    """Count and time every statement of an engine."""

    @event.listens_for(engine.sync_engine, "before_cursor_execute")
    def _before(*arguments: Any) -> None:
        arguments[4].newmon_began_s = time.perf_counter()  # the statement's own context

    @event.listens_for(engine.sync_engine, "after_cursor_execute")
    def _after(*arguments: Any) -> None:
        DATABASE_SECONDS.observe(time.perf_counter() - arguments[4].newmon_began_s)

    @event.listens_for(engine.sync_engine, "handle_error")
    def _failed(_context: Any) -> None:
        DATABASE_ERRORS.inc()
