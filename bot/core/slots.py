"""Where features put buttons of theirs under messages of others, so that a card knows no feature.

A slot is such a place; an offer is a function that gives a button for what is shown there, or None:

    @CREATURE.offer(order=30)
    def offer_mix(creature: Creature) -> Item[View] | None:
        return MixWith(creature.id).item()
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from discord.ui import Item

from bot.store import Creature

log = logging.getLogger(__name__)

ROWS, ROW_WIDTH = 5, 5  # of buttons under a message

SubjectT = TypeVar("SubjectT")
Make = Callable[[SubjectT], Item[Any] | None]


@dataclass(frozen=True)
class Slot(Generic[SubjectT]):
    """A place for buttons of features."""

    name: str

    def offer(self, *, order: int, row: int = 0) -> Callable[[Make[SubjectT]], Offer[SubjectT]]:
        """Makes a function an offer. Lower `order` stands further left; a full row goes on in the next."""
        return lambda make: Offer(self, order, row, make)

    def items(
        self, offers: Iterable[Offer[Any]], subject: SubjectT, *, below: int = 0, taken: int = 0
    ) -> list[Item[Any]]:
        """What features offer here for this subject, each with its row.

        Their first row is number `below` of the message, where so many buttons are `taken` by others.
        """
        ours = sorted((offer for offer in offers if offer.slot == self), key=lambda o: (o.row, o.order))
        room = [ROW_WIDTH] * ROWS
        room[below] -= taken
        placed: list[Item[Any]] = []
        for offer in ours:
            item = offer.make(subject)
            if item is None:
                continue
            item.row = next((row for row in range(below + offer.row, ROWS) if room[row]), None)
            if item.row is None:
                log.error("There is no room for all that features offer %s.", self.name)
                break
            room[item.row] -= 1
            placed.append(item)
        return placed


@dataclass(frozen=True)
class Offer(Generic[SubjectT]):
    """A feature's button in a slot."""

    slot: Slot[SubjectT]
    order: int
    row: int
    make: Make[SubjectT]


CREATURE: Slot[Creature] = Slot("under a creature's card")
HELP: Slot[None] = Slot("under /help and a greeting")
ABOUT: Slot[None] = Slot("under /about")
HATCHED: Slot[None] = Slot("under a sheet of hatchlings")
RELEASED: Slot[None] = Slot("where a creature was until it was released")
