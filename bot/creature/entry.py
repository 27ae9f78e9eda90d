"""Two or three sentences about a creature, composed of what was read and of nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.creature.draws import Draws
from bot.creature.entry_en import ENGLISH
from bot.creature.entry_zh import CHINESE
from bot.creature.facts import alike, heft, height_text, size_class, strongest, weakest, weight_text
from bot.creature.grammar import Sentence, Words, choose, fill, slots
from bot.creature.traits import Traits

LANGUAGES = {"en": ENGLISH, "zh": CHINESE}
GROUPS = {
    "height": "height", "size": "height", "tall_as": "height", "kind": "shape", "colour": "colour",
    "weight": "weight", "heavy_as": "weight",
}  # fmt: skip
THREE_SENTENCES = 70  # percent; the others have two
# After how it looks comes what is drawn first from here; the more often a topic stands here, the oftener.
TOPICS = ("nature",) * 4 + ("temper",) * 4 + ("weight",) * 2 + ("stage",)
ATTEMPTS = 8  # at a sentence that does not begin as one before it
NATURE_FIRST = 25  # percent of entries that tell of it before the looks


def entry(traits: Traits, key: int, language: str) -> str:
    """The entry of a creature, the same for ever. `language` is one of LANGUAGES."""
    return LANGUAGES[language].joiner.join(sentence.text for sentence in sentences(traits, key, language))


def sentences(traits: Traits, key: int, language: str) -> list[Sentence]:
    """The sentences of the entry: two or three, fewer where little may be said."""
    words = LANGUAGES[language]

    def draws(purpose: str) -> Draws:
        """Choices of each kind by themselves: what is not shown changes none of the others."""
        return Draws("entry", language, key, purpose)

    values = _values(traits, words, draws("values"))
    told = {
        "looks": _looks(values, words, draws("looks")),
        "nature": _nature(traits, words, draws("nature")) if traits.shows("types") else None,
        "temper": _temper(traits, words, draws("temper")) if traits.shows("stats") else None,
        "weight": _weight(traits, values, words, draws("weight")),
        "stage": _stage(traits, words, draws("stage")) if traits.shows("stage") else None,
    }
    chosen = _topics([topic for topic, pattern in told.items() if pattern], draws("topics"))
    forms: list[str] = []
    for topic in chosen or ["unknown"]:
        pattern = told.get(topic) or draws("unknown").one_of(words.unknown)
        form = ""
        for attempt in range(ATTEMPTS):
            form = choose(pattern, draws(f"{topic} form {attempt}"))
            if _beginning(form) not in map(_beginning, forms):
                break
        forms.append(form)
    return [fill(form, values) for form in forms]


def temper(traits: Traits, key: int, language: str) -> str | None:
    """One line about its temper for the card; None if stats may not be spoken of."""
    if not traits.shows("stats"):
        return None
    words = LANGUAGES[language]
    draws = Draws("temper", language, key)
    top = draws.one_of(words.card[strongest(traits)])
    low = weakest(traits)
    if low is None:
        return top
    pattern = choose(words.card_both, draws)
    return pattern.replace("{top}", top).replace("{low}", draws.one_of(words.card_lows[low]))


def _topics(known: Sequence[str], draws: Draws) -> list[str]:
    """Which of the known topics are told, in their order."""
    wanted = 3 if draws.chance(THREE_SENTENCES) else 2
    chosen = ["looks"] if "looks" in known else []
    left = [topic for topic in TOPICS if topic in known]
    while left and len(chosen) < wanted:
        topic = draws.one_of(left)
        chosen.append(topic)
        left = [other for other in left if other != topic]
    if chosen[1:2] == ["nature"] and draws.chance(NATURE_FIRST):
        chosen[:2] = chosen[1::-1]
    return chosen


def _values(traits: Traits, words: Words, draws: Draws) -> dict[str, str]:
    """What fills the slots: of the groups that are shown alone."""
    tall, heavy = alike(traits.height_m, words.heights), alike(traits.weight_kg, words.weights)
    patterns = {
        "kind": words.kinds[traits.shape],
        "colour": words.colours[traits.colour],
        "height": words.metres.format(height_text(traits.height_m)),
        "size": words.sizes[size_class(traits.height_m)],
        "weight": words.kilograms.format(weight_text(traits.weight_kg)),
        "tall_as": tall,
        "heavy_as": heavy,
    }
    values = {name: choose(p, draws) for name, p in patterns.items() if p and traits.shows(GROUPS[name])}
    if traits.shows("types"):
        values |= {
            name: words.types[kind] for name, kind in zip(("type", "type2"), traits.types, strict=False)
        }
    return values


def _usable(patterns: Sequence[str], values: dict[str, str]) -> list[str]:
    return [pattern for pattern in patterns if slots(pattern) <= values.keys()]


def _looks(values: dict[str, str], words: Words, draws: Draws) -> str | None:
    """A pattern that tells as much as any of the groups of looks that are known."""
    usable = _usable(words.looks, values)
    told = [len({GROUPS[slot] for slot in slots(pattern)}) for pattern in usable]
    return draws.one_of([p for p, n in zip(usable, told, strict=True) if n == max(told)]) if usable else None


def _weight(traits: Traits, values: dict[str, str], words: Words, draws: Draws) -> str | None:
    """Whether it is light or heavy takes its height, too."""
    if not (traits.shows("weight") and traits.shows("height")):
        return None
    return draws.one_of(_usable(words.weight_sentences[heft(traits)], values))


def _nature(traits: Traits, words: Words, draws: Draws) -> str:
    two = len(traits.types) == 2
    pattern = draws.one_of([p for p in words.natures if two or "{type2}" not in p])
    pattern = pattern.replace("{flavour}", draws.one_of(words.flavours[traits.types[0]]))
    return pattern.replace("{flavour2}", draws.one_of(words.flavours[traits.types[-1]]))


def _temper(traits: Traits, words: Words, draws: Draws) -> str:
    top, low = strongest(traits), weakest(traits)
    pattern = draws.one_of(words.tempers if low is None else words.tempers_both)
    pattern = pattern.replace("{top}", draws.one_of(words.tops[top]))
    return pattern if low is None else pattern.replace("{low}", draws.one_of(words.lows[low]))


def _beginning(form: str) -> str:
    """A sentence up to its first comma or colon: what reads badly twice in one entry."""
    return re.split("[,:，：]", form, maxsplit=1)[0].lower()


def _stage(traits: Traits, words: Words, draws: Draws) -> str:
    return draws.one_of(words.stage_sentences[traits.stage])
