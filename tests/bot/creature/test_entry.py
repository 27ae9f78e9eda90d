"""Entries: honest, varied, grammatical as far as a test can tell, complete in both languages."""

import random
import re
from dataclasses import replace
from itertools import combinations

import pytest

from bot.creature import entry_en
from bot.creature.draws import Draws
from bot.creature.entry import GROUPS, LANGUAGES, entry, sentences, temper
from bot.creature.facts import heft, height_text, size_class, strongest, weakest, weight_text
from bot.creature.grammar import choose, fill, slots
from bot.creature.traits import COLOURS, SHAPES, SHOWABLE, STAGES, STATS, TYPES, Traits
from tests.bot.creature.made_up import made_up

BOTH = pytest.mark.parametrize("language", ["en", "zh"])
PLAIN = Traits(("Water",), "Blue", "fish", 1.0, 27.0, (60, 60, 60, 60, 60, 60), 1)


def entries(language: str, count: int, seed: int = 0) -> list[tuple[Traits, str]]:
    rng = random.Random(seed)
    creatures = [(made_up(rng), rng.getrandbits(64)) for _ in range(count)]
    return [(traits, entry(traits, key, language)) for traits, key in creatures]


@BOTH
def test_hardly_any_form_comes_twice_in_ten_entries_in_a_row(language: str) -> None:
    """A form is a sentence before its slots are filled. Of 1,000 entries' 2,650 sentences five may return."""
    rng = random.Random(0)
    forms = [[s.form for s in sentences(made_up(rng), rng.getrandbits(64), language)] for _ in range(1000)]
    again = [
        form
        for i, own in enumerate(forms)
        for form in own
        if any(form in earlier for earlier in forms[max(0, i - 9) : i])
    ]
    assert len(again) <= 5, again


@BOTH
def test_an_entry_is_two_or_three_sentences_and_always_the_same(language: str) -> None:
    rng = random.Random(1)
    for _ in range(200):
        traits, key = made_up(rng), rng.getrandbits(64)
        assert len(sentences(traits, key, language)) in (2, 3)
        assert entry(traits, key, language) == entry(traits, key, language)
        assert len(entry(traits, key, language)) < 420
        beginnings = [re.split("[,:，：]", s.text)[0].lower() for s in sentences(traits, key, language)]
        assert len(set(beginnings)) == len(beginnings)


def test_english_is_spelled_as_it_should_be() -> None:
    for _, text in entries("en", 700):
        assert not re.search(r"[\[\]{}|]|\(n\)|  | [,.;:]|\.\.|,,|: :", text), text
        assert not re.search(r"\b[Aa] [aeio]|\b[Aa]n (?!hour)[^aeiouAEIOU]|\b(\w+) \1\b", text), text
        assert text.endswith(".") and all(part[0].isupper() for part in re.split(r"(?<=[a-z])\. ", text)), (
            text
        )


def test_chinese_is_spelled_as_it_should_be() -> None:
    for _, text in entries("zh", 700):
        assert not re.search(r"[\[\]{}| a-zA-Z]|，，|。。|的的|，。|只是只|大约大约|也也", text), text
        assert text.endswith("。"), text


@BOTH
def test_only_what_is_shown_is_spoken_of(language: str) -> None:
    """Entries of two creatures that differ in what is not shown alone are the same."""
    rng = random.Random(2)
    others = {
        "types": {"types": ("Ghost", "Ice")}, "colour": {"colour": "Pink"}, "shape": {"shape": "blob"},
        "height": {"height_m": 7.7}, "weight": {"weight_kg": 777.0}, "stats": {"stats": (9, 9, 9, 9, 9, 99)},
        "stage": {"stage": 2},
    }  # fmt: skip
    assert others.keys() == SHOWABLE
    for hidden in [set(pair) for pair in combinations(sorted(SHOWABLE), 2)] + [
        set(SHOWABLE),
        SHOWABLE - {"stage"},
    ]:
        for _ in range(4):
            traits, key = made_up(rng, SHOWABLE - hidden), rng.getrandbits(64)
            other = replace(
                traits, **{name: value for group in hidden for name, value in others[group].items()}
            )
            assert entry(traits, key, language) == entry(other, key, language) != ""
            assert temper(traits, key, language) == temper(other, key, language)
            assert (temper(traits, key, language) is None) == ("stats" in hidden)


