"""What a creature may be called, and which names are the same."""

from __future__ import annotations

import pytest

from bot.store import NameInvalid, clean_name
from bot.store.codes import ALPHABET, new_code, parse_code
from bot.store.names import fold, plain, search_key


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("Foo", "Foo"),
        ("  Foo  ", "Foo"),
        ("Sir\u00a0  Fluff", "Sir Fluff"),  # a no-break space among them
        ("Mr. O'Malley-Smith 3", "Mr. O'Malley-Smith 3"),
        ("O’Malley – Smith", "O'Malley - Smith"),  # what a phone's keyboard makes of it
        ("Pokémon", "Pokémon"),
        ("Poke\u0301mon", "Pokémon"),
        ("ピカチュウ", "ピカチュウ"),
        ("皮卡丘", "皮卡丘"),
        ("피카츄", "피카츄"),
        ("Пикачу", "Пикачу"),
        ("بيكاتشو", "بيكاتشو"),
        ("פיקאצ'ו", "פיקאצ'ו"),
        ("पिकाचू", "पिकाचू"),
        ("ปิกาจู", "ปิกาจู"),
        ("ကြွေး", "ကြွေး"),  # four marks on one letter, as written
        ("٣ قطط", "٣ قطط"),
        ("7", "7"),
        ("a" * 32, "a" * 32),
        ("e\u0301" * 32, "é" * 32),  # counted as it is seen
    ],
)
def test_accepts_names_in_any_script(raw: str, name: str) -> None:
    assert clean_name(raw)[0] == name


@pytest.mark.parametrize(
    ("raw", "advice"),
    [
        ("", "at least one letter"),
        ("   \t\n ", "at least one letter"),
        ("a" * 33, "33 characters"),
        ("a" * 5000, "too long"),
        ("Foo🔥", "emoji"),
        ("🇯🇵", "emoji"),
        ("👨\u200d👩\u200d👧", "emoji"),  # joined, and told about the emoji rather than the joiner
        ("☀\ufe0f", "emoji"),
        ("1\ufe0f\u20e3", "emoji"),  # keycap
        ("\U0001fae8", "emoji"),  # younger than the Unicode tables of some Pythons
        ("Nidoran♀", "emoji and symbols"),
        ("Fo\u200bo", "invisible"),  # zero-width space
        ("Fo\u200do", "invisible"),  # zero-width joiner
        ("\ufeffFoo", "invisible"),
        ("Foo\u202egnp", "invisible"),  # right-to-left override
        ("Foo\u2066x", "invisible"),
        ("Fo\u00ado", "invisible"),  # soft hyphen
        ("Fo\x00o", "invisible"),
        ("Fo\no", "invisible"),
        ("Fo\u2028o", "invisible"),
        ("Fo\ud800o", "invisible"),  # half a surrogate pair, as JSON can carry it
        ("\u3164", "invisible"),  # Hangul filler: a letter that shows nothing
        ("Foo\u034f", "invisible"),
        ("Foo\ufe0e", "invisible"),
        ("Foo\U000e0041", "invisible"),  # tag
        *((f"F{markup}o", "formatting") for markup in "*_`~|><@#[]:\\/"),
        ("Foo!", "special"),
        ("Foo, Bar", "special"),
        ("50%", "special"),
        ("a+b", "special"),
        ("a^b", "special"),
        ("- Foo", "start the name"),
        (".", "start the name"),
        ("'", "start the name"),
        ("\u0301Foo", "start the name"),
        ("a" + "\u0323" * 7 + "b", "fewer accents"),
    ],
)
def test_refuses_in_one_sentence_that_says_what_to_do(raw: str, advice: str) -> None:
    with pytest.raises(NameInvalid) as refusal:
        clean_name(raw)
    sentence = str(refusal.value)
    assert advice in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("FOO", "foo"),
        ("Pokémon", "pokemon"),
        ("Straße", "STRASSE"),
        ("Ｆｏｏ", "foo"),  # full width
        ("𝐅𝐨𝐨", "foo"),  # mathematical bold
        ("O’Malley", "o'malley"),
        ("Sir  Fluff", "sir fluff"),
        ("ﬁre", "fire"),  # ligature
        ("ΠΙΚΑΤΣΟΥ", "πικατσου"),
    ],
)
def test_names_that_read_the_same_are_the_same(one: str, other: str) -> None:
    assert clean_name(one)[1] == clean_name(other)[1]


@pytest.mark.parametrize(("one", "other"), [("か", "が"), ("कि", "कु"), ("й", "и"), ("foo", "fo o")])
def test_names_that_differ_in_their_script_stay_different(one: str, other: str) -> None:
    assert clean_name(one)[1] != clean_name(other)[1]


@pytest.mark.parametrize(
    "name", ["Pokémon", "피카츄", "ピカチュウ", "Straße", "ﷺ", "पिकाचू", "İstanbul", "ΠΣ"]
)
def test_looking_a_name_up_gives_the_key_it_was_saved_under(name: str) -> None:
    shown, key = clean_name(name)
    assert search_key(shown) == search_key(f"  {shown.upper()} ") == search_key(key) == key
    assert fold(key) == key


def test_looking_up_takes_any_text() -> None:
    assert search_key("") == ""
    assert search_key("**Foo**\u200b") == "foo"
    assert search_key("\ud800") == ""
    assert len(search_key("x" * 100_000)) <= 1000


def test_quoted_text_carries_no_markup() -> None:
    assert plain("<@123> **hi** `x`\u202e\n[a](b)") == "123 hi xa(b)"


def test_codes_forgive_what_people_confuse() -> None:
    assert parse_code(" K3F9XO ") == "k3f9x0"
    assert parse_code("ILO000") == "110000"
    assert parse_code("k3f9x") is None
    assert parse_code("k3f9xu") is None
    assert parse_code("k3f9x²") is None


def test_new_codes_are_codes() -> None:
    codes = [new_code() for _ in range(200)]
    assert all(parse_code(code) == code and set(code) <= set(ALPHABET) for code in codes)
    assert len(set(codes)) == len(codes)
