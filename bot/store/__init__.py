"""The collection, kept in a database. The only room that knows SQL."""

from bot.store.errors import (
    AlreadySaved,
    AmbiguousName,
    NameInvalid,
    NameTaken,
    NotFound,
    NotSaved,
    NotYours,
    StoreError,
)
from bot.store.names import clean_name
from bot.store.records import SORTS, Creature, Entry, NewCreature, Page, Sort, Suggestion
from bot.store.store import Store

__all__ = [
    "SORTS",
    "AlreadySaved",
    "AmbiguousName",
    "Creature",
    "Entry",
    "NameInvalid",
    "NameTaken",
    "NewCreature",
    "NotFound",
    "NotSaved",
    "NotYours",
    "Page",
    "Sort",
    "Store",
    "StoreError",
    "Suggestion",
    "clean_name",
]
