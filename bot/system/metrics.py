"""What is counted and timed, all under names that begin with `newmon_`.

As with logging, whoever knows something says it here, at the cost of an addition; `bot.operations.health`
shows it to Prometheus where HEALTH_PORT is set. docs/operating.md says what each name tells.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

# One's own: other libraries in the process may fill the default one.
REGISTRY = CollectorRegistry(auto_describe=True)
ProcessCollector("newmon", registry=REGISTRY)

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

INTERACTION_SECONDS = Histogram(
    "newmon_interaction_seconds",
    "From an interaction's arrival until Discord had its acknowledgement, and until all was done.",
    ["kind", "stage"],  # kind: command, autocomplete, component, dialog; stage: acknowledged, done
    buckets=_SECONDS,
    registry=REGISTRY,
)
ERRORS = Counter(
    "newmon_errors",
    "What people were told instead of an answer: refused (their own mistake), wrong, unreached, …",
    ["kind"],
    registry=REGISTRY,
)
UNEXPECTED = Counter(
    "newmon_unexpected_errors", "Errors that the log has with an id and a traceback.", registry=REGISTRY
)
HATCHES = Counter(
    "newmon_hatches",
    "Creatures that were drawn and kept, by their recipe.",
    ["recipe"],
    registry=REGISTRY,
)
BATCH_CREATURES = Histogram(
    "newmon_batch_creatures",
    "How many creatures are drawn at once.",
    buckets=(1, 2, 4, 8, 16, 32),
    registry=REGISTRY,
)
DRAWING_SECONDS = Histogram(
    "newmon_drawing_seconds", "How long a batch takes to draw.", buckets=_SECONDS, registry=REGISTRY
)
DATABASE_SECONDS = Histogram(
    "newmon_database_seconds", "How long a statement takes.", buckets=_SECONDS, registry=REGISTRY
)
DATABASE_ERRORS = Counter("newmon_database_errors", "Statements that failed.", registry=REGISTRY)
RETRAINS = Counter("newmon_retrains", "Retrains that ended, by how.", ["state"], registry=REGISTRY)
LOOP_DELAY_SECONDS = Histogram(
    "newmon_event_loop_delay_seconds",
    "How late the event loop was for what it had promised to do.",
    buckets=_SECONDS,
    registry=REGISTRY,
)

# What is so at this moment; asked for when somebody looks.
QUEUE_CREATURES = Gauge("newmon_queue_creatures", "Creatures that wait to be drawn.", registry=REGISTRY)
QUEUE_PEOPLE = Gauge("newmon_queue_people", "People who wait for those.", registry=REGISTRY)
SERVERS = Gauge("newmon_servers", "Servers that the bot is in.", registry=REGISTRY)
GATEWAY_SECONDS = Gauge(
    "newmon_gateway_latency_seconds", "From a heartbeat to its acknowledgement.", registry=REGISTRY
)
READY = Gauge("newmon_ready", "1 where people are served and all that it takes is well.", registry=REGISTRY)
INFO = Gauge(
    "newmon_info",
    "1, with the version and the checkpoint in use.",
    ["version", "checkpoint"],
    registry=REGISTRY,
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """An interaction that is being served."""

    id: int
    kind: str
    at_s: float  # by `time.perf_counter`


_arrival: ContextVar[Arrival | None] = ContextVar("arrival", default=None)


@contextmanager
def interaction(kind: str, interaction_id: int) -> Iterator[None]:
    """Around all that is done for an interaction of this kind."""
    arrived_s = time.perf_counter()
    token = _arrival.set(Arrival(interaction_id, kind, arrived_s))
    try:
        yield
    finally:
        _arrival.reset(token)
        INTERACTION_SECONDS.labels(kind, "done").observe(time.perf_counter() - arrived_s)


def acknowledged() -> None:
    """Discord has taken the first answer to the interaction that is being served, if one is."""
    if (arrival := _arrival.get()) is not None:
        INTERACTION_SECONDS.labels(arrival.kind, "acknowledged").observe(time.perf_counter() - arrival.at_s)


def interaction_id() -> int | None:
    """Of the interaction that is being served here, if one is: what log lines are found by."""
    return None if (arrival := _arrival.get()) is None else arrival.id
