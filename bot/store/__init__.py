"""The collection, kept in a database. The only room that knows SQL."""

from bot.store.checkpoints import Active, KnownCheckpoint
from bot.store.errors import (
    AlreadySaved,
    AmbiguousName,
    NameInvalid,
    NameTaken,
    NotFound,
    NotSaved,
    NotStorable,
    NotYours,
    StoreError,
    TooManySaved,
)
from bot.store.family import Family, Relative
from bot.store.jobs import AlreadyRunning, Job, JobState, NewJob
from bot.store.names import clean_name
from bot.store.recipes import Drawn, Evolved, Hatch, Mix, Nearby, Recipe, Rehatch
from bot.store.records import SORTS, Creature, Entry, NewCreature, Page, Sort, Suggestion
from bot.store.store import Store

__all__ = [
    "SORTS",
    "Active",
    "AlreadyRunning",
    "AlreadySaved",
    "AmbiguousName",
    "Creature",
    "Drawn",
    "Entry",
    "Evolved",
    "Family",
    "Hatch",
    "Job",
    "JobState",
    "KnownCheckpoint",
    "Mix",
    "NameInvalid",
    "NameTaken",
    "Nearby",
    "NewCreature",
    "NewJob",
    "NotFound",
    "NotSaved",
    "NotStorable",
    "NotYours",
    "Page",
    "Recipe",
    "Rehatch",
    "Relative",
    "Sort",
    "Store",
    "StoreError",
    "Suggestion",
    "TooManySaved",
    "clean_name",
]
