"""Sections: what is learned about a checkpoint's W after its generator, inside its file or in one beside it.

A section is a name, tensors and JSON metadata: the heads that read traits from W+ ("traits"), or what judges
a creature ("scorer"). A new checkpoint carries its sections in its own file, and they belong to its id. One
that is there already gets each in a file beside it, `NAME.SECTION.safetensors`, which names the checkpoint
that it belongs to and changes nothing about its id.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import Tensor

from gan.errors import UserError
from gan.files import write

FORMAT = "newmon-section"
VERSION = "1"
SUFFIX = ".safetensors"
PREFIX = "sections."  # how the names of their tensors begin inside a checkpoint's own file
TRAITS, SCORER = "traits", "scorer"
BESIDE = (TRAITS, SCORER)  # the sections that a loader looks for beside a checkpoint


class SectionError(UserError):
    """A section that cannot be stored or used. Its text is fit to show to a user."""


@dataclass(frozen=True, eq=False)
class Section:
    """Named tensors and what is known about them. Raises `ValueError` for a name that is no plain word."""

    name: str
    tensors: Mapping[str, Tensor]
    metadata: dict[str, Any] = field(default_factory=dict)  # JSON values

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.name):
            raise ValueError(f"{self.name!r} cannot be the name of a section")

    def digest(self) -> str:
        """64 hex digits that depend on the name, every tensor and the metadata."""
        digest = hashlib.sha256(json.dumps([self.name, self.metadata], sort_keys=True).encode())
        add_tensors(digest, self.tensors)
        return digest.hexdigest()

    def finite(self) -> bool:
        """Whether every number in it is finite."""
        return all(bool(torch.isfinite(t).all()) for t in self.tensors.values())


def add_tensors(digest: hashlib._Hash, tensors: Mapping[str, Tensor]) -> None:
    """Let a hash depend on the names, types, shapes and numbers of tensors, whatever their order."""
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        # Flattened first: with sides of 1 a tensor counts as contiguous whatever its strides say.
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)


def path_beside(checkpoint: Path, name: str) -> Path:
    """Where the section of that name lies for a checkpoint that does not hold it itself."""
    return checkpoint.with_name(f"{checkpoint.name.removesuffix(SUFFIX)}.{name}{SUFFIX}")


def write_beside(checkpoint: Path, checkpoint_id: str, section: Section) -> Path:
    """Write a section beside a checkpoint, whole or not at all; returns where.

    Raises `SectionError` for numbers that are not finite, and `FileError` where it cannot be written.
    """
    if not section.finite():
        raise SectionError(f"The {section.name} hold numbers that are not finite, so they were not saved.")
    header = {
        "format": FORMAT,
        "version": VERSION,
        "name": section.name,
        "checkpoint": checkpoint_id,
        "sha256": section.digest(),
        "metadata": json.dumps(section.metadata, sort_keys=True),
    }
    path = path_beside(checkpoint, section.name)
    write(
        path, to_bytes({name: t.detach().cpu().contiguous() for name, t in section.tensors.items()}, header)
    )
    return path


def read_beside(checkpoint: Path, checkpoint_id: str, name: str) -> Section | None:
    """The section of that name beside a checkpoint, or None where there is no such file.

    Raises `SectionError` for one that is damaged, foreign, of another version, or another checkpoint's.
    """
    path = path_beside(checkpoint, name)
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            header: dict[str, str] = file.metadata() or {}
            if header.get("format") != FORMAT or header.get("name") != name:
                raise SectionError(f"{path} does not hold the {name} of a checkpoint.")
            if header.get("version") != VERSION:
                raise SectionError(f"{path} was written by another version of newmon.")
            if header.get("checkpoint") != checkpoint_id:
                raise SectionError(f"{path} belongs to another checkpoint than {checkpoint.name}.")
            names = file.keys()  # the file itself is no mapping
            tensors: dict[str, Tensor] = {key: file.get_tensor(key) for key in names}
        section = Section(name, tensors, dict(json.loads(header["metadata"])))
    except OSError as error:
        raise SectionError(f"{path} cannot be read: {error.strerror or error}.") from error
    except SafetensorError as error:
        raise SectionError(f"{path} is damaged or truncated.") from error
    except (KeyError, TypeError, ValueError) as error:
        raise SectionError(f"{path} has a header that newmon cannot read.") from error
    if section.digest() != header.get("sha256") or not section.finite():
        raise SectionError(f"{path} was changed after it was made.")
    return section


def all_beside(checkpoint: Path, checkpoint_id: str) -> tuple[dict[str, Section], list[str]]:
    """The sections beside a checkpoint that can be used, and a sentence for each that cannot."""
    found: dict[str, Section] = {}
    problems: list[str] = []
    for name in BESIDE:
        try:
            section = read_beside(checkpoint, checkpoint_id, name)
        except SectionError as error:
            problems.append(str(error))
        else:
            if section is not None:
                found[name] = section
    return found, problems


def to_tensors(sections: Mapping[str, Section]) -> dict[str, Tensor]:
    """The tensors of all sections, by names that tell them from those of the networks."""
    return {
        f"{PREFIX}{section.name}.{name}": t.detach().cpu().contiguous()
        for section in sections.values()
        for name, t in section.tensors.items()
    }


def to_header(sections: Mapping[str, Section]) -> str:
    """The metadata of all sections, as it stands in a checkpoint's header."""
    return json.dumps({name: section.metadata for name, section in sections.items()}, sort_keys=True)


def from_header(text: str, tensors: Mapping[str, Tensor]) -> dict[str, Section]:
    """The inverse of `to_header` and `to_tensors`; other tensors are ignored.

    Raises `ValueError`, `TypeError` or `AttributeError` for text that is no such header.
    """
    found: dict[str, Section] = {}
    for name, metadata in json.loads(text).items():
        start = f"{PREFIX}{name}."
        ours = {key.removeprefix(start): t for key, t in tensors.items() if key.startswith(start)}
        found[name] = Section(name, ours, dict(metadata))
    return found
