"""More channels for a generator that is trained already, without changing what it draws.

A wider network draws better, and a trained one need not begin again for it (Net2Net, arXiv 1511.05641): new
channels are computed like any others, but nothing that was there before listens to them yet.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gan.config import ConfigError, NetworkConfig
from gan.generator import Generator
from train.state import State

CONVOLUTION = "conv.weight"  # how the names of convolutions' weights end: [out, in, k, k]


def widened(state: State, network: NetworkConfig) -> State:
    """The state with a generator, and averages of it, of `network`'s widths.

    All of them get the same new channels, so that an average goes on being one. Raises `ConfigError` where a
    width would shrink or the number of resolutions change.
    """
    old = state.config.network.channels
    if old == network.channels:
        return state
    if len(old) != len(network.channels) or any(n < o for o, n in zip(old, network.channels, strict=True)):
        raise ConfigError(
            f"A trained generator's widths, {', '.join(map(str, old))}, can be kept or grow, not become "
            f"{', '.join(map(str, network.channels))}."
        )
    torch.manual_seed(state.config.seed)
    fresh = Generator(network).state_dict()
    tensors = dict(state.tensors)
    for key, tensor in state.tensors.items():
        part, _, name = key.partition("/")
        if part in state.generators and name in fresh:
            tensors[key] = _set_into(fresh[name].detach().float(), tensor, name)
    return State(tensors, state.values)


def _set_into(new: Tensor, old: Tensor, name: str) -> Tensor:
    """The old tensor in the first corner of a copy of the new one, such that its outputs stay as they are."""
    result = new.clone()
    if name.endswith(CONVOLUTION):
        result[: old.shape[0], old.shape[1] :] = 0
        # Equalised: a weight is divided by the root of its inputs, which are more now.
        old = old * math.sqrt(new.shape[1] / old.shape[1])
    result[tuple(slice(size) for size in old.shape)] = old
    return result
