"""What is kept of a creature's traits beside it, so that collections can be filtered by them."""

from __future__ import annotations

from dataclasses import dataclass

from bot.creature.traits import Traits


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of a creature, and by what. Only what may be shown is in it."""

    reader: str  # which heads read it: other heads may read something else. "" where nothing could
    types: tuple[str, ...] = ()  # none, one or two of TYPES, the main one first
    colour: str | None = None  # one of COLOURS

    @classmethod
    def of(cls, reader: str, traits: Traits | None) -> Reading:
        """What to keep of traits; None where nothing could be read."""
        if traits is None:
            return cls(reader)
        return cls(
            reader,
            traits.types if traits.shows("types") else (),
            traits.colour if traits.shows("colour") else None,
        )
