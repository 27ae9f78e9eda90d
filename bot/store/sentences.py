"""What a database's failure is called, by its driver's code: to people in a channel, and to who starts it."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from bot.errors import N_


class Sentences(NamedTuple):
    """Of one failure: what people in a channel read, and whoever starts the bot. {where} is the database."""

    channel: str
    start: str


UNAVAILABLE = N_(
    "The collection cannot be reached right now, nothing was changed: please try again in a moment."
)
UNSURE = N_(
    "The connection to the collection broke while it was being changed: "
    "please look whether it was done, before you try again."
)
BUSY = N_("The collection is busy right now, nothing was changed: please try again in a moment.")
_DAMAGED = N_("The collection's database is damaged: please ask an admin to restore a backup.")
_FULL = N_("The disk is full, nothing was changed: please ask an admin to free some space, then try again.")
_UNWRITABLE = N_("The collection's database cannot be written, nothing was changed: please tell an admin.")

UNKNOWN = Sentences(
    UNAVAILABLE, "The database {where} cannot be used: check that it exists and can be reached."
)
UNREACHABLE = Sentences(
    UNAVAILABLE,
    "The PostgreSQL server of {where} cannot be reached: check its address, and that it runs and takes "
    "connections from here.",
)
WRONG_ADDRESS = Sentences(
    UNAVAILABLE, "The address of the database {where} is wrong: check its parameters ({reason})."
)
_NO_ENTRY = Sentences(
    UNAVAILABLE,
    "The PostgreSQL server of {where} does not let newmon in: check that the role in the address exists, "
    "its password, and what pg_hba.conf allows.",
)
_NOT_NOW = Sentences(
    UNAVAILABLE,
    "The PostgreSQL server of {where} is starting or stopping: start newmon again in a moment.",
)
_NO_MEMORY = Sentences(
    UNAVAILABLE, "The PostgreSQL server of {where} has no memory left: free some, then start newmon again."
)
_LOCKED = Sentences(
    BUSY, "The database {where} is locked by another program: stop that program, then start newmon again."
)
_DISK_FULL = Sentences(
    _FULL,
    "The disk that holds the database {where} is full: free some space, then start newmon again.",
)
_CORRUPT = Sentences(
    _DAMAGED,
    "The database {where} is damaged: restore a backup, or move the file away to start a new one.",
)
_CORRUPT_THERE = Sentences(_DAMAGED, "The database {where} is damaged: restore a backup into a new one.")

_UNKNOWN_PARAMETER = Sentences(
    UNAVAILABLE,
    "The PostgreSQL server of {where} does not know a parameter in the address: check what follows its "
    "question mark.",
)

# By SQLite's primary result code.
SQLITE: dict[int, Sentences] = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_FULL: _DISK_FULL,
    sqlite3.SQLITE_READONLY: Sentences(
        _UNWRITABLE,
        "The database {where} cannot be written: check the permissions of the file and of its folder.",
    ),
    sqlite3.SQLITE_CANTOPEN: Sentences(
        _UNWRITABLE,
        "The database {where} cannot be opened: check that its folder exists and can be written.",
    ),
    sqlite3.SQLITE_NOTADB: Sentences(
        _DAMAGED,
        "The file {where} is not a newmon database: choose another file, or restore a backup.",
    ),
    sqlite3.SQLITE_CORRUPT: _CORRUPT,
}
SQLITE[sqlite3.SQLITE_PERM] = SQLITE[sqlite3.SQLITE_READONLY]

# By PostgreSQL's SQLSTATE, or by its class, which is the first two characters.
POSTGRESQL: dict[str, Sentences] = {
    "08": UNREACHABLE,
    "25006": Sentences(
        _UNWRITABLE,
        "The database {where} can only be read: give the address of the server that takes writes.",
    ),
    "28": _NO_ENTRY,
    "3D000": Sentences(
        UNAVAILABLE,
        "The PostgreSQL server has no database called as in {where}: create it with `createdb`, then start "
        "newmon again.",
    ),
    "42501": Sentences(
        _UNWRITABLE,
        "newmon may not make or change tables in {where}: let its role own the database.",
    ),
    "42704": _UNKNOWN_PARAMETER,
    "22023": _UNKNOWN_PARAMETER,
    "53100": _DISK_FULL,
    "53200": _NO_MEMORY,
    "53300": Sentences(
        BUSY,
        "The PostgreSQL server of {where} has no connection left: raise its max_connections, or lower "
        "DATABASE_CONNECTIONS, then start newmon again.",
    ),
    "53400": Sentences(
        _FULL,
        "The PostgreSQL server of {where} has reached a limit of its settings: raise it, then start newmon "
        "again.",
    ),
    "55P03": _LOCKED,
    "57014": _LOCKED,
    "57P": _NOT_NOW,
    "XX001": _CORRUPT_THERE,
    "XX002": _CORRUPT_THERE,
}


def of_state(state: str) -> Sentences:
    """Of one of PostgreSQL's states."""
    for known in (state, state[:3], state[:2]):
        if known in POSTGRESQL:
            return POSTGRESQL[known]
    return UNKNOWN
