"""Words that look alike are one seed; whatever can be seen keeps the seed that it always had."""

import hashlib
import unicodedata

import pytest

from gan.latents import SeedError, parse_seed
from gan.words import visible

ASH = 58538252


def seed_of_old(text: str) -> int:
    """The seed of a word before anything was left out of words."""
    plain = unicodedata.normalize("NFC", text.strip().casefold())
    return int.from_bytes(hashlib.sha256(plain.encode()).digest()[:4])


@pytest.mark.parametrize(
    "word",
    [
        "\u200bAsh",  # zero-width space
        "As\u200bh",
        "Ash\ufeff",  # byte order mark
        "A\u00adsh",  # soft hyphen
        "\u2060Ash\u200e",  # word joiner, left-to-right mark
        "\u202eAsh\u202c",  # an override of the direction, and its end
        "As\u200dh",  # a joiner between letters that do not join
        "Ash\ufe0f",  # a selector with nothing to select
        "\u3164Ash",  # Hangul filler
        "Ash\u2800",  # blank Braille
        "A\x00sh",
        "Ash\U000e0041",  # a tag
        "\u00a0Ash\t",
        " aSH ",
    ],
)
def test_what_cannot_be_seen_does_not_count(word: str) -> None:
    assert visible(word).casefold() == "ash" and parse_seed(word) == ASH


@pytest.mark.parametrize(
    "word",
    [
        "Ash",
        "Pokémon",
        "Poke\u0301mon",
        "日本語",
        "葛\U000e0100",  # a variant of a character
        "👨\u200d👩\u200d👧",
        "👩🏽\u200d🚀",
        "❤\ufe0f",
        "1\ufe0f\u20e3",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "🇩🇪",
        "می\u200cخواهم",
        "क\u094d\u200dष",
        "a  b",
        "ａ",
        "Straße",
        "łódź",
        "한글",
        "!?",
    ],
)
def test_what_can_be_seen_keeps_its_seed(word: str) -> None:
    assert parse_seed(word) == seed_of_old(word)


def test_spaces_look_alike_and_numbers_stay_numbers() -> None:
    assert parse_seed("Ash\u00a0Ketchum") == parse_seed("Ash\u202fKetchum") == seed_of_old("Ash Ketchum")
    assert parse_seed("\u200b7\u200b") == 7


@pytest.mark.parametrize("word", ["", " ", "\u200b", " \u3164 ", "\u2800\ufeff"])
def test_nothing_to_see_is_no_seed(word: str) -> None:
    with pytest.raises(SeedError, match="any words"):
        parse_seed(word)


def test_bytes_that_are_no_text_are_a_seed_all_the_same() -> None:
    assert parse_seed("\udcff") != parse_seed("\udcfe")
