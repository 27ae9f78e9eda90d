"""Connections to PostgreSQL: what its addresses mean, how long anything may take, and who takes turns."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, event, func, select
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import ConnectionPoolEntry

if TYPE_CHECKING:
    import asyncpg

log = logging.getLogger(__name__)

NAME = "newmon"  # what the server shows our connections as
BARE = URL.create("postgresql+asyncpg")  # the driver reads the rest from the address by itself
CLOSING_S = 2.0  # for the connections to say goodbye; those that cannot are cut
IDLE_TIMES = 3  # as long as a transaction may take, until the server ends one that nobody goes on with

# Advisory locks, which hold until the end of a transaction. Any numbers do that no other program uses there.
MIGRATING = 0x6E65776D6F6E01
ALONE = 0x6E65776D6F6E02

# Of libpq, and nothing that this driver or the server would know. Two of them ask for more safety.
_ASKS_FOR_SAFETY = ("channel_binding", "require_auth")
_WITHOUT_MEANING = (
    *_ASKS_FOR_SAFETY,
    *("client_encoding", "fallback_application_name", "gssencmode", "hostaddr", "load_balance_hosts"),
    *("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout"),
    *("requirepeer", "requiressl", "sslcertmode", "sslcompression", "sslsni"),
)
_TRUTHS = {"true": "require", "1": "require", "on": "require", "false": "disable", "0": "disable"}

# States in which another connection may do better: the server ended this one, is ending, or takes only reads
# since another one has taken over.
_ANOTHER_MAY_DO = ("08", "57P01", "57P02", "57P03", "57P05", "25P03", "25006")


def libpq(url: URL) -> URL:
    """The address as libpq would have it, which the driver reads: parameters of SQLAlchemy's are renamed."""
    query = {key: value if isinstance(value, str) else value[-1] for key, value in url.query.items()}
    if "ssl" in query:
        query.setdefault("sslmode", _TRUTHS.get(query["ssl"].lower(), query["ssl"]))
        del query["ssl"]
    return url.set(query=query)


def connector(url: URL, timeout_s: float, *, limited: bool) -> Callable[..., Awaitable[asyncpg.Connection]]:
    """What opens connections to the address. `limited`: the server, too, ends what takes longer.

    Raises ImportError without the driver.
    """
    import asyncpg

    query = dict(url.query)
    for name in _WITHOUT_MEANING:
        if query.pop(name, None) is not None and name in _ASKS_FOR_SAFETY:
            log.warning("The database's address asks for %s, which newmon's driver does not know.", name)
    patience = str(query.pop("connect_timeout", ""))
    connect_s = float(patience) if patience.isdecimal() and int(patience) else timeout_s
    dsn = url.set(drivername="postgresql", query=query).render_as_string(hide_password=False)
    settings = {"application_name": NAME} | (_limits(timeout_s) if limited else {})
    settings = {name: value for name, value in settings.items() if name not in query}

    async def connect(*_: object, **__: object) -> asyncpg.Connection:
        try:
            async with asyncio.timeout(connect_s):  # the driver has limits in whole seconds
                return await asyncpg.connect(dsn, server_settings=settings)
        except TimeoutError as error:
            raise TimeoutError("the server did not answer") from error

    return connect


def _limits(timeout_s: float) -> dict[str, str]:
    """So that the server does not go on with what nobody here waits for any more, and keep others out."""
    return {
        "statement_timeout": f"{timeout_s * 1000:.0f}",
        "idle_in_transaction_session_timeout": f"{timeout_s * 1000 * IDLE_TIMES:.0f}",
    }


class Connections:
    """Watches over an engine's pool: what broke is replaced, and what hangs is cut."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._open: set[asyncpg.Connection] = set()
        self._idle: set[asyncpg.Connection] = set()
        pool = engine.sync_engine.pool
        for name, listener in (
            ("connect", self._connected),
            ("checkout", self._taken),
            ("checkin", self._given_back),
            ("close", self._closed),
        ):
            event.listen(pool, name, listener)
        event.listen(engine.sync_engine, "handle_error", _see_broken)

    def _connected(self, _connection: object, entry: ConnectionPoolEntry) -> None:
        self._open.add(_driver(entry))

    def _taken(self, _connection: object, entry: ConnectionPoolEntry, _proxy: object) -> None:
        self._idle.discard(_driver(entry))

    def _given_back(self, connection: object, entry: ConnectionPoolEntry) -> None:
        self._open = {one for one in self._open if not one.is_closed()}
        if connection is not None:
            self._idle.add(_driver(entry))

    def _closed(self, _connection: object, entry: ConnectionPoolEntry) -> None:
        self._idle.discard(_driver(entry))

    def distrust(self) -> None:
        """Cut the connections that nobody uses: where one hangs, they may hang too.

        The pool finds that they are closed before it lends them, and opens others.
        """
        for one in self._idle:
            one.terminate()
        self._idle.clear()

    async def close(self) -> None:
        """Close the pool. Takes a few seconds at most, however the server is."""
        try:
            async with asyncio.timeout(CLOSING_S):
                await self._engine.dispose()
        except TimeoutError:
            for one in self._open:
                one.terminate()
            await self._engine.dispose()


def _driver(entry: ConnectionPoolEntry) -> Any:
    return entry.driver_connection


def _see_broken(context: ExceptionContext) -> None:
    """Tells SQLAlchemy of errors that mean the end of a connection, before the driver has noticed it."""
    state = str(getattr(context.original_exception, "sqlstate", None) or "")
    if state.startswith(_ANOTHER_MAY_DO):
        context.is_disconnect = True


def advisory_lock(key: int):
    """Waits for its turn, until the end of the transaction."""
    return select(func.pg_advisory_xact_lock(key))
