"""Which real species a creature resembles, in words: "something of Torchic and of Chimchar"."""

from __future__ import annotations

import re

from bot.creature.traits import Traits

# Of the species as data sets name them; others are called what they are called there.
NAMES = {"Nidoran-F": "Nidoran♀", "Nidoran-M": "Nidoran♂"}
ONE = {"en": "Something of {first}", "zh": "有点像{first}"}
BOTH = {"en": "Something of {first} and of {second}", "zh": "有点像{first}，又有点像{second}"}


def species_name(known_as: str) -> str:
    """A species' name without the number that tells it apart in a data set: "Pikachu (25)" is Pikachu."""
    name = re.sub(r" \(\d+\)$", "", known_as)
    return NAMES.get(name, name)


def describe_kin(traits: Traits, language: str) -> str | None:
    """A line about the one or two species it resembles most; None if none is near enough to be named.

    `language` is one of `bot.creature.entry.LANGUAGES`; the species keep their English names.
    """
    match traits.kin:
        case ():
            return None
        case (first,):
            return ONE[language].format(first=first)
        case (first, second, *_):
            return BOTH[language].format(first=first, second=second)
