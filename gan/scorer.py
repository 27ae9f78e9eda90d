"""The scorer: which of several candidates that follow from a seed is most worth hatching.

A small network on w, learned from creatures that were graded by looking (`train.traits.scorer`). It costs no
drawing. Whoever asks for a seed must get the same candidate on every machine, so nothing here may round
differently from one to the next: everything is computed on the CPU, in fixed point. Numbers lie on grids so
coarse that every product and every partial sum is exact in float64. Then neither the order of a sum, nor the
number of threads, nor the library that multiplies can change a score.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from gan.checkpoint import Checkpoint
from gan.generator import MappingNetwork
from gan.latents import z_from_seed
from gan.layers import LRELU_GAIN, LRELU_SLOPE, EqualizedLinear
from gan.sections import SCORER, Section, SectionError

Array = NDArray[np.float64]

MOST_CANDIDATES = 16
# An input is at most 2^6 in steps of 2^-14, a weight at most 2^20 steps, so a product is at most 2^40 of its
# steps, and 2^13 of them add up to no more than the 2^53 below which float64 holds every whole number.
LARGEST_INPUT = 2.0**6
STEPS_OF_ONE = 2.0**14
WEIGHT_BITS = 20
MOST_INPUTS = 2**13


class Scorer:
    """Scores and picks candidates: the same ones on every machine."""

    def __init__(self, mapping: MappingNetwork, section: Section) -> None:
        """Raises `SectionError` for a section that does not fit the mapping network."""
        self.candidates = _candidates(section)
        self._network = mapping
        self._head = _head(section, mapping.w_avg.numel())
        self.z_dim = _linear(mapping)[0].weight.shape[1]
        if self.z_dim > MOST_INPUTS:
            raise SectionError(f"A scorer can judge latents of up to {MOST_INPUTS} numbers.")

    @cached_property
    def _mapping(self) -> list[_Layer]:
        # Only once somebody hatches: a checkpoint that is kept for its old creatures never needs it.
        return [_Layer.of(n.weight, n.bias, n.weight_gain, n.bias_gain) for n in _linear(self._network)]

    def scores(self, z: NDArray[np.float32]) -> Array:
        """z [N, z_dim] → float64 [N]: higher is better."""
        x = _on_grid(z.astype(np.float64))
        # z is scaled to unit RMS, as the mapping network does it. Squares of grid points are exact, too.
        x = x / np.sqrt((x * x).sum(axis=1, keepdims=True) / x.shape[1] + 1e-8)
        for layer in (*self._mapping, *self._head[:-1]):
            x = layer(x) * LRELU_GAIN
            x = np.where(x > 0, x, x * LRELU_SLOPE)
        return self._head[-1](x)[:, 0]

    def pick(self, seeds: Sequence[int]) -> list[int]:
        """The number of each seed's best candidate; 0 is the seed itself, and the first of equals wins."""
        z = [z_from_seed(seed, self.z_dim, number) for seed in seeds for number in range(self.candidates)]
        if not z:
            return []
        return self.scores(np.stack(z)).reshape(-1, self.candidates).argmax(axis=1).tolist()


def scorer_of(checkpoint: Checkpoint) -> Scorer | None:
    """The checkpoint's scorer, or None if it has none. Raises `SectionError` for one that does not fit it."""
    section = checkpoint.sections.get(SCORER)
    return None if section is None else Scorer(checkpoint.generator.mapping, section)


@dataclass(frozen=True, eq=False)
class _Layer:
    """A linear layer in fixed point."""

    weight: Array  # [in, out], on a grid
    bias: Array  # [out]

    @classmethod
    def of(cls, weight: Tensor, bias: Tensor, gain: float = 1.0, bias_gain: float = 1.0) -> _Layer:
        """From weights [out, in] and biases [out]."""
        exact = _float64(weight).T * gain
        _, exponent = np.frexp(np.abs(exact).max(initial=0.0))
        steps = 2.0 ** (WEIGHT_BITS - int(exponent))
        return cls(np.rint(exact * steps) / steps, _float64(bias) * bias_gain)

    def __call__(self, x: Array) -> Array:
        """[N, in] → [N, out]."""
        return _on_grid(x) @ self.weight + self.bias


def _linear(mapping: MappingNetwork) -> list[EqualizedLinear]:
    return [layer for layer in mapping.layers if isinstance(layer, EqualizedLinear)]


def _on_grid(x: Array) -> Array:
    return np.rint(np.clip(x, -LARGEST_INPUT, LARGEST_INPUT) * STEPS_OF_ONE) / STEPS_OF_ONE


def _float64(tensor: Tensor) -> Array:
    return tensor.detach().cpu().double().numpy()


def _candidates(section: Section) -> int:
    count = section.metadata.get("candidates")
    if type(count) is not int or not 1 <= count <= MOST_CANDIDATES:
        raise SectionError(f"The scorer names no number of candidates from 1 to {MOST_CANDIDATES}.")
    return count


def _head(section: Section, w_dim: int) -> list[_Layer]:
    """The layers `0.weight`, `0.bias`, `1.weight`, … that lead from w to one number."""
    tensors = section.tensors
    depth = len(tensors) // 2
    names = [f"{i}.{part}" for i in range(depth) for part in ("weight", "bias")]
    if not depth or set(tensors) != set(names):
        raise SectionError("The scorer does not hold the layers that it should.")
    weights = [tensors[f"{i}.weight"] for i in range(depth)]
    biases = [tensors[f"{i}.bias"] for i in range(depth)]
    shapes = [tuple(weight.shape) for weight in weights]
    flows = all(len(shape) == 2 and 0 < shape[1] <= MOST_INPUTS for shape in shapes) and all(
        after[1] == before[0] for before, after in itertools.pairwise(shapes)
    )
    fits = flows and (shapes[0][1], shapes[-1][0]) == (w_dim, 1)
    if not fits or [tuple(bias.shape) for bias in biases] != [shape[:1] for shape in shapes]:
        raise SectionError("The scorer does not fit the network of its checkpoint.")
    return [_Layer.of(weight, bias) for weight, bias in zip(weights, biases, strict=True)]
