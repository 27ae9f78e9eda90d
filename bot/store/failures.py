"""What the errors of drivers mean, in a sentence for the channel or for whoever starts the process."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    NotSupportedError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot.store.address import describe, is_sqlite
from bot.store.errors import NotStorable, StoreError, Undone
from bot.store.sentences import (
    SQLITE,
    UNKNOWN,
    UNREACHABLE,
    UNSURE,
    WRONG_ADDRESS,
    Sentences,
    of_state,
)

log = logging.getLogger(__name__)

_FAILURES = (DBAPIError, PoolTimeout, sqlite3.Error, OSError)
# A value's fault and no trouble of the database's: errors in binding it, SQLite's codes, PostgreSQL's class.
_REFUSALS = (DataError, InterfaceError, NotSupportedError, ProgrammingError)
_REFUSED_CODES = {sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_RANGE}
_REFUSED_STATES = "22"
# Somebody else went first, and this one may go again: PostgreSQL's serialization failure and deadlock.
_GO_AGAIN = ("40001", "40P01")


@contextmanager
def translated() -> Iterator[None]:
    """Turns the database's failures into StoreError with a sentence for the channel, or into NotStorable.

    Lets IntegrityError through: a broken constraint is an answer, not a failure.
    """
    try:
        yield
    except IntegrityError:
        raise
    except OverflowError as error:  # from SQLite's driver, for a number of more than 64 bits
        raise NotStorable from error
    except _FAILURES as error:
        if _is_refusal(error):
            log.error("the database refused a value", exc_info=error)
            raise NotStorable from error
        log.error("the database failed", exc_info=error)
        kind = Undone if is_broken(error) or state_of(error) in _GO_AGAIN else StoreError
        raise kind(_sentences(error).channel) from error


class Commit:
    """A commit that may be cut off: once it began, it may be done or not."""

    def __init__(self) -> None:
        self.began = False

    @contextmanager
    def known(self) -> Iterator[None]:
        """Around the transaction. Raises StoreError where nobody knows whether it was committed."""
        try:
            yield
        except (DBAPIError, TimeoutError) as error:
            if not self.began or (isinstance(error, DBAPIError) and not is_broken(error)):
                raise
            log.error("the connection broke in a commit", exc_info=error)
            raise StoreError(UNSURE) from error


def is_broken(error: Exception) -> bool:
    """Whether an error means that the connection is gone, so that another one may do."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def state_of(error: BaseException) -> str:
    """PostgreSQL's state, of five characters; "" where it said none, and for other databases."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return str(getattr(cause, "sqlstate", None) or "")


def _is_refusal(error: Exception) -> bool:
    if not isinstance(error, DBAPIError) or is_broken(error):
        return False
    state, code = state_of(error), getattr(error.orig, "sqlite_errorcode", None)
    if state:
        return state.startswith(_REFUSED_STATES)
    if code is not None:
        return code & 0xFF in _REFUSED_CODES
    return isinstance(error, _REFUSALS)


@contextmanager
def translated_for_start(url: URL, shown: str = "") -> Iterator[None]:
    """The same for whoever starts the process: names the database, and says what to do about it."""
    try:
        yield
    except _FAILURES as error:
        sentence = (_sentences(error) if is_sqlite(url) else _of_postgresql(error, url)).start
        raise StoreError(sentence, where=shown or describe(url), reason=_cause(error)) from error


def _of_postgresql(error: Exception, url: URL) -> Sentences:
    """What a connection that is not made means."""
    cause = _cause(error)
    if state := state_of(error):
        return of_state(state)
    certificates = any(name.startswith("ssl") and name != "sslmode" for name in url.query)
    if isinstance(cause, ValueError) or (isinstance(cause, FileNotFoundError) and certificates):
        return WRONG_ADDRESS
    return UNREACHABLE if isinstance(cause, OSError) else UNKNOWN


def _cause(error: Exception) -> BaseException:
    """What the driver raised, before SQLAlchemy wrapped it."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return cause.__cause__ if not isinstance(cause, OSError) and cause.__cause__ is not None else cause


def _sentences(error: Exception) -> Sentences:
    if state := state_of(error):
        return of_state(state)
    cause = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(cause, "sqlite_errorcode", None)
    if code is None and isinstance(cause, FileExistsError | NotADirectoryError | PermissionError):
        code = sqlite3.SQLITE_CANTOPEN
    # The low byte is the primary code; the rest tells, for instance, which kind of busy.
    return UNKNOWN if code is None else SQLITE.get(code & 0xFF, UNKNOWN)
