"""Proposed names: made of syllables as the main type's species have them, the same for a creature for ever.

A name is a first, sometimes a middle, and a last syllable, each drawn by weights that were counted in real
names; some get another consonant in front. What is hard to say, real, nearly real, a copy or rude is drawn
again.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.creature.draws import Draws
from bot.creature.name_file import NameFile, Part, name_file
from bot.creature.name_rules import copies, is_pronounceable, is_real, is_rude, is_rude_pinyin, is_word
from bot.creature.transliteration import transliterate

# In percent.
OWN_TYPE = 65  # of syllables come from names of the main type, the others from all names
NEW_ONSET = {"first": 35, "middle": 50, "last": 55}  # get another consonant in front
SYLLABLES = (
    *[("first", "last")] * 4,
    *[("first", "middle", "last")] * 14,
    *[("first", "middle", "middle", "last")] * 2,
)
# In percent. There are few short names, and they are soon taken; long ones are hard to remember.
KEPT_BY_LENGTH = {4: 5, 5: 12, 6: 28, 7: 75, 9: 80, 10: 40}


@dataclass(frozen=True, slots=True)
class Name:
    """A name in both languages. Neither is a real species' name, nor one edit away from one."""

    latin: str  # 4 to 10 letters, the first one large
    chinese: str  # the same by sound, 2 to 5 characters


def propose(key: int, types: Sequence[str], attempt: int = 0) -> Name:
    """The name proposed for a creature; `attempt` counts those before it that were taken.

    `types` has the main one first, and may be empty. Each attempt gives a name that none before it gave.
    """
    return next(itertools.islice(proposals(key, types), attempt, None))


def proposals(key: int, types: Sequence[str]) -> Iterator[Name]:
    """All the names for a creature, best first, without end; no two are alike in either language."""
    file = name_file()
    main = types[0] if types else None
    row = file.types.index(main) if main in file.types else len(file.types)
    draws = Draws("name", key)
    given: set[str] = set()
    while True:
        letters = _draw(draws, file, row)
        kept = draws.chance(KEPT_BY_LENGTH.get(len(letters), 100))
        if not (kept and _is_allowed(letters, file)):
            continue
        chinese = transliterate(letters)
        characters = chinese.characters
        if len(characters) < 2:
            continue
        if is_real(characters, file) or is_rude(characters, file) or is_rude_pinyin(chinese.pinyin, file):
            continue
        if letters in given or characters in given:
            continue
        given |= {letters, characters}
        yield Name(letters.capitalize(), characters)


def _draw(draws: Draws, file: NameFile, row: int) -> str:
    letters = ""
    for position in draws.one_of(SYLLABLES):
        own = row if draws.chance(OWN_TYPE) else len(file.types)
        onset, rest = _weighted(draws, file.syllables[position], own).split("|")
        if draws.chance(NEW_ONSET[position]):
            onset = _weighted(draws, file.onsets[position], len(file.types))
        letters += onset + rest
    return letters


def _weighted(draws: Draws, part: Part, row: int) -> str:
    totals = part.totals[row]
    return part.texts[int(totals.searchsorted(draws.below(int(totals[-1])), side="right"))]


def _is_allowed(letters: str, file: NameFile) -> bool:
    return (  # what is quickly found out first
        is_pronounceable(letters, file)
        and not copies(letters, file)
        and not is_word(letters, file)
        and not is_real(letters, file)
        and not is_rude(letters, file)
    )
