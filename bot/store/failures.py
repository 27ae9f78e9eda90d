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

from bot.errors import N_
from bot.store.address import describe
from bot.store.errors import ConnectionLost, NotStorable, StoreError

log = logging.getLogger(__name__)

_FAILURES = (DBAPIError, PoolTimeout, sqlite3.Error, OSError)
# A value's fault and no trouble of the database's: errors in binding it, SQLite's codes, PostgreSQL's class.
_REFUSALS = (DataError, InterfaceError, NotSupportedError, ProgrammingError)
_REFUSED_CODES = {sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_RANGE}
_REFUSED_STATES = "22"
_UNAVAILABLE = N_(
    "The collection cannot be reached right now, nothing was changed: please try again in a moment."
)
UNSURE = N_(
    "The connection to the collection broke while it was being changed: "
    "please look whether it was done, before you try again."
)
_DAMAGED = N_("The collection's database is damaged: please ask an admin to restore a backup.")
BUSY = N_("The collection is busy right now, nothing was changed: please try again in a moment.")
_UNWRITABLE = N_("The collection's database cannot be written, nothing was changed: please tell an admin.")
# By SQLite's primary result code. The first is told to people in a channel, the second to who starts the bot.
_SENTENCES: dict[int, tuple[str, str]] = {
    sqlite3.SQLITE_BUSY: (
        BUSY,
        "The database {where} is locked by another program: stop that program, then start newmon again.",
    ),
    sqlite3.SQLITE_FULL: (
        N_("The disk is full, nothing was changed: please ask an admin to free some space, then try again."),
        "The disk that holds the database {where} is full: free some space, then start newmon again.",
    ),
    sqlite3.SQLITE_READONLY: (
        _UNWRITABLE,
        "The database {where} cannot be written: check the permissions of the file and of its folder.",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        _UNWRITABLE,
        "The database {where} cannot be opened: check that its folder exists and can be written.",
    ),
    sqlite3.SQLITE_NOTADB: (
        _DAMAGED,
        "The file {where} is not a newmon database: choose another file, or restore a backup.",
    ),
    sqlite3.SQLITE_CORRUPT: (
        _DAMAGED,
        "The database {where} is damaged: restore a backup, or move the file away to start a new one.",
    ),
}
_SENTENCES[sqlite3.SQLITE_LOCKED] = _SENTENCES[sqlite3.SQLITE_BUSY]
_SENTENCES[sqlite3.SQLITE_PERM] = _SENTENCES[sqlite3.SQLITE_READONLY]


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
        kind = ConnectionLost if is_broken(error) else StoreError
        raise kind(_sentences(error)[0]) from error


@contextmanager
def committing() -> Iterator[None]:
    """Around a commit: if the connection breaks in it, it may be done or not. Raises StoreError."""
    try:
        yield
    except DBAPIError as error:
        if not is_broken(error):
            raise
        log.error("the connection broke in a commit", exc_info=error)
        raise StoreError(UNSURE) from error


def is_broken(error: Exception) -> bool:
    """Whether an error means that the connection is gone, so that another one may do."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def _is_refusal(error: Exception) -> bool:
    if not isinstance(error, DBAPIError) or is_broken(error):
        return False
    state, code = getattr(error.orig, "sqlstate", None), getattr(error.orig, "sqlite_errorcode", None)
    if state is not None:
        return str(state).startswith(_REFUSED_STATES)
    if code is not None:
        return code & 0xFF in _REFUSED_CODES
    return isinstance(error, _REFUSALS)


@contextmanager
def translated_for_start(url: URL) -> Iterator[None]:
    """The same for whoever starts the process: names the file, and says what to do about it."""
    try:
        yield
    except _FAILURES as error:
        raise StoreError(_sentences(error)[1].format(where=describe(url))) from error


def _sentences(error: Exception) -> tuple[str, str]:
    cause = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(cause, "sqlite_errorcode", None)
    if code is None and isinstance(cause, FileExistsError | NotADirectoryError | PermissionError):
        code = sqlite3.SQLITE_CANTOPEN
    fallback = (_UNAVAILABLE, "The database {where} cannot be used: check that it exists and can be reached.")
    # The low byte is the primary code; the rest tells, for instance, which kind of busy.
    return fallback if code is None else _SENTENCES.get(code & 0xFF, fallback)
