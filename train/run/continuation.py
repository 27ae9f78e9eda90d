"""What travels with a checkpoint so that somebody else can train it further.

A run's full state is ten times as large as its checkpoint: averages, and two moments for every weight. The
networks alone, in half precision, are enough to go on from; optimisers and averages start afresh.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch

from gan.checkpoint import CheckpointError, load, save
from gan.config import ConfigError, NetworkConfig
from gan.generator import Generator
from gan.sections import Section
from train import stored_names as stored
from train.errors import StateError
from train.protocol import CHECKPOINT_SUFFIX, TRAINING_SUFFIX
from train.state import State, read, write

PARTS = (stored.GENERATOR, stored.DISCRIMINATOR, stored.PRETRAINED_HEADS)
NOISE = ".noise.strength"


def continuation_path(checkpoint: Path) -> Path:
    """Where the continuation of a checkpoint lies: beside it."""
    return checkpoint.with_name(checkpoint.name.removesuffix(CHECKPOINT_SUFFIX) + TRAINING_SUFFIX)


def write_continuation(checkpoint: Path, checkpoint_id: str, state: State) -> None:
    """Write the networks of a run's full state beside the checkpoint that was exported from it.

    Raises `StateError` if the file cannot be written.
    """
    tensors = {
        name: t.half() if t.is_floating_point() else t
        for name, t in state.tensors.items()
        if name.partition("/")[0] in PARTS
    }
    values = {name: value for name, value in state.values.items() if name != stored.DATA_PATH}
    write(continuation_path(checkpoint), State(tensors, {**values, "checkpoint": checkpoint_id}))


def put_sections(checkpoint: Path, sections: Iterable[Section]) -> str:
    """Put sections into a checkpoint's own file; returns its id, which depends on them.

    What it is trained further from names the new id, where that lies beside it. Raises `CheckpointError` and
    `StateError`.
    """
    loaded = load(checkpoint)
    own = {name: loaded.sections[name] for name in loaded.own_sections}
    own |= {section.name: section for section in sections}
    identity = save(
        checkpoint,
        loaded.generator,
        loaded.metadata,
        loaded.finish,
        loaded.enlarger,
        loaded.measured_levels,
        own.values(),
    )
    path = continuation_path(checkpoint)
    if path.is_file():
        state = read(path)
        write(path, State(state.tensors, {**state.values, "checkpoint": identity}))
    return identity


def read_continuation(checkpoint: Path) -> State:
    """A state that a new run can begin with: the networks, and averages that start at the checkpoint itself.

    Raises `CheckpointError` and `StateError`, also where the two files do not belong together.
    """
    loaded = load(checkpoint)
    path = continuation_path(checkpoint)
    if not path.is_file():
        raise StateError(
            f"{checkpoint} can draw but not be trained further: {path.name} is not beside it. "
            "Exporting a run writes both."
        )
    state = read(path)
    if state.values.get("checkpoint") != loaded.id:
        raise StateError(f"{path} belongs to another checkpoint than {checkpoint}: export the run again.")
    tensors = {name: t.float() if t.is_floating_point() else t for name, t in state.tensors.items()}
    average = loaded.generator.state_dict()
    for half_life in state.config.ema_half_lives_kimg:
        tensors |= {f"{stored.ema(half_life)}/{name}": t.detach().float() for name, t in average.items()}
    if not all(torch.isfinite(t).all() for t in tensors.values()):
        raise CheckpointError(f"{path} holds weights that are not finite.")
    return State(tensors, state.values)


def check_keeps_shape(trained: NetworkConfig, wanted: NetworkConfig) -> None:
    """Raises `ConfigError` where a trained network would have to become one of another kind."""
    if (trained.style, trained.mapping_layers) != (wanted.style, wanted.mapping_layers):
        raise ConfigError(
            f"The checkpoint's network has {trained.style} styles and {trained.mapping_layers} mapping "
            f"layers, which cannot become {wanted.style} and {wanted.mapping_layers}: leave that out, or "
            "begin a run without --from."
        )


def with_noise_as_in(state: State, network: NetworkConfig) -> State:
    """The state for a network that has noise in other layers: strengths left out, or beginning at zero."""
    with torch.device("meta"):
        strengths = {name: t for name, t in Generator(network).state_dict().items() if name.endswith(NOISE)}
    generators = state.generators
    tensors = {name: t for name, t in state.tensors.items() if not name.endswith(NOISE)}
    for part in generators:
        for name, t in strengths.items():
            key = f"{part}/{name}"
            tensors[key] = state.tensors[key] if key in state.tensors else torch.zeros(t.shape)
    return State(tensors, state.values)
