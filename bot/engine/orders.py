"""Orders: what an engine can draw, and what it answers. Plain values, which can cross into another process.

No order holds a tensor, a model or a function: whoever draws it finds its checkpoint by the id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bot.creature.reading import Reading
from bot.errors import N_, UserError
from gan.latents import SEED_MAX, SeedError, Take, parse_seed

WPlus = NDArray[np.float32]  # one creature's styles, [L, w_dim]
Pixels = NDArray[np.uint8]  # straight-alpha RGBA, [H, W, 4]

EMPTY_SEED = N_("A seed is a number from 0 to {most} or any words.")
CANNOT_BE_ONE = N_("{seed} cannot be a seed: use a whole number from 0 to {most}, or any words.")


@dataclass(frozen=True, slots=True)
class SeedOrder:
    """The creature of a seed, which is its noise seed, too.

    It is the best of the candidates that follow from the seed, where the checkpoint can tell them apart.
    """

    seed: int
    psi: float
    checkpoint_id: str | None = None  # None: the one in use
    shiny: bool = False  # in other colours than the seed's own, where the checkpoint has any

    @property
    def noise_seed(self) -> int:
        """What its noise is made of."""
        return self.seed


# Compared by identity, as all that holds arrays: they have no single truth value.
@dataclass(frozen=True, slots=True, eq=False)
class StylesOrder:
    """The creature of known styles."""

    w_plus: WPlus
    noise_seed: int
    checkpoint_id: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class MixOrder:
    """A's styles, moved by `amount` (0 to 1) to B's at the levels in `take`, of one checkpoint."""

    a: WPlus
    b: WPlus
    take: tuple[Take, ...]
    amount: float
    noise_seed: int
    checkpoint_id: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class NearbyOrder:
    """A step (0 to 1) from another order's styles towards those of a seed, with the noise of the former."""

    origin: StylesOrder | MixOrder
    seed: int
    psi: float
    step: float

    @property
    def noise_seed(self) -> int:
        """What its noise is made of."""
        return self.origin.noise_seed

    @property
    def checkpoint_id(self) -> str | None:
        """Whose styles these are; None: of the checkpoint in use."""
        return self.origin.checkpoint_id


@dataclass(frozen=True, slots=True, eq=False)
class EvolveOrder:
    """The line of evolution in which a creature stands."""

    w_plus: WPlus
    noise_seed: int
    checkpoint_id: str


Order = SeedOrder | StylesOrder | MixOrder | NearbyOrder


@dataclass(frozen=True, slots=True)
class ProjectionOrder:
    """The creature of a checkpoint that looks most like a picture. Finding it takes a while."""

    png: bytes
    noise_seed: int
    checkpoint_id: str


@dataclass(frozen=True, slots=True)
class Subject:
    """What an uploaded picture shows, without what is behind it."""

    png: bytes  # RGBA, a square
    animated: bool  # it moves, and this is how it begins


@dataclass(frozen=True, slots=True, eq=False)
class Hatched:
    """A creature that was drawn."""

    w_plus: WPlus
    noise_seed: int
    png: bytes  # RGBA, at the network's resolution
    pixels: Pixels  # what `png` holds
    checkpoint_id: str
    candidate: int = 0  # of those that follow from its seed; 0 is the seed's own
    shiny: bool = False  # its colours are visibly not its seed's own
    reading: Reading | None = None  # what is to be kept of its traits


@dataclass(frozen=True, slots=True, eq=False)
class HatchedLine:
    """The forms of a line, the earliest first; the creature that it belongs to is number `place`, from 0."""

    forms: tuple[Hatched, ...]
    place: int


@dataclass(frozen=True, eq=False)
class Picture:
    """What a creature looks like, large."""

    pixels: Pixels
    pixel_art: bool = False  # enlarged by repeating pixels, not smoothly


class Stored(Protocol):
    """A creature, as far as its looks go."""

    @property
    def png(self) -> bytes:
        """The small picture."""
        ...

    @property
    def checkpoint_id(self) -> str:
        """What drew it."""
        ...


class Coded(Protocol):
    """A creature, as far as its nature goes."""

    @property
    def w_plus(self) -> WPlus:
        """Its styles."""
        ...

    @property
    def checkpoint_id(self) -> str:
        """What they are styles of."""
        ...


def seed_from_text(text: str) -> int:
    """The seed for what a person typed. Raises `UserError` for a number that cannot be one."""
    try:
        return parse_seed(text)
    except SeedError:
        typed = text.strip()[:24]
        sentence = CANNOT_BE_ONE if typed else EMPTY_SEED
        raise UserError(sentence, seed=typed, most=SEED_MAX) from None
