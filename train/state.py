"""The full state of a run in one safetensors file, written atomically. No pickles."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import Tensor, nn
from torch.optim import Optimizer

from gan.config import ConfigError
from gan.files import whole_file
from train import stored_names as stored
from train.errors import StateError
from train.recipe import TrainConfig

FORMAT = "newmon-training-state"
VERSION = 1


@dataclass(frozen=True)
class State:
    """What a file holds: tensors by name, and JSON values."""

    tensors: dict[str, Tensor]
    values: dict[str, Any]

    @property
    def images_seen(self) -> int:
        """How many real images the run has shown. Raises `StateError` if that is missing."""
        images_seen = self.values.get(stored.IMAGES_SEEN)
        if not isinstance(images_seen, int) or images_seen < 0:
            raise StateError("The training state does not say how many images it has seen.")
        return images_seen

    def number(self, name: str, default: float) -> float:
        """A value of the state, or `default` for states from before it existed. Raises `StateError`."""
        value = self.values.get(name, default)
        if not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
            raise StateError(f"The training state's {name} is not a number to resume with.")
        return float(value)

    def part(self, name: str) -> dict[str, Tensor]:
        """The tensors of one network or optimiser, by their names in it."""
        prefix = f"{name}/"
        return {k.removeprefix(prefix): t for k, t in self.tensors.items() if k.startswith(prefix)}

    @property
    def generators(self) -> set[str]:
        """The parts that are generators: the one that learns, and its averages."""
        parts = {name.partition("/")[0] for name in self.tensors}
        return {part for part in parts if part == stored.GENERATOR or part.startswith(stored.EMA)}

    @property
    def finite(self) -> bool:
        """Whether every weight and moment is a finite number: only such a state is worth keeping."""
        return all(bool(t.isfinite().all()) for t in self.tensors.values() if t.is_floating_point())

    @property
    def began_with(self) -> str | None:
        """The id of the checkpoint that the run started from: what travels with one is that one's own."""
        return self.values.get("checkpoint") or self.values.get(stored.BEGAN_WITH)

    @property
    def config(self) -> TrainConfig:
        """The recipe of the run. Raises `StateError` if this version cannot follow it."""
        try:
            return TrainConfig.from_dict(self.values.get(stored.CONFIG, {}))
        except ConfigError as error:
            raise StateError(f"The training state has a recipe that cannot be followed: {error}") from error


def collect(modules: dict[str, nn.Module], optimizers: dict[str, Optimizer]) -> dict[str, Tensor]:
    """All weights, buffers and optimiser moments under unique names."""
    tensors = {f"{m}/{name}": t for m, module in modules.items() for name, t in module.state_dict().items()}
    for o, optimizer in optimizers.items():
        for index, moments in optimizer.state_dict()["state"].items():
            for name, value in moments.items():
                tensors[f"{o}/{index}/{name}"] = torch.as_tensor(value)
    return tensors


def restore(state: State, modules: dict[str, nn.Module], optimizers: dict[str, Optimizer]) -> None:
    """The inverse of `collect`. Raises `StateError` if the state is not of these modules."""
    try:
        for m, module in modules.items():
            module.load_state_dict(state.part(m))
    except RuntimeError as error:
        raise StateError(
            f"The saved state does not fit these networks: {str(error).splitlines()[0]}"
        ) from error
    for o, optimizer in optimizers.items():
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        moments: dict[int, dict[str, Tensor]] = {}
        for name, tensor in state.part(o).items():
            index, moment = name.split("/")
            moments.setdefault(int(index), {})[moment] = _laid_out_like(parameters[int(index)], tensor)
        optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})


def _laid_out_like(parameter: Tensor, moment: Tensor) -> Tensor:
    """The moment with its parameter's strides: fused Adam walks both in memory order and checks neither."""
    return torch.empty_like(parameter).copy_(moment) if moment.shape == parameter.shape else moment


def write(path: Path, state: State) -> None:
    """At every moment one readable state is there. Raises `StateError`."""
    header = {"format": FORMAT, "version": str(VERSION), "values": json.dumps(state.values)}
    tensors = {
        name: t.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, t in state.tensors.items()
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as part:
            part.write_bytes(to_bytes(tensors, header))
    except OSError as error:
        reason = error.strerror or error
        raise StateError(f"The training state could not be written to {path}: {reason}.") from error


def read(path: Path) -> State:
    """Raises `StateError` for a file that is missing, damaged, foreign or of another version."""
    if not path.is_file():
        raise StateError(f"There is no training state at {path}: start a run with `python -m train fit`.")
    try:
        with safe_open(path, framework="pt") as file:
            header: dict[str, str] = file.metadata() or {}
            if header.get("format") != FORMAT or header.get("version") != str(VERSION):
                raise StateError(f"{path} is not a training state of this version of newmon.")
            names = file.keys()  # the file itself is no mapping
            return State({name: file.get_tensor(name) for name in names}, dict(json.loads(header["values"])))
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise StateError(f"The training state {path} is damaged: delete it to start afresh.") from error
