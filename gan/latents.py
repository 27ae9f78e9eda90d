"""Seeds, latents and styles: seed → z, and what can be done with W+ codes (arrays of [L, w_dim])."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from gan.config import NetworkConfig
from gan.errors import UserError
from gan.words import visible

Array = NDArray[np.float32]
Take = Literal["shape", "features", "colours"]

SEED_MAX = 2**32 - 1
COARSE_UP_TO = 8  # pixels: shape, where nothing was measured
MIDDLE_UP_TO = 16  # pixels: features; every level above is colours


class SeedError(UserError, ValueError):
    """A seed that cannot be used. Its text is fit to show to a user."""


class LayerError(UserError, ValueError):
    """Layers or levels that a network does not have. Its text is fit to show to a user."""


@dataclass(frozen=True)
class Levels:
    """Which layers of a W+ code are shape (the first ones), features (the next) and colours (the last).

    They belong to a checkpoint (`gan.checkpoint`). Raises `LayerError` for layers out of order.
    """

    features: int  # the first layer of the features
    colours: int  # the first layer of the colours
    num_layers: int  # L

    def __post_init__(self) -> None:
        bounds = (0, self.features, self.colours, self.num_layers)
        if any(type(bound) is not int for bound in bounds) or list(bounds) != sorted(bounds):
            raise LayerError(f"Levels begin at layers in order, not at {', '.join(map(str, bounds[:3]))}.")

    @classmethod
    def by_resolution(cls, config: NetworkConfig) -> Levels:
        """Shape up to 8×8, features at 16×16, colours above: of checkpoints that hold no measured ones."""

        def first_above(resolution: int) -> int:
            levels = sum(r <= resolution for r in config.resolutions)
            return min(max(2 * levels - 1, 0), config.num_layers)

        return cls(first_above(COARSE_UP_TO), first_above(MIDDLE_UP_TO), config.num_layers)

    def layers(self, take: Take) -> range:
        """The layers of one level, in order."""
        bounds = (0, self.features, self.colours, self.num_layers)
        index = get_args(Take).index(take)
        return range(bounds[index], bounds[index + 1])

    def to_dict(self) -> dict[str, int]:
        """Where the levels begin, as plain JSON values; how many layers there are says the network."""
        return {"features": self.features, "colours": self.colours}

    def by_name(self) -> list[tuple[Take, range]]:
        """All levels with their layers, from coarse to fine; one may have none."""
        return [(take, self.layers(take)) for take in get_args(Take)]


def parse_seed(text: str) -> int:
    """The seed that a person's words stand for: a number is itself, any other text is hashed.

    Raises `SeedError` for an empty text, a negative number or one above `SEED_MAX`.
    """
    text = visible(text)
    if not text:
        raise SeedError(f"A seed is a number from 0 to {SEED_MAX} or any words.")
    if re.fullmatch(r"[+-]?\d+(\.\d+)?", text):
        if not text.isdecimal() or len(text) > 10 or int(text) > SEED_MAX:
            raise SeedError(
                f"{text[:24]} cannot be a seed: use a whole number from 0 to {SEED_MAX}, or any words."
            )
        return int(text)
    # One word, however a keyboard composes its accents, capitals or not.
    plain = unicodedata.normalize("NFC", text.casefold())
    return int.from_bytes(hashlib.sha256(plain.encode(errors="surrogatepass")).digest()[:4])


def parse_seeds(text: str) -> list[int]:
    """Seeds from a command line: `0-15`, `3,7,20-22`, or words, separated by commas. Raises `SeedError`."""
    seeds: list[int] = []
    for part in text.split(","):
        span = re.fullmatch(r"\s*(\d+)\s*-\s*(\d+)\s*", part)
        if span is None:
            seeds.append(parse_seed(part))
            continue
        first, last = parse_seed(span[1]), parse_seed(span[2])
        if last < first:
            raise SeedError(f"The range {part.strip()} runs backwards: write {last}-{first}.")
        if last - first >= 100_000:
            raise SeedError(f"The range {part.strip()} has over 100,000 seeds: ask for fewer at a time.")
        seeds.extend(range(first, last + 1))
    return seeds


def z_from_seed(seed: int, z_dim: int, candidate: int = 0) -> Array:
    """The latent z [z_dim] of a seed, or another candidate that follows from it (`gan.scorer`).

    NumPy's legacy generator, because its stream is frozen: a seed must mean the same creature for ever.
    """
    state = seed if candidate == 0 else [seed, 2, candidate]  # [seed, 1] is the stream of its noise
    return np.random.RandomState(state).standard_normal(z_dim).astype(np.float32)


def z_of_colours(seed: int, z_dim: int, number: int) -> Array:
    """One of the latents z [z_dim] whose colours a seed's shiny may have (`gan.shiny`)."""
    return np.random.RandomState([seed, 3, number]).standard_normal(z_dim).astype(np.float32)


def noise_from_seed(seed: int, sides: Sequence[int]) -> list[Array]:
    """The noise images of a noise seed: one [side, side] for each convolution of the synthesis network."""
    random = np.random.RandomState([seed, 1])  # another stream than the seed's z: they share nothing
    return [random.standard_normal((side, side)).astype(np.float32) for side in sides]


def parse_take(text: str) -> list[Take]:
    """The levels of a comma-separated list: "shape,colours". Raises `LayerError` for any other word."""
    names = [part.strip().casefold() for part in text.split(",")]
    levels = [level for level in get_args(Take) if level in names]
    unknown = [name for name in names if name not in levels]
    if unknown:
        raise LayerError(f"There is no level {unknown[0][:24]!r}: take {', '.join(get_args(Take))}.")
    return levels


def parse_layers(text: str, num_layers: int) -> list[int]:
    """The layers of a list like "0-3,5", sorted. Raises `LayerError` for ones that are not there."""
    layers: set[int] = set()
    for part in text.split(","):
        span = re.fullmatch(r"\s*(\d{1,3})\s*(?:-\s*(\d{1,3})\s*)?", part, re.ASCII)
        first, last = (int(span[1]), int(span[2] or span[1])) if span else (1, 0)
        if not first <= last < num_layers:
            raise LayerError(
                f"{part.strip()[:24]!r} is not among this network's layers: write 0-{num_layers - 1}, or "
                "some of them, like 0-2,4."
            )
        layers |= set(range(first, last + 1))
    return sorted(layers)


def layers_of(take: Sequence[Take], levels: Levels) -> list[int]:
    """The layers that belong to the levels in `take`, in order."""
    return sorted(layer for level in take for layer in levels.layers(level))


def mix_layers(a: Array, b: Array, layers: Sequence[int], amount: float = 1.0) -> Array:
    """A's styles [L, w_dim], moved by `amount` to B's at any choice of layers."""
    mixed, chosen = a.copy(), list(layers)
    mixed[chosen] = blend(a[chosen], b[chosen], amount)
    return mixed


def mix_by_level(a: Array, b: Array, take: Sequence[Take], levels: Levels, amount: float = 1.0) -> Array:
    """A's styles, moved by `amount` to B's at the levels in `take`: [L, w_dim] (StyleGAN section 3.1)."""
    if unknown := set(take) - set(get_args(Take)):
        raise ValueError(f"unknown level {unknown.pop()!r}")
    return mix_layers(a, b, layers_of(take, levels), amount)


def blend(a: Array, b: Array, amount: float) -> Array:
    """A linear blend of two W+ codes: `amount` 0 is exactly A, 1 is exactly B."""
    return (np.float32(1 - amount) * a + np.float32(amount) * b).astype(np.float32)
