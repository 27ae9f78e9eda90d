"""Names cut into syllables by their spelling, and how often each type begins and ends its names with them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

POSITIONS = ("first", "middle", "last")
SCALE = 500  # weight of what was counted once
FLATNESS = 0.5  # exponent of the counts: below 1 rare syllables come oftener than they did
SECOND_TYPE = 0.5  # what a name counts for its second type

_ONSETS = frozenset(
    [
        "b",
        "c",
        "d",
        "f",
        "g",
        "h",
        "j",
        "k",
        "l",
        "m",
        "n",
        "p",
        "qu",
        "r",
        "s",
        "t",
        "v",
        "w",
        "x",
        "y",
        "z",
        "bl",
        "br",
        "ch",
        "cl",
        "cr",
        "dr",
        "fl",
        "fr",
        "gl",
        "gr",
        "kl",
        "kn",
        "kr",
        "ph",
        "pl",
        "pr",
        "sc",
        "sh",
        "sk",
        "sl",
        "sm",
        "sn",
        "sp",
        "st",
        "sw",
        "th",
        "tr",
        "tw",
        "wh",
        "wr",
        "scr",
        "spl",
        "spr",
        "squ",
        "str",
        "thr",
        "shr",
        "sch",
        "chr",
        "phr",
        "ts",
        "dw",
        "gw",
        "kw",
        "psy",
        "gn",
        "rh",
    ]
)
_DIGRAPHS = frozenset(
    [
        "ai",
        "au",
        "aw",
        "ay",
        "ea",
        "ee",
        "ei",
        "eu",
        "ew",
        "ey",
        "ie",
        "oa",
        "oe",
        "oi",
        "oo",
        "ou",
        "ow",
        "oy",
        "ae",
        "ue",
        "ui",
    ]
)


def syllables(letters: str) -> list[str]:
    """`letters`, lower-case, in syllables: "char-me-le-on". What has no vowel is one."""
    groups = _groups(letters)
    found: list[str] = []
    onset = ""
    for i, (is_vowel, text) in enumerate(groups):
        if is_vowel:
            found.append(onset + text)
            onset = ""
        elif not found:
            onset = text
        elif i == len(groups) - 1:
            found[-1] += text
        else:
            cut = _cut(text)
            found[-1] += text[:cut]
            onset = text[cut:]
    return found or [letters]


def onset_and_rest(syllable: str) -> tuple[str, str]:
    """What stands before the first vowel, and the rest."""
    onset = re.match(r"qu|(?:[^aeiouy]|y(?=[aeiou]))*", syllable)
    cut = onset.end() if onset else 0
    return syllable[:cut], syllable[cut:]


def _groups(letters: str) -> list[tuple[bool, str]]:
    """Vowels, two that are one together, and consonants in a row; an e that is not heard is a consonant."""
    groups: list[tuple[bool, str]] = []
    for match in re.finditer(r"(?P<vowel>[aeiou]|y(?![aeiou]))|qu(?=[aeiouy])|.", letters):
        is_vowel, text = match["vowel"] is not None, match[0]
        last = groups[-1] if groups else None
        joins = last is not None and last[0] == is_vowel
        if (
            last is not None
            and joins
            and (not is_vowel or (len(last[1]) == 1 and last[1] + text in _DIGRAPHS))
        ):
            groups[-1] = (is_vowel, last[1] + text)
        else:
            groups.append((is_vowel, text))
    if len(groups) >= 3 and groups[-1] == (True, "e") and not groups[-2][0] and groups[-3][0]:
        groups[-2:] = [(False, groups[-2][1] + "e")]
    return groups


def _cut(consonants: str) -> int:
    """Where the next syllable begins in consonants between vowels: as early as it can be said."""
    if len(consonants) == 2 and consonants[0] == consonants[1]:
        return 1
    return next(
        cut for cut in range(len(consonants) + 1) if consonants[cut:] in _ONSETS or cut == len(consonants)
    )


Table = dict[str, dict[str, float]]  # type → text → how often; type "" is all of them


@dataclass(frozen=True, slots=True)
class Weights:
    """Texts of one position, and how likely each is: a row a type, the last row of all together."""

    texts: list[str]
    weights: np.ndarray  # [types + 1, N] uint16


@dataclass(frozen=True, slots=True)
class Counted:
    """All that is counted in names."""

    types: list[str]
    syllables: dict[str, Weights]  # by position; each text "onset|rest"
    onsets: dict[str, Weights]  # by position; the last row alone counts
    trigrams: list[str]  # "^" before the names and "$" behind them


def count(species: Iterable[tuple[str, Sequence[str]]]) -> Counted:
    """Count in names of one word that have two syllables or more."""
    names = [(name.lower(), types) for name, types in species if re.fullmatch(r"[A-Za-z]+", name)]
    types = sorted({kind for _, kinds in names for kind in kinds})
    own: dict[str, Table] = {p: defaultdict(lambda: defaultdict(float)) for p in POSITIONS}
    for letters, kinds in names:
        cut = ["|".join(onset_and_rest(syllable)) for syllable in syllables(letters)]
        if len(cut) < 2:
            continue
        for kind, weight in (("", 1.0), *zip(kinds, (1.0, SECOND_TYPE), strict=False)):
            own["first"][kind][cut[0]] += weight
            own["last"][kind][cut[-1]] += weight
            for text in cut[1:-1]:
                own["middle"][kind][text] += weight
    onsets: dict[str, Table] = {p: {"": _onsets(table[""])} for p, table in own.items()}
    trigrams = {f"^{letters}$"[i : i + 3] for letters, _ in names for i in range(len(letters))}
    return Counted(
        types,
        {p: _weights(table, types) for p, table in own.items()},
        {p: _weights(table, types) for p, table in onsets.items()},
        sorted(trigrams),
    )


def _onsets(table: dict[str, float]) -> dict[str, float]:
    found: dict[str, float] = defaultdict(float)
    for text, weight in table.items():
        found[text.split("|")[0]] += weight
    return found


def _weights(table: Table, types: list[str]) -> Weights:
    texts = sorted(table[""])
    rows = [[table.get(kind, {}).get(text, 0.0) for text in texts] for kind in (*types, "")]
    return Weights(texts, (SCALE * np.array(rows) ** FLATNESS).round().astype(np.uint16))
