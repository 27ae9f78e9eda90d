"""Sentences from patterns: choices between texts, and slots for what was read.

Each language has a grammar of its own, in entry_en.py and entry_zh.py, rather than one grammar whose pieces a
gettext catalogue translates: the two order their sentences, join their clauses and count their things in
different ways, and pieces that fit in one do not in the other. Fixed texts of the bot belong into the
catalogue as usual.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.creature.draws import Draws

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{(\w+)\}")
Near = Sequence[tuple[float, str]]  # (metres or kilograms, pattern of a thing of that size)


@dataclass(frozen=True, slots=True)
class Words:
    """A language's names of what is read, and its patterns. Keys are the values of `Traits`."""

    joiner: str  # between sentences
    metres: str  # a number of them
    kilograms: str
    types: Mapping[str, str]
    colours: Mapping[str, str]
    kinds: Mapping[str, str]  # by shape
    sizes: Sequence[str]  # patterns, from the smallest class of facts.SIZES on
    heights: Near
    weights: Near
    looks: Sequence[str]
    weight_sentences: Mapping[str, Sequence[str]]  # by facts.heft
    stage_sentences: Mapping[int, Sequence[str]]
    natures: Sequence[str]
    flavours: Mapping[str, Sequence[str]]  # by type
    tops: Mapping[str, Sequence[str]]  # by strongest stat, or "even"
    lows: Mapping[str, Sequence[str]]  # by weakest stat
    tempers: Sequence[str]  # of the strongest alone
    tempers_both: Sequence[str]
    card: Mapping[str, Sequence[str]]
    card_lows: Mapping[str, Sequence[str]]
    card_both: str
    unknown: Sequence[str]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, and the form that it has before its slots are filled."""

    text: str
    form: str


def slots(pattern: str) -> set[str]:
    """Names of the slots of a pattern."""
    return set(_SLOT.findall(pattern))


def choose(pattern: str, draws: Draws) -> str:
    """The pattern with each of its choices made, innermost first; slots stay."""
    while match := _CHOICE.search(pattern):
        chosen = draws.one_of(match[1].split("|"))
        pattern = pattern[: match.start()] + chosen + pattern[match.end() :]
    return pattern


def fill(form: str, values: Mapping[str, str]) -> Sentence:
    """The sentence of a form: slots filled, articles and its first letter right."""
    text = _SLOT.sub(lambda match: values[match[1]], form)
    text = re.sub(r"\b([aA])\(n\) (?=(\w))", lambda m: f"{m[1]}{'n' * (m[2].lower() in 'aeiou')} ", text)
    return Sentence(text[:1].upper() + text[1:], form)