@BOTH
def test_what_is_said_is_true(language: str) -> None:
    """Names of colours and types, heights and weights in an entry are those of the creature."""
    words = LANGUAGES[language]
    for traits, text in entries(language, 400):
        for found in re.findall(r"([\d.]+)(?:\s?m\b|米)", text):
            assert found == height_text(traits.height_m)
        for found in re.findall(r"([\d.]+)(?:\s?kg\b|千克)", text):
            assert found == weight_text(traits.weight_kg)
        if language == "en":
            assert {name for name in TYPES if re.search(rf"\b{name}\b", text)} <= set(traits.types), text
        foreign = set(words.colours.values()) - {words.colours[traits.colour]}
        assert not any(re.search(rf"\b{name}\b" if language == "en" else name, text) for name in foreign), (
            text
        )


@BOTH
def test_every_language_has_words_for_everything(language: str) -> None:
    words = LANGUAGES[language]
    assert set(words.types) == set(words.flavours) == set(TYPES)
    assert set(words.colours) == set(COLOURS) and set(words.kinds) == set(SHAPES)
    assert set(words.stage_sentences) == set(STAGES) and set(words.weight_sentences) == {
        "light",
        "usual",
        "heavy",
    }
    assert set(words.tops) == set(words.card) == {*STATS, "even"}
    assert set(words.lows) == set(words.card_lows) == set(STATS)
    known = {*GROUPS, "type", "type2", "flavour", "flavour2", "top", "low"}
    for patterns in (words.looks, words.natures, words.tempers, words.tempers_both):
        assert all(slots(pattern) <= known for pattern in patterns)
    for pattern in (*words.looks, *words.natures, *words.tempers, *words.tempers_both, *words.sizes):
        assert pattern.count("[") == pattern.count("]") and "{{" not in pattern


def test_both_languages_are_different_creatures_entries_of_one_creature() -> None:
    assert LANGUAGES.keys() == {"en", "zh"}
    assert re.search(r"[a-z]", entry(PLAIN, 1, "en")) and not re.search(r"[a-z]", entry(PLAIN, 1, "zh"))


# The grammar.


def test_choices_lie_within_choices() -> None:
    found = {choose("[a|b [c|d]][|!] {x}", Draws(i)) for i in range(200)}
    assert found == {f"{first}{last} {{x}}" for first in ("a", "b c", "b d") for last in ("", "!")}


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("a(n) {x} one", "An easy one"),
        ("so a(n) big {x} one", "So a big easy one"),
        ("A(n) {y}, a(n) {x}", "A 1, an easy"),
    ],
)
def test_articles_and_first_letters_are_right(form: str, text: str) -> None:
    sentence = fill(form, {"x": "easy", "y": "1"})
    assert (sentence.text, sentence.form) == (text, form)


# Facts.


@pytest.mark.parametrize(("height", "size"), [(0.1, 0), (0.35, 1), (0.9, 2), (1.8, 3), (2.25, 4), (20, 4)])
def test_sizes(height: float, size: int) -> None:
    assert size_class(height) == size < len(LANGUAGES["en"].sizes)


@pytest.mark.parametrize(("weight", "found"), [(27, "usual"), (5, "light"), (90, "heavy")])
def test_heft_is_judged_by_height(weight: float, found: str) -> None:
    assert heft(replace(PLAIN, weight_kg=weight)) == found
    assert heft(replace(PLAIN, weight_kg=weight, height_m=0.1)) == "heavy"


def test_stats_that_stick_out() -> None:
    assert (strongest(PLAIN), weakest(PLAIN)) == ("even", None)
    quick = replace(PLAIN, stats=(60, 60, 40, 60, 60, 100))
    assert (strongest(quick), weakest(quick)) == ("spe", "def")


def test_numbers_are_rounded_as_in_the_games() -> None:
    assert [height_text(h) for h in (0.04, 0.66, 12.34)] == ["0.1", "0.7", "12.3"]
    assert [weight_text(w) for w in (0.02, 6.94, 99.4, 312.4)] == ["0.1", "6.9", "99.4", "312"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"types": ()}, {"types": ("Water", "Water")}, {"types": ("Wood",)}, {"colour": "grey"},
        {"shape": "cube"}, {"height_m": 0.0}, {"height_m": float("nan")}, {"weight_kg": -1.0},
        {"stats": (0, 1, 1, 1, 1, 1)}, {"stats": (1, 1)}, {"stage": 4}, {"shown": frozenset({"age"})},
    ],
)  # fmt: skip
def test_traits_that_no_reader_gives_are_refused(wrong: dict) -> None:
    with pytest.raises(ValueError):
        replace(PLAIN, **wrong)


def test_leads_are_no_claims() -> None:
    """Patterns begin with a small letter where something may stand before them."""
    assert all(not pattern.startswith(("it ", "It ")) or "[" in pattern for pattern in entry_en.LOOKS)
