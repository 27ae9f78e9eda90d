"""Checkpoints: one safetensors file that holds a generator, its description and a content hash.

No pickle is ever read. The id is a hash of all that decides how a creature looks (the description, every
weight, the finish, the enlarger, the levels) and of the sections that it carries, so that a checkpoint cannot
change under its creatures without being noticed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import Tensor, nn

from gan.config import ConfigError, NetworkConfig
from gan.errors import CheckpointError
from gan.files import whole_file
from gan.generator import Generator
from gan.latents import LayerError, Levels
from gan.pictures.enlarge import Enlarger, EnlargerConfig
from gan.pictures.finish import Finish
from gan.sections import Section, add_tensors, all_beside, from_header, to_header, to_tensors

FORMAT = "newmon-generator"
VERSION = 4  # 1 knew no finish, 2 no enlarger and no levels, 3 no sections
READABLE = ("1", "2", "3", "4")
ENLARGER = "enlarger."  # how the names of the enlarger's weights begin
EXPORTED = "newmon loads the .safetensors files that `python -m train export` writes."


@dataclass(frozen=True)
class Checkpoint:
    """A generator, ready for inference, and what is known about it."""

    generator: Generator
    id: str  # 16 hex digits, from the content
    metadata: dict[str, Any]  # how it was trained: kimg, data set, metrics
    finish: Finish | None = None  # what its pictures get at the end
    enlarger: Enlarger | None = None  # what makes them large
    measured_levels: Levels | None = None  # of styles, as they were measured when it was exported
    sections: Mapping[str, Section] = field(default_factory=dict)  # its own, and those beside it, by name
    own_sections: frozenset[str] = frozenset()  # names of those that its id depends on
    problems: tuple[str, ...] = ()  # a sentence for each section beside it that cannot be used

    @property
    def config(self) -> NetworkConfig:
        """The network's description."""
        return self.generator.config

    @property
    def levels(self) -> Levels:
        """Which layers are shape, features and colours: as measured, or else by resolution."""
        return self.measured_levels or Levels.by_resolution(self.config)


def content_id(
    config: NetworkConfig,
    tensors: dict[str, Tensor],
    finish: Finish | None = None,
    enlarger: EnlargerConfig | None = None,
    levels: Levels | None = None,
    sections: Mapping[str, Section] | None = None,
) -> str:
    """16 hex digits that depend on the descriptions, every stored weight, the finish, the levels and the
    sections. What a checkpoint does not have does not count, so that ids never change with the program.
    """
    digest = hashlib.sha256(json.dumps(config.to_dict(), sort_keys=True).encode())
    for part in (finish, enlarger, levels):
        if part is not None:
            digest.update(json.dumps(part.to_dict(), sort_keys=True).encode())
    add_tensors(digest, tensors)
    for _, section in sorted((sections or {}).items()):
        digest.update(section.digest().encode())
    return digest.hexdigest()[:16]


def save(
    path: Path,
    generator: Generator,
    metadata: dict[str, Any],
    finish: Finish | None = None,
    enlarger: Enlarger | None = None,
    levels: Levels | None = None,
    sections: Iterable[Section] = (),
) -> str:
    """Write a generator, and what makes its pictures large, in half precision, atomically; return its id.

    Half precision halves the file; the networks are evaluated in float32 all the same. Sections are kept as
    they are.
    Raises `CheckpointError` if the file cannot be written.
    """
    tensors = _in_half_precision(generator, "")
    if enlarger is not None:
        tensors |= _in_half_precision(enlarger, ENLARGER)
    named = {section.name: section for section in sections}
    finite = all(torch.isfinite(t).all() for t in tensors.values())
    if not finite or not all(section.finite() for section in named.values()):
        raise CheckpointError("The networks hold weights that are not finite, so they were not saved.")
    identity = content_id(generator.config, tensors, finish, enlarger and enlarger.config, levels, named)
    header = {
        "format": FORMAT,
        "version": str(VERSION),
        "id": identity,
        "config": json.dumps(generator.config.to_dict(), sort_keys=True),
        "metadata": json.dumps(metadata, sort_keys=True),
    }
    if finish is not None:
        header["finish"] = json.dumps(finish.to_dict(), sort_keys=True)
    if enlarger is not None:
        header["enlarger"] = json.dumps(enlarger.config.to_dict(), sort_keys=True)
    if levels is not None:
        header["levels"] = json.dumps(levels.to_dict(), sort_keys=True)
    if named:
        header["sections"] = to_header(named)
        tensors |= to_tensors(named)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as part:
            part.write_bytes(to_bytes(tensors, header))  # unlike save_file, with the usual permissions
    except OSError as error:
        raise CheckpointError(
            f"The checkpoint could not be written to {path}: {error.strerror or error}."
        ) from error
    return identity


