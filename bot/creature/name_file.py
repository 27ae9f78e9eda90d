"""The file of what names are made of and may not be: read here, written by `python -m train names`.

It holds no name. Syllables have weights, one row a type; real names, their neighbours and rude words are
there as 32-bit fingerprints alone. How texts are folded before they are compared is part of the file.
"""

from __future__ import annotations

import functools
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

NAME_FILE = Path(__file__).with_name("names.safetensors")
FORMAT = "newmon-names 1"


class NameFileError(Exception):
    """The file of names is missing, damaged or of another version."""


@dataclass(frozen=True)
class Part:
    """Syllables, or consonants before a vowel, of one position in a name."""

    texts: tuple[str, ...]
    totals: np.ndarray  # [types + 1, N] integers: cumulative weights; the last row is of all types together


@dataclass(frozen=True)
class NameFile:
    """Everything in the file."""

    types: tuple[str, ...]  # of the rows of `Part.totals`
    syllables: dict[str, Part]  # "first", "middle", "last"
    onsets: dict[str, Part]  # the consonants that they begin with
    trigrams: frozenset[str]  # that names have, "^" before and "$" behind them
    folds: tuple[tuple[str, str], ...]  # replacements, one after the other: what looks alike
    sounds: tuple[tuple[str, str], ...]  # and after those: what sounds alike
    key: bytes  # of the fingerprints
    prints: dict[str, frozenset[int]]  # sets of fingerprints by name

    def has(self, name: str, text: str) -> bool:
        """Whether `text` is in a set of fingerprints. Few strangers are taken for members."""
        return fingerprint(text, self.key) in self.prints[name]


def fingerprint(text: str, key: bytes) -> int:
    """32 bits of a keyed hash."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4, key=key).digest(), "little")


@functools.cache
def name_file(path: Path = NAME_FILE) -> NameFile:
    """Read the file once. Raises NameFileError."""
    try:
        with safe_open(path, framework="numpy") as file:
            about = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if FORMAT not in about:
            raise NameFileError(
                f"{path} is no file of names of this version: python -m train names builds one."
            )
        texts = json.loads(about[FORMAT])
        return NameFile(
            tuple(texts["types"]),
            {
                name: Part(tuple(own), _totals(arrays[f"syllables.{name}"]))
                for name, own in texts["syllables"].items()
            },
            {
                name: Part(tuple(own), _totals(arrays[f"onsets.{name}"]))
                for name, own in texts["onsets"].items()
            },
            frozenset(texts["trigrams"]),
            tuple((before, after) for before, after in texts["folds"]),
            tuple((before, after) for before, after in texts["sounds"]),
            bytes.fromhex(texts["key"]),
            {name: frozenset(arrays[f"prints.{name}"].tolist()) for name in texts["prints"]},
        )
    except (OSError, SafetensorError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise NameFileError(f"{path} cannot be read: python -m train names builds it anew.") from error


def _totals(weights: np.ndarray) -> np.ndarray:
    return np.cumsum(weights.astype(np.int64), axis=1)
