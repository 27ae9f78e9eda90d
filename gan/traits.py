"""What a creature is, read from its styles: types, colour, shape, height, weight, base stats, stage.

Heads on W+ that were distilled from a reader of pictures (`train.traits`) and travel with a checkpoint as its
section "traits": a projection of each layer's style and two hidden layers. They need no picture, and their
gradients are directions in W+: more fire, larger, a later stage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan.errors import UserError
from gan.sections import TRAITS, Section

Floats = NDArray[np.float32]

VERSION = 1
STATS = ("hp", "atk", "def", "spa", "spd", "spe")
NUMBERS = ("log_height_m", "log_weight_kg", "stage", "total", *STATS)
CHOICES = ("types", "colour", "shape")
KIN = "kin"
LAYERS = ("first", "second", "out")  # of the heads: each a weight and a bias


class TraitsError(UserError):
    """Traits that cannot be read. Its text is fit to show to a user."""


@dataclass(frozen=True)
class Layout:
    """Which output stands for what: types, colours and shapes, the numbers, and the place among species."""

    types: tuple[str, ...]
    colours: tuple[str, ...]
    shapes: tuple[str, ...]
    kin_size: int = 0  # D: length of the vector that is compared with those of species

    @property
    def size(self) -> int:
        """T: how many outputs there are."""
        return self.columns(KIN).stop

    def values(self, group: str) -> tuple[str, ...]:
        """What the outputs of types, colour or shape stand for. Raises KeyError for another group."""
        return {"types": self.types, "colour": self.colours, "shape": self.shapes}[group]

    def columns(self, group: str) -> slice:
        """The outputs of types, colour, shape, a number, or the kin. Raises KeyError for another group."""
        start = 0
        for name in CHOICES:
            size = len(self.values(name))
            if name == group:
                return slice(start, start + size)
            start += size
        if group in NUMBERS:
            start += NUMBERS.index(group)
            return slice(start, start + 1)
        if group != KIN:
            raise KeyError(group)
        return slice(start + len(NUMBERS), start + len(NUMBERS) + self.kin_size)


@dataclass(frozen=True)
class Confidence:
    """How likely a guess is right: a logistic function of its output and of the margin to the other guess."""

    output: float
    margin: float
    offset: float

    def __call__(self, output: Floats, margin: Floats) -> Floats:
        """Outputs [...] and their margins [...], of the best over the second → probabilities [...]."""
        logit = self.output * output + self.margin * margin + self.offset
        return (1 / (1 + np.exp(-np.clip(logit, -30, 30)))).astype(np.float32)


@dataclass(frozen=True)
class Calibration:
    """From outputs to probabilities that can be believed."""

    types: Confidence  # that the first guess is among the true types
    second_type: Confidence  # that the second one is
    colour: Confidence
    shape: Confidence
    second_type_from: float  # probability from which on a second type is named

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Calibration:
        """The inverse of `dataclasses.asdict`. Raises TypeError for other values."""
        fields = dict(values)
        threshold = float(fields.pop("second_type_from"))
        return cls(**{name: Confidence(**v) for name, v in fields.items()}, second_type_from=threshold)

    def first(self, group: str, outputs: Floats) -> tuple[NDArray[np.int64], Floats]:
        """For outputs [N, K] of one of `CHOICES` the best guess and how likely it is right, [N] each."""
        order, best, margin = _best_two(outputs)
        confidence: Confidence = getattr(self, group)
        return order[:, 0], confidence(best[:, 0], margin)

    def second(self, outputs: Floats) -> tuple[NDArray[np.int64], Floats]:
        """For outputs [N, K] of the types the second guess and how likely it is right, [N] each."""
        order, best, margin = _best_two(outputs)
        return order[:, 1], self.second_type(best[:, 1], margin)


def _best_two(outputs: Floats) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Of [N, K] the places of the two largest [N, 2], they themselves, and by how much they differ [N]."""
    order = np.argsort(-outputs, axis=1)[:, :2]
    best = np.take_along_axis(outputs, order, axis=1)
    return order, best, best[:, 0] - best[:, 1]


@dataclass(frozen=True)
class Guess:
    """One value, and how likely it is."""

    value: str
    probability: float


@dataclass(frozen=True)
class Traits:
    """What was read of one creature. What the reader cannot tell better than its baselines is left out."""

    types: tuple[Guess, ...] = ()  # one or two, the likeliest first
    colour: Guess | None = None
    shape: Guess | None = None
    height_m: float | None = None
    weight_kg: float | None = None
    stage: float | None = None  # in its line of evolution, from 1
    total: float | None = None  # of base stats
    stats: Mapping[str, float] = field(default_factory=dict)
    kin: tuple[str, ...] = ()  # the species that it resembles, the nearest first