FOREIGN = {  # how files begin that people take for checkpoints, and what they are
    b"PK\x03\x04": f"is a PyTorch checkpoint or another zip archive: {EXPORTED}",
    b"\x80": f"is a pickle, as NVIDIA's StyleGANs have them, which is never read: {EXPORTED}",
    b"\x89HDF": f"is an HDF5 file: {EXPORTED}",
    b"GGUF": f"is a GGUF file: {EXPORTED}",
    b"version https://git-lfs": "is a placeholder of Git LFS: fetch the file itself with `git lfs pull`.",
    b"<": "is a web page, whatever its name says: download the file itself.",
}


def _what_it_is(path: Path) -> str:
    """Why a file that is no safetensors file cannot be loaded, and what to do."""
    with path.open("rb") as file:
        start = file.read(32)
    for begins, what in FOREIGN.items():
        if start.startswith(begins):
            return what
    return "is not a whole safetensors file: it is damaged or truncated."


def load(path: Path, device: str = "cpu") -> Checkpoint:
    """Read, check and build a generator in evaluation mode, in float32, with its sections.

    A section beside it that cannot be used is left out, and `problems` says why.
    Raises `CheckpointError` for a file that is missing, truncated, foreign, of another version or changed.
    """
    if path.is_dir():
        raise CheckpointError(
            f"{path} is a folder: name the .safetensors file in it, or make one of a run with "
            "`python -m train export`."
        )
    if not path.is_file():
        raise CheckpointError(
            f"There is no checkpoint at {path}. Restore the shipped one with `git checkout checkpoints`, or "
            "train your own with `python -m train`."
        )
    try:
        with safe_open(path, framework="pt") as file:
            header: dict[str, str] = file.metadata() or {}
            if header.get("format") != FORMAT:
                raise CheckpointError(f"{path} is a safetensors file, but not a newmon checkpoint.")
            if (found := header.get("version")) not in READABLE:
                raise CheckpointError(
                    f"{path} has checkpoint version {found}; newmon reads versions {', '.join(READABLE)}."
                )
            names = file.keys()  # the file itself is no mapping
            tensors: dict[str, Tensor] = {name: file.get_tensor(name) for name in names}
        config = NetworkConfig.from_dict(json.loads(header["config"]))
        metadata = dict(json.loads(header["metadata"]))
        finish = Finish.from_dict(json.loads(header["finish"])) if "finish" in header else None
        enlarging = EnlargerConfig.from_dict(json.loads(header["enlarger"])) if "enlarger" in header else None
        levels = None
        if "levels" in header:
            levels = Levels(**json.loads(header["levels"]), num_layers=config.num_layers)
        sections = from_header(header.get("sections", "{}"), tensors)
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}.") from error
    except SafetensorError as error:
        raise CheckpointError(f"{path} {_what_it_is(path)}") from error
    except (AttributeError, KeyError, TypeError, ValueError, ConfigError, LayerError) as error:
        raise CheckpointError(f"{path} has a header that newmon cannot read ({error}).") from error
    for name in to_tensors(sections):
        del tensors[name]
    if content_id(config, tensors, finish, enlarging, levels, sections) != header.get("id"):
        raise CheckpointError(f"{path} was changed after it was made: its content does not match its id.")
    with torch.device("meta"):
        generator = Generator(config)
        enlarger = None if enlarging is None else Enlarger(enlarging)
    theirs = {name: t for name, t in tensors.items() if name.startswith(ENLARGER)}
    try:
        _fill(generator, {name: t for name, t in tensors.items() if name not in theirs}, device)
        if enlarger is not None:
            _fill(enlarger, {name.removeprefix(ENLARGER): t for name, t in theirs.items()}, device)
    except RuntimeError as error:
        raise CheckpointError(f"{path} does not hold the weights that its description asks for.") from error
    beside, problems = all_beside(path, header["id"])
    return Checkpoint(
        generator=generator,
        id=header["id"],
        metadata=metadata,
        finish=finish,
        enlarger=enlarger,
        measured_levels=levels,
        sections=beside | sections,
        own_sections=frozenset(sections),
        problems=tuple(problems),
    )


def _in_half_precision(module: nn.Module, prefix: str) -> dict[str, Tensor]:
    return {prefix + name: t.detach().cpu().half().contiguous() for name, t in module.state_dict().items()}


def _fill(module: nn.Module, tensors: dict[str, Tensor], device: str) -> None:
    """Give the module these weights, in float32, for inference. Raises `RuntimeError` for the wrong ones."""
    module.load_state_dict({name: t.float() for name, t in tensors.items()}, assign=True)
    module.to(device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    module.eval().requires_grad_(False)
