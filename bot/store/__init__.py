"""The collection, kept in a database. The only room that knows SQL."""

from bot.store.errors import (
    AlreadySaved,
    AmbiguousName,
    NameInvalid,
    NameTaken,
    NotFound,
    NotYours,
    StoreError,
)
from bot.store.names import clean_name
from bot.store.records import Creature, NewCreature, Suggestion
from bot.store.store import Store

__all__ = [
    "AlreadySaved",
    "AmbiguousName",
    "Creature",
    "NameInvalid",
    "NameTaken",
    "NewCreature",
    "NotFound",
    "NotYours",
    "Store",
    "StoreError",
    "Suggestion",
    "clean_name",
]
