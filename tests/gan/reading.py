"""Heads with random weights, for tiny networks."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import torch

from gan.sections import TRAITS, Section
from gan.traits import CHOICES, KIN, NUMBERS, Calibration, Confidence, Layout

LAYOUT = Layout(("Fire", "Grass", "Water"), ("Blue", "Red"), ("ball", "fish", "wings"), 4)
BASIS = 8
PLAIN = Confidence(1.0, 0.5, 0.0)
CALIBRATION = Calibration(PLAIN, PLAIN, PLAIN, PLAIN, second_type_from=0.5)


def tiny_heads(num_layers: int, w_dim: int, seed: int = 0, **changed: Any) -> Section:
    """Heads for W+ [num_layers, w_dim]. `changed`: of the metadata."""
    random = torch.Generator().manual_seed(seed)

    def numbers(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=random) / shape[0] ** 0.5

    sizes = (num_layers * BASIS, 12, 10, LAYOUT.size)
    tensors = {
        "centre": numbers(w_dim),
        "basis": numbers(w_dim, BASIS),
        "spread": torch.ones(BASIS),
        "quantiles": torch.linspace(-2, 2, 11).repeat(len(NUMBERS), 1),
        "distances": torch.linspace(0, 3, 11),
        "kin": numbers(5, 4),
    }
    for name, inputs, outputs in zip(("first", "second", "out"), sizes, sizes[1:], strict=False):
        tensors |= {f"{name}.weight": numbers(inputs, outputs), f"{name}.bias": numbers(outputs)}
    metadata: dict[str, Any] = {
        "version": 1,
        "types": LAYOUT.types,
        "colours": LAYOUT.colours,
        "shapes": LAYOUT.shapes,
        "calibration": asdict(CALIBRATION),
        "shown": [*CHOICES, *NUMBERS, KIN],
        "kin_names": ["Abra", "Eevee", "Lapras", "Onix", "Ditto"],
    }
    return Section(TRAITS, tensors, metadata | changed)
