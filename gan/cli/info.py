"""python -m gan info"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from gan.cli.common import open_checkpoint
from gan.package import SHIPPED

if TYPE_CHECKING:
    from gan.checkpoint import Checkpoint


def info(
    checkpoint: Annotated[Path, typer.Argument(help="The checkpoint. Default: the shipped one.")] = SHIPPED,
) -> None:
    """Say what a checkpoint is: its size, its network, and how it was trained."""
    for name, text in describe(checkpoint, open_checkpoint(checkpoint)):
        typer.echo(f"{name:<12}{text}")


def describe(path: Path, checkpoint: Checkpoint) -> Iterator[tuple[str, str]]:
    """Names and values of what is known. Metadata may hold anything: what is not understood is left out."""
    from gan.levels import Change
    from gan.sections import path_beside

    config, metadata = checkpoint.config, checkpoint.metadata
    parameters = sum(p.numel() for p in checkpoint.generator.parameters())
    last = config.num_layers - 1
    named = [f"{take} {part.start}–{part.stop - 1}" for take, part in checkpoint.levels.by_name() if part]
    how = " (measured)" if checkpoint.measured_levels else ""
    yield "file", f"{path}, {path.stat().st_size / 1e6:.1f} MB"
    yield "id", checkpoint.id
    yield "pictures", f"{config.resolution}×{config.resolution} pixels, premultiplied RGBA"
    yield (
        "network",
        f"{config.style}, {parameters / 1e6:.2f} million weights, widths "
        + ", ".join(
            f"{width} at {side}²" for width, side in zip(config.channels, config.resolutions, strict=True)
        ),
    )
    for name in sorted(checkpoint.sections):
        own = name in checkpoint.own_sections
        yield name, "in the checkpoint" if own else f"in {path_beside(path, name).name}, beside it"
    if _number(candidates := _scorer(checkpoint).get("candidates")):
        yield "", f"a seed hatches the best of {candidates} candidates"
    for problem in checkpoint.problems:
        yield "left out", problem
    if checkpoint.finish is not None:
        yield "finish", f"hard edges, at most {checkpoint.finish.colours} colours, no stray pixels"
    yield "latents", f"z {config.z_dim} → {config.mapping_layers} layers → w {config.w_dim}"
    yield "styles", f"layers 0–{last}: {', '.join(named)}{how}"
    measured = _mapping(metadata.get("levels"))
    for take, _ in checkpoint.levels.by_name():
        changes = _mapping(measured.get(take))
        known = [(f.name, value) for f in fields(Change) if _number(value := changes.get(f.name))]
        if known:
            shares = (f"{name.replace('_', ' ')} {value:.2f}" for name, value in known)
            yield "", f"{take} changes {', '.join(shares)}"
    yield from _training(metadata)


def _scorer(checkpoint: Checkpoint) -> dict[str, Any]:
    from gan.sections import SCORER

    section = checkpoint.sections.get(SCORER)
    return {} if section is None else section.metadata


def _training(metadata: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if _number(kimg := metadata.get("kimg")):
        reached = metadata.get("resolution_reached")
        yield (
            "trained",
            f"{kimg:g} kimg" + (f", up to {reached}×{reached} pixels" if _number(reached) else ""),
        )
    if _number(half_life := metadata.get("ema_half_life_kimg")):
        yield "average", f"weights averaged (EMA) with a half-life of {half_life:g} kimg"
    dataset = _mapping(metadata.get("dataset"))
    if dataset:
        source = _mapping(dataset.get("source"))
        parts = [
            f"{dataset['count']} images" if _number(dataset.get("count")) else "",
            " ".join(str(source[key]) for key in ("package", "version") if key in source),
            f"sha256 {str(dataset['sha256'])[:16]}…" if "sha256" in dataset else "",
        ]
        if text := ", ".join(part for part in parts if part):
            yield "data set", text
    metrics = {name: value for name, value in _mapping(metadata.get("metrics")).items() if _number(value)}
    if metrics:
        yield "metrics", ", ".join(f"{name} {value:.4g}" for name, value in metrics.items())
    if isinstance(created := metadata.get("created"), str):
        yield "created", created


def _number(value: object) -> bool:
    return isinstance(value, int | float)


def _mapping(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