class Heads:
    """Reads W+ codes of one checkpoint. Raises `TraitsError` for a section that does not fit."""

    def __init__(self, section: Section, num_layers: int, w_dim: int) -> None:
        metadata = section.metadata
        if section.name != TRAITS or metadata.get("version") != VERSION:
            raise TraitsError("These traits were stored by another version of newmon, so they are not read.")
        try:
            tensors = {name: t.float().numpy() for name, t in section.tensors.items()}
            kin = tensors.get("kin")
            self.layout = Layout(
                tuple(metadata["types"]),
                tuple(metadata["colours"]),
                tuple(metadata["shapes"]),
                0 if kin is None else kin.shape[1],
            )
            self.calibration = Calibration.from_dict(metadata["calibration"])
            self.shown: frozenset[str] = frozenset(metadata["shown"])
            self.kin_names: tuple[str, ...] = tuple(metadata.get("kin_names", ()))
            self._centre, self._basis = tensors["centre"], tensors["basis"]
            self._layers = [(tensors[f"{name}.weight"], tensors[f"{name}.bias"]) for name in LAYERS]
            self._quantiles, self._distances = tensors["quantiles"], tensors["distances"]
            self._spread = tensors["spread"]
        except (KeyError, TypeError, ValueError) as error:
            raise TraitsError("These traits are not whole, so they are not read.") from error
        self.num_layers, self.w_dim = num_layers, w_dim
        self._kin = kin
        k, (first, second, out) = self._basis.shape[1], (len(bias) for _, bias in self._layers)
        shapes = [
            (self._centre, (w_dim,)),
            (self._basis, (w_dim, k)),
            (self._spread, (k,)),
            (self._layers[0][0], (num_layers * k, first)),
            (self._layers[1][0], (first, second)),
            (self._layers[2][0], (second, self.layout.size)),
            (self._layers[2][1], (out,)),
        ]
        if any(array.shape != shape for array, shape in shapes):
            raise TraitsError("These traits belong to another network, so they are not read.")

    @property
    def centre(self) -> Floats:
        """float32 [w_dim]: the mean style of the creatures that the heads learned from."""
        return self._centre

    def outputs(self, w_plus: Floats) -> Floats:
        """W+ codes [N, L, w_dim] → float32 [N, T], as the reader of pictures would say it, uncalibrated."""
        weight, bias = self._layers[0]
        return self._upper(self._inputs(w_plus) @ weight + bias)

    def outputs_of_w(self, w: Floats) -> Floats:
        """The same for creatures whose layers all have one style, w [N, w_dim], in an L-th of the time."""
        weight, bias = self._layers[0]
        summed = weight.reshape(self.num_layers, -1, weight.shape[1]).sum(0)  # [k, H]
        return self._upper((w - self._centre) @ self._basis @ summed + bias)

    def _upper(self, x: Floats) -> Floats:
        """What the first layer says of [N], before its activation → [N, T]."""
        for weight, bias in self._layers[1:]:
            x = _silu(x) @ weight + bias
        return x

    def read(self, w_plus: Floats, kin: int = 3) -> list[Traits]:
        """The traits of creatures with W+ codes [N, L, w_dim], and up to `kin` species each resembles."""
        return [self.traits(outputs, kin) for outputs in self.outputs(w_plus)]

    def traits(self, outputs: Floats, kin: int = 3) -> Traits:
        """What outputs [T], of these heads or of the reader itself, say of one creature."""
        numbers = {
            name: float(outputs[self.layout.columns(name)][0]) for name in NUMBERS if name in self.shown
        }
        height, weight = numbers.get("log_height_m"), numbers.get("log_weight_kg")
        stage = numbers.get("stage")
        return Traits(
            types=self._types(outputs),
            colour=self._likeliest("colour", outputs),
            shape=self._likeliest("shape", outputs),
            height_m=None if height is None else float(np.exp(height)),
            weight_kg=None if weight is None else float(np.exp(weight)),
            stage=None if stage is None else min(max(stage, 1.0), 3.0),
            total=numbers.get("total"),
            stats={name: max(numbers[name], 1.0) for name in STATS if name in numbers},
            kin=self.kin(outputs, kin),
        )

    def kin(self, outputs: Floats, count: int = 3, least: float = -1.0) -> tuple[str, ...]:
        """The `count` species whose place is nearest to that of outputs [T], by cosine, if stored.

        `least`: none whose cosine is below.
        """
        if self._kin is None or KIN not in self.shown or not count:
            return ()
        place = outputs[self.layout.columns(KIN)]
        sizes = np.linalg.norm(self._kin, axis=1) * np.linalg.norm(place)
        likeness = self._kin @ place / np.maximum(sizes, 1e-6)
        return tuple(self.kin_names[i] for i in np.argsort(-likeness)[:count] if likeness[i] >= least)

    def percentile(self, group: str, outputs: Floats) -> float:
        """Share, 0 to 1, of generated creatures of which less of that number was read. Raises KeyError."""
        place = self.layout.columns(group).start - self.layout.columns(NUMBERS[0]).start
        if group not in NUMBERS:
            raise KeyError(group)
        value = float(outputs[self.layout.columns(group)][0])
        return _share_below(self._quantiles[place], value)

    def unusual(self, w_plus: Floats) -> list[float]:
        """For W+ codes [N, L, w_dim] the share, 0 to 1, of generated creatures that lie nearer to the middle.

        The distance is Mahalanobis', in the span of the styles, averaged over layers.
        """
        return [_share_below(self._distances, float(distance)) for distance in self.distances(w_plus)]

    def distances(self, w_plus: Floats) -> Floats:
        """For W+ codes [N, L, w_dim] their Mahalanobis distances from the mean style, [N]; see `unusual`.

        Of creatures whose layers all have one style, one layer says as much: [N, 1, w_dim] will do.
        """
        x = (w_plus - self._centre) @ self._basis
        return np.sqrt(((x / self._spread) ** 2).mean(axis=(1, 2)))

    def direction(
        self, group: str, value: str | None = None, w_plus: Floats | None = None, layers: Sequence[int] = ()
    ) -> Floats:
        """Where in W+ there is more of something: float32 [L, w_dim], of length 1.

        The gradient at `w_plus` [L, w_dim], or at the mean creature.
        `value` chooses a type, colour or shape, as in ("types", "Fire"); numbers have none. `layers`: only
        those move. Raises KeyError for what no output stands for.
        """
        place = self.layout.columns(group).start
        if group in CHOICES:
            if value not in self.layout.values(group):
                raise KeyError(value)
            place += self.layout.values(group).index(value)
        elif group not in NUMBERS:
            raise KeyError(group)
        at = np.broadcast_to(self._centre, (self.num_layers, self.w_dim)) if w_plus is None else w_plus
        return self._directions([place], at, layers)[0]

    def directions(self, numbers: Sequence[str], w_plus: Floats, layers: Sequence[int] = ()) -> Floats:
        """`direction` of several numbers at once, at `w_plus` [L, w_dim]: float32 [G, L, w_dim]."""
        return self._directions([self.layout.columns(name).start for name in numbers], w_plus, layers)

    def _directions(self, places: Sequence[int], at: Floats, layers: Sequence[int]) -> Floats:
        """The gradients of outputs with respect to W+, each of length 1: float32 [G, L, w_dim]."""
        x, before = self._inputs(at[None])[0], []
        for weight, bias in self._layers[:-1]:
            before.append(x @ weight + bias)
            x = _silu(before[-1])
        slopes = self._layers[-1][0][:, list(places)]  # [second, G]: so the products are fastest
        for (weight, _), values in zip(self._layers[-2::-1], reversed(before), strict=True):
            slopes = weight @ (slopes * _silu_slope(values)[:, None])
        moved = slopes.T.reshape(-1, self._basis.shape[1]) @ self._basis.T
        moved = moved.reshape(len(places), self.num_layers, self.w_dim)
        if layers:
            still = [layer for layer in range(self.num_layers) if layer not in layers]
            moved[:, still] = 0
        sizes = np.linalg.norm(moved, axis=(1, 2), keepdims=True)
        return (moved / np.maximum(sizes, 1e-12)).astype(np.float32)

    def _inputs(self, w_plus: Floats) -> Floats:
        """[N, L, w_dim] → [N, L · k]: each layer's style in the basis. Raises ValueError for other shapes."""
        if w_plus.shape[1:] != (self.num_layers, self.w_dim):
            raise ValueError(f"W+ codes of shape {w_plus.shape} do not fit these heads")
        return ((w_plus - self._centre) @ self._basis).reshape(len(w_plus), -1)

    def _types(self, outputs: Floats) -> tuple[Guess, ...]:
        if "types" not in self.shown:
            return ()
        ours = outputs[None, self.layout.columns("types")]
        guesses = [self.calibration.first("types", ours), self.calibration.second(ours)]
        named = [Guess(self.layout.types[int(i[0])], float(chance[0])) for i, chance in guesses]
        return tuple(named if named[1].probability >= self.calibration.second_type_from else named[:1])

    def _likeliest(self, group: str, outputs: Floats) -> Guess | None:
        if group not in self.shown:
            return None
        best, chance = self.calibration.first(group, outputs[None, self.layout.columns(group)])
        return Guess(self.layout.values(group)[int(best[0])], float(chance[0]))


def heads_of(sections: Mapping[str, Section], num_layers: int, w_dim: int) -> Heads | None:
    """The heads among a checkpoint's sections; None where there are none that can be used."""
    try:
        return Heads(sections[TRAITS], num_layers, w_dim) if TRAITS in sections else None
    except TraitsError:
        return None  # a creature can be drawn all the same


def _silu(x: Floats) -> Floats:
    """x times the logistic function of x (arXiv 1606.08415, section 2)."""
    return (x / (1 + np.exp(-np.clip(x, -80, 80)))).astype(np.float32)


def _silu_slope(x: Floats) -> Floats:
    share = 1 / (1 + np.exp(-np.clip(x, -80, 80)))
    return (share * (1 + x * (1 - share))).astype(np.float32)


def _share_below(quantiles: Floats, value: float) -> float:
    """Where a value lies among sorted quantiles, from 0 to 1."""
    return float(np.interp(value, quantiles, np.linspace(0, 1, len(quantiles))))
