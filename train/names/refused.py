"""What a proposed name is compared with: real names and rude words, as fingerprints that do not tell them."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterable
from pathlib import Path

import numpy as np

from gan.files import write
from train.names.sources import Sources

KEY = b"newmon names"
FURTHER_FILE = Path(__file__).with_name("further.txt")
COPIED = 5  # letters in a row that no proposed name shares with a real one
LEAST_LETTERS = 3  # of a rude English word
LEAST_ELSEWHERE = 4  # of another language's
LEAST_PINYIN = 4  # letters; shorter ones are refused as a whole name only

# What looks alike, replaced one after the other in lower-case text.
FOLDS = (
    ("0", "o"), ("1", "i"), ("!", "i"), ("|", "l"), ("3", "e"), ("4", "a"), ("@", "a"), ("5", "s"),
    ("$", "s"), ("6", "g"), ("7", "t"), ("+", "t"), ("8", "b"), ("9", "g"),
    ("ß", "ss"), ("æ", "ae"), ("ø", "o"), ("œ", "oe"),
)  # fmt: skip
# What sounds alike, replaced one after the other in what was folded; after it double letters are one.
SOUNDS = (
    ("tch", "ch"), ("sch", "sh"), ("ch", "C"), ("sh", "S"), ("ph", "f"), ("gh", "g"), ("ck", "k"),
    ("qu", "kw"), ("ce", "se"), ("ci", "si"), ("cy", "si"), ("c", "k"), ("q", "k"), ("x", "ks"),
    ("z", "s"), ("y", "i"), ("ee", "i"), ("ea", "i"), ("oo", "u"), ("wh", "w"), ("v", "f"),
)  # fmt: skip

# Nothing rude, and nothing to be called: the lists do not have them.
UNFORTUNATE = (
    "hitler", "nazi", "stalin", "osama", "putin", "trump", "covid", "ebola", "cancer", "tumor", "corpse",
    "suicid", "murder", "terror", "bomb", "gulag", "lynch", "genocid", "cocain", "heroin", "meth", "opium",
)  # fmt: skip
UNFORTUNATE_CHINESE = (
    "希特勒",
    "纳粹",
    "斯大林",
    "本拉登",
    "拉登",
    "死",
    "尸",
    "毒",
    "鬼子",
    "傻",
    "妈的",
    "恐怖",
    "自杀",
)


def fold(text: str) -> str:
    """Lower-case letters, without accents, and what is no letter as the letter that it stands for."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    for before, after in FOLDS:
        plain = plain.replace(before, after)
    return "".join(filter(str.isalpha, plain))


def sound(letters: str) -> str:
    """What was folded, spelled as it sounds."""
    for before, after in SOUNDS:
        letters = letters.replace(before, after)
    return re.sub(r"(.)\1+", r"\1", letters)


def prints(sources: Sources, trigrams: Collection[str]) -> dict[str, np.ndarray]:
    """Sorted fingerprints by the name of the set, uint32. The bot's name_rules says what each is asked.

    Of words that could be names are kept only those of `trigrams`: no other could be proposed.
    """
    real = {fold(name) for name in sources.names} | {fold(name) for name, _ in sources.species}
    latin = {name for name in real if name.isascii()}
    english = {fold(word) for word in (*sources.rude, *UNFORTUNATE)}
    elsewhere = {fold(word) for word in sources.rude_elsewhere}
    chinese = {fold(word) for word in (*sources.rude_chinese, *UNFORTUNATE_CHINESE)}
    read = [[sources.readings.get(c, c) for c in word] for word in chinese]
    letters = {"".join(syllables) for syllables in read}
    sets = {
        "real": _with_neighbours(real),
        "copied": {name[i : i + COPIED] for name in latin for i in range(len(name) - COPIED + 1)},
        "words": {
            word
            for word in map(fold, sources.words)
            if all(f"^{word}$"[i : i + 3] in trigrams for i in range(len(word)))
        },
        "rude": {word for word in english if len(word) >= LEAST_LETTERS and word.isascii()}
        | {word for word in elsewhere if len(word) >= LEAST_ELSEWHERE and word.isascii()}
        | {word for word in chinese if word and not word.isascii()},
        "rude_sound": {
            heard for word in english if len(word) > LEAST_LETTERS and len(heard := sound(word)) >= 3
        },
        "rude_pinyin": {text for text in letters if len(text) >= LEAST_PINYIN},
        "rude_pinyin_whole": {text for text in letters if text},
        "rude_syllables": {"-".join(syllables) for syllables in read if len(syllables) > 1},
    }
    found = {name: _fingerprints(texts) for name, texts in sets.items()}
    return found | {"real": np.union1d(found["real"], read_further())}


def read_further() -> np.ndarray:
    """Fingerprints of further names and of their neighbours, uint32.

    Lists of species' names in Chinese differ in some; these are the ones that PokeAPI's table
    pokemon_species_names has and the package of names has not.
    """
    return np.array([int(line, 16) for line in FURTHER_FILE.read_text().split()], dtype=np.uint32)


def write_further(names: Iterable[str], known: Collection[str]) -> None:
    """Keep fingerprints of those of `names` that are not among the `known` ones. Raises FileError."""
    new = {fold(name) for name in names} - {fold(name) for name in known}
    lines = [f"{value:08x}\n" for value in _fingerprints(_with_neighbours(new))]
    write(FURTHER_FILE, "".join(lines).encode())


def _with_neighbours(names: set[str]) -> set[str]:
    """With all that lack a character of one: texts one edit apart share such a text, or one is such."""
    return names | {name[:i] + name[i + 1 :] for name in names for i in range(len(name))}


def fingerprint(text: str) -> int:
    """32 bits of a keyed hash."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4, key=KEY).digest(), "little")


def _fingerprints(texts: Iterable[str]) -> np.ndarray:
    return np.array(sorted({fingerprint(text) for text in texts}), dtype=np.uint32)
