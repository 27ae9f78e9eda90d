"""Choices that follow from a creature alone: the same everywhere and for ever."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def creature_key(checkpoint_id: str, w_plus: bytes) -> int:
    """64 bits that stand for a creature: its style vectors on its checkpoint."""
    digest = hashlib.sha256(checkpoint_id.encode() + b"\0" + w_plus).digest()
    return int.from_bytes(digest[:8], "big")


class Draws:
    """An endless row of numbers that follows from `seed`. Another purpose has another row."""

    def __init__(self, *seed: object) -> None:
        self._seed = "\0".join(map(str, seed)).encode()
        self._drawn = 0

    def below(self, limit: int) -> int:
        """A number from 0 to `limit` - 1."""
        text = self._seed + self._drawn.to_bytes(8, "big")
        self._drawn += 1
        return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") % limit

    def chance(self, percent: int) -> bool:
        """True `percent` times in a hundred."""
        return self.below(100) < percent

    def one_of(self, choices: Sequence[T]) -> T:
        """One of them, each as likely as the others."""
        return choices[self.below(len(choices))]
