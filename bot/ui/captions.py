"""Words under pictures: sentences with names in them, which give way where there is no room."""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.core.language import N_, _
from bot.ui.fonts import Style

HALFWAY = range(45, 56)  # percent of B: below it a child is mostly A, and above it mostly B


@dataclass(frozen=True)
class Caption:
    """A sentence with named places, translated already, and the names that stand there."""

    sentence: str
    names: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self._text(None)

    def fitted(self, style: Style, width: float, lines: int, smallest: int) -> tuple[Style, list[str]]:
        """In which style it fits, and its lines: no more than `lines`, each no wider than `width` pixels.

        The font gives way first, down to `smallest` pixels; then the names, the longest first.
        """
        longest = max((len(name) for name in self.names.values()), default=0)
        tries = [(size, None) for size in range(style.size, smallest - 1, -1)]
        tries += [(smallest, most) for most in range(longest - 1, 0, -1)]

        def at(index: int) -> tuple[Style, list[str]]:
            size, most = tries[index]
            tried = Style(style.face, size, style.weight)
            return tried, tried.wrapped(self._text(most), width) or [""]

        def fits(index: int) -> bool:
            tried, found = at(index)
            return len(found) <= lines and all(tried.width(line) <= width for line in found)

        # Whatever comes later is smaller: so the first that fits is found by halves.
        index = bisect.bisect_left(range(len(tries)), True, key=fits)
        if index < len(tries):
            return at(index)
        tried, found = at(-1)
        return tried, [tried.fitted(line, width, smallest)[1] for line in found[:lines]]

    def _text(self, most: int | None) -> str:
        """With names of at most so many characters; None: whole."""
        names = {key: name if most is None else _cut(name, most) for key, name in self.names.items()}
        return self.sentence.format(**names)


def _cut(name: str, most: int) -> str:
    return name if len(name) <= most else f"{name[:most].rstrip()}…"


def name_caption(name: str) -> Caption:
    """A name and nothing else."""
    return Caption("{name}", {"name": name})


def child_caption(take: Sequence[str], amount: int, a: str, b: str) -> Caption:
    """What a child of A and B is, in plain words: what it took of B, and how much of it, in percent."""
    names = {"a": a, "b": b}
    if len(take) == 3:
        if amount in HALFWAY:
            return Caption(_("halfway"))
        if amount in (0, 100):
            return Caption(_("{b} through and through") if amount else _("{a} through and through"), names)
        return Caption(_("mostly {a}") if amount < HALFWAY.start else _("mostly {b}"), names)
    sentence = _(_TAKEN.get(frozenset(take), N_("{a} with something of {b}")))
    if amount == 100:
        return Caption(sentence, names)
    return Caption(_("{what}, {amount} %").format(what=sentence, amount=amount), names)


# What is not taken of B is A's: so a child with all but the body of B is B, with A's body.
_TAKEN = {
    frozenset({"colours"}): N_("{a} in {b}'s colours"),
    frozenset({"features"}): N_("{a} with {b}'s features"),
    frozenset({"shape"}): N_("{a} with {b}'s body"),
    frozenset({"features", "colours"}): N_("{b} with {a}'s body"),
    frozenset({"shape", "colours"}): N_("{b} with {a}'s features"),
    frozenset({"shape", "features"}): N_("{b} in {a}'s colours"),
}
