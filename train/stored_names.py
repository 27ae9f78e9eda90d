"""What things are called in files, where files outlive the names in the code.

When the formats were made, the pretrained discriminator was called "eyes", and overfitting a "lead". States,
checkpoints and figures of every age say so. They still do, and this is the one place that knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# The parts of a state: the beginnings of the names of its tensors.
GENERATOR = "generator"
DISCRIMINATOR = "discriminator"
PRETRAINED_HEADS = "eyes"
GENERATOR_OPTIMIZER = "optimizer_g"
DISCRIMINATOR_OPTIMIZER = "optimizer_d"
PRETRAINED_OPTIMIZER = "optimizer_eyes"
EMA = "ema"  # with the half-life behind it


def ema(half_life_kimg: float) -> str:
    """The averaged generator of that half-life: in a state, among candidates, and as a file's name."""
    return f"{EMA}{half_life_kimg:g}"


# The values of a state.
IMAGES_SEEN = "images_seen"
BEGAN_WITH = "began_with"  # the id of the checkpoint whose networks the run started from
CONFIG = "config"
DATASET = "dataset"
DATA_PATH = "data_path"  # where the data lay that a run was trained on last; stays on this machine
AUGMENT_PROBABILITY = "augment_probability"
PRETRAINED_AUGMENT_PROBABILITY = "augment_probability_eyes"
LR_FACTOR = "lr_factor"
ANNEALED = "annealed"
SCALER = "scaler"

# Fields in the code → in files, as far as the two differ.
RECIPE_FIELDS = {"pretrained": "eyes"}
FIGURES = {
    "augment_pretrained": "augment_eyes",
    "loss_pretrained": "loss_eyes",
    "overfitting": "lead",
    "overfitting_pretrained": "lead_eyes",
}


def to_stored(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The same values under their names in files."""
    return {names.get(name, name): value for name, value in values.items()}


def from_stored(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The inverse of `to_stored`."""
    return to_stored(values, {there: here for here, there in names.items()})
