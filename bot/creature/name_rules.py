"""What no proposed name may be: a real species' name or nearly one, rude, or hard to say."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from bot.creature.name_file import NameFile

SHORTEST, LONGEST = 4, 10  # letters
COPIED = 5  # letters in a row that no real name may share

_HARD_TO_SAY = re.compile(
    r"(.)\1\1"  # one letter three times
    r"|(..)\2"  # mimi, roro
    r"|[^aeiouy]{4}|[aeiou]{3}"
    r"|uu|ii|aa|yi|yy|[hjkqvwxy]{2}"
    r"|[hjqvw]$"
)


def folded(text: str, file: NameFile) -> str:
    """Lower-case letters alone, without accents, and digits and signs as the letters that they stand for."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    for before, after in file.folds:
        plain = plain.replace(before, after)
    return "".join(filter(str.isalpha, plain))


def sound(letters: str, file: NameFile) -> str:
    """What was folded, spelled so that what sounds alike is alike; one letter of double ones."""
    for before, after in file.sounds:
        letters = letters.replace(before, after)
    return re.sub(r"(.)\1+", r"\1", letters)


def is_pronounceable(letters: str, file: NameFile) -> bool:
    """Whether lower-case letters can be said: each three in a row stand somewhere in a real name."""
    if not SHORTEST <= len(letters) <= LONGEST or _HARD_TO_SAY.search(letters):
        return False
    bounded = f"^{letters}$"
    return all(bounded[i : i + 3] in file.trigrams for i in range(len(bounded) - 2))


def is_real(name: str, file: NameFile) -> bool:
    """Whether it is a species' name in English, French, German or Chinese, or at most one edit from one."""
    letters = folded(name, file)
    return any(file.has("real", text) for text in (letters, *_deletions(letters)))


def copies(letters: str, file: NameFile) -> bool:
    """Whether COPIED letters in a row are some species' own."""
    return any(file.has("copied", window) for window in _windows(letters, COPIED, COPIED))


def is_rude(text: str, file: NameFile) -> bool:
    """Whether a rude word is in it: as it looks, as it sounds, or read as pinyin.

    Strict: it is for names that nobody typed, where one too many refused costs nothing.
    """
    letters = folded(text, file)
    if any(file.has("rude", window) for window in _windows(letters, 1, len(letters))):
        return True
    heard = sound(letters, file)
    if any(file.has("rude_sound", window) for window in _windows(heard, 3, len(heard))):
        return True
    return file.has("rude_pinyin_whole", letters) or any(
        file.has("rude_pinyin", window) for window in _windows(letters, 4, len(letters))
    )


def is_rude_pinyin(syllables: list[str], file: NameFile) -> bool:
    """Whether some of a Chinese name's syllables, without tones, are those of a rude word of two or more."""
    return any(
        file.has("rude_syllables", "-".join(syllables[i:j]))
        for i in range(len(syllables))
        for j in range(i + 2, len(syllables) + 1)
    )


def is_word(letters: str, file: NameFile) -> bool:
    """Whether it is an English word that everybody knows, or a person's first name."""
    return file.has("words", letters)


def _deletions(text: str) -> Iterator[str]:
    """`text` less one character. Texts one edit apart share one of these, or one has the other."""
    return (text[:i] + text[i + 1 :] for i in range(len(text)))


def _windows(text: str, shortest: int, longest: int) -> Iterator[str]:
    for length in range(shortest, longest + 1):
        yield from (text[i : i + length] for i in range(len(text) - length + 1))
