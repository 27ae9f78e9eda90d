"""Evolution: what a creature was before and what becomes of it, found by walking its W+.

A walk goes along the directions in which the heads (`gan.traits`) read a later stage, more height and more
weight, all at once. They are taken anew at each step, since a gradient holds nearby alone. The coarse
levels, shape and features, move together, by one step in W, and never further from the mean style than they
were: each step is a turn, so that what is drawn stays as plausible as the creature itself. The colour levels
are held. docs/traits.md says how the bounds were measured.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from gan.latents import Array, Levels
from gan.pictures.components import Mask, components
from gan.traits import KIN, Heads

Pixels = NDArray[np.uint8]

ALONG = ("stage", "log_height_m", "log_weight_kg")
FORMS = 3  # of a line
STEP = 0.25  # of a walk, in W; creatures lie about 6 from the mean style
STEPS = 8  # from one form to the next, at most
PACES = (1.0, 0.6)  # shares of the way to the next form that are tried
LEAST_LATER, LEAST_TALLER = 0.06, 1.15  # stages, and times the height, from one form to the next
# What keeps a form recognisably the same creature as the next one.
FARTHEST_KIN = 0.25  # cosine distance between the places among species that are read of two forms
LEAST_OVERLAP = 0.75  # intersection over union of two outlines
LOOSE = 0.06  # of a body, that may lie in pieces by itself beyond what does so already
CUT = 0.02  # of the edge of the picture, that a body may touch beyond what it does already
OPAQUE = 128


@dataclass(frozen=True, eq=False)
class Form:
    """A creature of a line, and what the heads read of it."""

    w_plus: Array  # [L, w_dim]
    outputs: NDArray[np.float32]  # [T]
    heads: Heads

    @classmethod
    def of(cls, heads: Heads, w_plus: Array) -> Form:
        """The form with this W+ code [L, w_dim]."""
        return cls(w_plus, heads.outputs(w_plus[None])[0], heads)

    def number(self, name: str) -> float:
        """One of `gan.traits.NUMBERS`."""
        return float(self.outputs[self.heads.layout.columns(name)][0])

    @cached_property
    def stage(self) -> float:
        """In a line of evolution, as a number: what is read lies close to its mean, so compare it only."""
        return self.number("stage")

    @cached_property
    def height_m(self) -> float:
        """Metres."""
        return float(np.exp(self.number("log_height_m")))

    @cached_property
    def weight_kg(self) -> float:
        """Kilograms."""
        return float(np.exp(self.number("log_weight_kg")))

    def later_than(self, other: Form) -> bool:
        """Whether stage and height are both more."""
        return self.stage > other.stage and self.height_m > other.height_m

    def grown_from(self, other: Form) -> bool:
        """Whether it is later than the form before it by so much that it counts."""
        return (
            self.stage >= other.stage + LEAST_LATER
            and self.height_m >= other.height_m * LEAST_TALLER
            and self.weight_kg > other.weight_kg
        )

    def distance(self, other: Form) -> float:
        """1 − the cosine of the angle between the places among species of two forms."""
        a, b = (form.outputs[form.heads.layout.columns(KIN)] for form in (self, other))
        return 1 - float(a @ b / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-12))


@dataclass(frozen=True, eq=False)
class Line:
    """Three forms, the earliest first; the creature that it belongs to is number `place`, from 0."""

    forms: tuple[Form, ...]
    place: int


def evolves(heads: Heads) -> bool:
    """Whether these heads read what a walk goes by."""
    return set(ALONG) <= heads.shown and heads.layout.kin_size > 0


def lines(heads: Heads, levels: Levels, w_plus: Array) -> Iterator[Line]:
    """The lines in which a creature with W+ [L, w_dim] could stand, the best one first; there may be none.

    Where it stands follows from the stage that is read of it: in the lower third of all creatures it is the
    first, in the upper one the last. The other places come after that one, and shorter steps after longer.
    """
    if not evolves(heads):
        return
    creature = Form.of(heads, w_plus)
    share = heads.percentile("stage", creature.outputs)
    way = lru_cache(None)(partial(_way, heads, levels))  # both paces go the same way to the next form
    found = lru_cache(None)(partial(_forms, way, creature))

    usual = min(int(share * FORMS), FORMS - 1)
    for place in sorted(range(FORMS), key=lambda other: abs(other - usual)):
        for pace in PACES:
            before = found(-1, pace)[:place]
            after = found(1, pace)[: FORMS - 1 - place]
            if len(before) + len(after) == FORMS - 1:
                yield Line((*before[::-1], creature, *after), place)


def _forms(way_from: Callable[[Form, int], list[Form]], creature: Form, sign: int, pace: float) -> list[Form]:
    """Up to two forms that a walk finds, later (+1) or earlier (−1), the nearest first."""
    forms = [creature]
    for _ in range(FORMS - 1):
        way = way_from(forms[-1], sign)
        if not way:
            break
        reached = way[max(round(len(way) * pace), 1) - 1]
        old, new = (forms[-1], reached) if sign > 0 else (reached, forms[-1])
        if not new.grown_from(old):
            break
        forms.append(reached)
    return forms[1:]


def _way(heads: Heads, levels: Levels, start: Form, sign: int) -> list[Form]:
    """Step by step away from a form, as far as stage and height go on and it stays recognisable."""
    way, last = [], start
    for _ in range(STEPS):
        form = Form.of(heads, _step(heads, levels, last.w_plus, sign))
        goes_on = form.later_than(last) if sign > 0 else last.later_than(form)
        if not goes_on or form.distance(start) > FARTHEST_KIN:
            break
        way.append(form)
        last = form
    return way


def _step(heads: Heads, levels: Levels, w_plus: Array, sign: int) -> Array:
    """[L, w_dim]: all coarse layers moved alike, and no further from the mean style than before."""
    coarse = list(range(levels.colours))
    move = heads.directions(ALONG, w_plus, coarse).sum(axis=(0, 1))
    move *= sign * STEP / max(float(np.linalg.norm(move)), 1e-12)
    moved = w_plus.copy()
    from_mean = w_plus[coarse] - heads.centre
    after = from_mean + move
    size = np.linalg.norm(from_mean, axis=1, keepdims=True) / np.linalg.norm(after, axis=1, keepdims=True)
    moved[coarse] = heads.centre + after * np.minimum(size, 1)
    return moved.astype(np.float32)


def recognisable(pictures: Sequence[Pixels], place: int) -> bool:
    """Whether the pictures [H, W, 4] of a line's forms, in order, each show the creature of the one before.

    None may fall to pieces, or run over the edge, further than that of the creature itself, number `place`.
    """
    bodies = [picture[..., 3] >= OPAQUE for picture in pictures]
    if not all(body.any() for body in bodies):
        return False
    loose, cut = _loose(bodies[place]), _cut(bodies[place])
    return all(overlap(a, b) >= LEAST_OVERLAP for a, b in itertools.pairwise(bodies)) and all(
        _loose(body) <= loose + LOOSE and _cut(body) <= cut + CUT for body in bodies
    )


def overlap(a: Mask, b: Mask) -> float:
    """Intersection over union of two bodies [H, W]."""
    return float((a & b).sum() / max((a | b).sum(), 1))


def _loose(body: Mask) -> float:
    """The share of a body [H, W] that is not one with its largest part."""
    sizes = np.bincount(components(body, diagonal=True)[body])
    return 1 - float(sizes.max() / sizes.sum())


def _cut(body: Mask) -> float:
    """The share of the edge of the picture that a body [H, W] touches."""
    edge = np.concatenate([body[0], body[-1], body[:, 0], body[:, -1]])
    return float(edge.mean())
