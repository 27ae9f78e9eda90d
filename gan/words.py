"""What a person can see of a word: two that look alike are one."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

WIDE_SPACE = "\u3000"  # as wide as a Chinese character, and seen
JOINERS = "\u200c\u200d"
# Empty, though Unicode does not class them with the format characters: fillers, separators, blank Braille.
BLANKS = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
VISIBLE_FORMATS = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"


def visible(text: str) -> str:
    """Words without what nobody can see: `\u200bAsh` and `Ash` look alike, so they are one.

    What joins or varies the characters beside it stays where it shows, as within emoji, Persian and Hindi;
    spaces of other kinds become the usual one.
    """
    kept: list[str] = []
    for i, letter in enumerate(text):
        if (unicodedata.category(letter) == "Zs" and letter != WIDE_SPACE) or letter in "\t\n\r":
            kept.append(" ")
        elif not _invisible(letter) or _shows(letter, kept, text[i + 1 :]):
            kept.append(letter)
    return "".join(kept).strip()


def _invisible(letter: str) -> bool:
    """Whether a character has no picture of its own."""
    if letter in VISIBLE_FORMATS:
        return False
    return unicodedata.category(letter) in ("Cf", "Cc") or letter in BLANKS or _is_selector(letter)


def _is_selector(letter: str) -> bool:
    return "\ufe00" <= letter <= "\ufe0f" or "\U000e0100" <= letter <= "\U000e01ef"


def _shows(letter: str, before: Sequence[str], after: str) -> bool:
    """Whether a joiner, selector or tag changes how the characters beside it look."""
    if not before or not _joins(before[-1]):
        return False
    if letter in JOINERS:
        return any(_joins(one) for one in after if not _invisible(one))
    return _is_selector(letter) or "\U000e0020" <= letter <= "\U000e007f"


def _joins(letter: str) -> bool:
    """Whether a character can look different with its neighbours: emoji, and scripts without capitals."""
    return (
        letter.isdigit()
        or letter in "#*"
        or (
            not letter.isascii()
            and not letter.isspace()
            and (letter.casefold() == letter.upper() or _invisible(letter))
        )
    )
