"""Names of creatures: what is allowed, and the key under which two names count as the same."""

from __future__ import annotations

import re
import unicodedata

from bot.errors import N_
from bot.store.errors import NameInvalid

MAX_LENGTH = 32  # characters, after composition (NFC)
MAX_MARKS = 5  # consecutive combining marks: Burmese needs four, stacks of ten are vandalism
_MAX_RAW = 1000  # longer input is refused before any work is done on it

_PUNCTUATION = frozenset("-'.")
_MARKUP = frozenset("*_`~|><@#[]:\\/")
# Keyboards put these in by themselves; nobody means them to differ from the plain ones.
_TYPOGRAPHY = str.maketrans({"‘": "'", "’": "'", "ʼ": "'", "‐": "-", "‑": "-", "–": "-", "—": "-"})
# Letters and marks by category, yet nothing is seen of them (Unicode's Default_Ignorable_Code_Point).
_BLANKS = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180e\u180f\u3164\uffa0"
    + "".join(map(chr, [*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]))  # variation selectors
)
_TOO_LONG = N_("That name is too long: please keep it to {most} characters.")
_EMOJI = N_(
    "Please leave out emoji and symbols: "
    "a name is made of letters, digits, spaces, hyphens, apostrophes and full stops."
)
_FORMATTING = N_(
    "Please leave out formatting characters: "
    "a name is made of letters, digits, spaces, hyphens, apostrophes and full stops."
)
_SPECIAL = N_(
    "Please leave out special characters: "
    "a name is made of letters, digits, spaces, hyphens, apostrophes and full stops."
)


def clean_name(raw: str) -> tuple[str, str]:
    """Returns (name, key): the name as it is shown, and what it is compared and sorted by.

    Raises NameInvalid with a sentence that says what to do instead.
    """
    if len(raw) > _MAX_RAW:
        raise NameInvalid(_TOO_LONG, most=MAX_LENGTH)
    name = _collapse(unicodedata.normalize("NFC", raw.translate(_TYPOGRAPHY)))
    if not name:
        raise NameInvalid(N_("A name cannot be empty: please give it at least one letter or digit."))
    _refuse_characters(name)
    if not _is_letter_or_digit(name[0]):
        raise NameInvalid(N_("Please start the name with a letter or a digit."))
    if len(name) > MAX_LENGTH:
        raise NameInvalid(
            N_("That name has {length} characters: please keep it to {most}."),
            length=len(name),
            most=MAX_LENGTH,
        )
    return name, fold(name)


def search_key(text: str) -> str:
    """The key of whatever somebody typed to look a name up; never refuses, "" matches every name's start."""
    return fold(plain(text[:_MAX_RAW]))


def plain(text: str) -> str:
    """`text` without markup and invisible characters, fit to be quoted in a message."""
    kept = (c for c in text.translate(_TYPOGRAPHY) if c not in _MARKUP and not _is_invisible(c))
    return _collapse("".join(kept))


def fold(text: str) -> str:
    """Same key, same name: case, width, ligatures and the accents of Latin letters make no difference.

    Marks of other scripts stay: without them, different Thai, Hindi or Japanese words would be one.
    """
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    kept: list[str] = []
    on_latin = False
    for character in folded:
        if not unicodedata.combining(character):
            on_latin = unicodedata.name(character, "").startswith("LATIN")
        elif on_latin:
            continue
        kept.append(character)
    return _collapse(unicodedata.normalize("NFKC", "".join(kept)))


def _refuse_characters(name: str) -> None:
    # Emoji first: their sequences contain joiners and selectors that would read as "invisible".
    if any(_is_emoji(c) for c in name):
        raise NameInvalid(_EMOJI)
    if any(_is_invisible(c) for c in name):
        raise NameInvalid(N_("That name contains invisible characters: please type it again without them."))
    if any(c in _MARKUP for c in name):
        raise NameInvalid(_FORMATTING)
    if not all(c == " " or c in _PUNCTUATION or _is_mark(c) or _is_letter_or_digit(c) for c in name):
        raise NameInvalid(_SPECIAL)
    marks = "".join("m" if _is_mark(c) else " " for c in name)
    if "m" * (MAX_MARKS + 1) in marks:
        raise NameInvalid(N_("Please use fewer accents on one letter."))


def _collapse(text: str) -> str:
    """Any run of space characters becomes one space; none at either end."""
    return re.sub(r"[^\S\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+", " ", text.strip())


def _is_letter_or_digit(character: str) -> bool:
    category = unicodedata.category(character)
    return category.startswith("L") or category == "Nd"


def _is_mark(character: str) -> bool:
    return unicodedata.category(character) in ("Mn", "Mc")


def _is_invisible(character: str) -> bool:
    # C*: control, format (zero-width, bidirectional), surrogate, private, unassigned. Z*: line, paragraph.
    category = unicodedata.category(character)
    return category.startswith("C") or category in ("Zl", "Zp") or character in _BLANKS


def _is_emoji(character: str) -> bool:
    # 0x1F000 on: pictographs, also those newer than this Python's Unicode tables. "Me" is the keycap.
    in_planes = 0x1F000 <= ord(character) < 0x20000
    return in_planes or unicodedata.category(character) in ("So", "Me")
