"""Names to propose: a creature's own, and for a child those that are made of its parents'."""

from __future__ import annotations

from itertools import islice

from bot.core.language import language
from bot.creature.draws import creature_key
from bot.creature.names import proposals
from bot.creature.traits import Traits
from bot.store import Creature
from bot.store.names import MAX_LENGTH

NUMBERED = range(2, 10)
OWN = 10  # names of a creature to try before it is left to its owner


def key_of(creature: Creature) -> int:
    """What all that is said of a creature follows from, beside its traits."""
    return creature_key(creature.checkpoint_id, creature.w_plus.tobytes())


def own_names(creature: Creature, traits: Traits | None, count: int = OWN) -> list[str]:
    """The names that follow from a creature's styles and its main type, the best first: always the same.

    As they are written in the language that is spoken. Takes a millisecond or two each.
    """
    types = traits.types if traits is not None and traits.shows("types") else ()
    found = islice(proposals(key_of(creature), types), count)
    return [name.chinese if language() == "zh" else name.latin for name in found]


def candidates(a: str | None, b: str | None) -> list[str]:
    """Names to try, in this order: Foo and Bar give Foar, Baoo, Foar 2 …; Foo alone gives Foo 2, Foo 3 …"""
    if a is None or b is None:
        stems = [name for name in (a, b) if name is not None]
        return [_numbered(stem, i) for stem in stems for i in NUMBERED]
    crossed = [_cross(a, b), _cross(b, a)]
    return [*crossed, *(_numbered(crossed[0], i) for i in NUMBERED)]


def _cross(a: str, b: str) -> str:
    """The first half of A's name and the second of B's."""
    head, tail = a[: -(-len(a) // 2)], b[len(b) // 2 :]
    return f"{head.rstrip()}{tail.strip().lower()}"[:MAX_LENGTH].strip()


def _numbered(stem: str, number: int) -> str:
    return f"{stem[: MAX_LENGTH - 2].strip()} {number}"
