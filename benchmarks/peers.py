"""Other projects' generators, timed in an environment of their own: run by benchmarks.generation_speed.

Prints one JSON object a line: {"name", "parameters", "batch", "images_per_s"}. Nothing of newmon is imported.
torchvision, aim and contrastive_learner are stood in for by empty modules: both packages import them for
training, their generators use none of it, and torchvision has no build that goes with a CPU build of torch.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import types
from collections.abc import Callable
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn

UNUSED = ("torchvision", "torchvision.transforms", "torchvision.utils", "aim", "contrastive_learner")
RESOLUTION = 64


def stylegan2_pytorch() -> tuple[nn.Module, Callable[[int], Tensor]]:
    """Mapping network and generator with capacity 8: widths from 256 at 4² to 16 at 64²."""
    torch.cuda.is_available = lambda: True  # both assert it at the import and do not use it to draw
    package = importlib.import_module("stylegan2_pytorch.stylegan2_pytorch")
    mapping = package.StyleVectorizer(512, 8, lr_mul=0.1)
    generator = package.Generator(RESOLUTION, 512, network_capacity=8, transparent=True)

    def draw(n: int) -> Tensor:
        w = mapping(torch.randn(n, 512))
        styles = w[:, None].expand(-1, generator.num_layers, -1)
        return generator(styles, torch.rand(n, RESOLUTION, RESOLUTION, 1))

    return nn.ModuleList([mapping, generator]), draw


def lightweight_gan() -> tuple[nn.Module, Callable[[int], Tensor]]:
    """Its generator with attention left out, as by default, and widths near the others'."""
    package = importlib.import_module("lightweight_gan.lightweight_gan")
    generator = package.Generator(
        image_size=RESOLUTION, latent_dim=128, fmap_max=128, fmap_inverse_coef=11, transparent=True
    )
    return generator, lambda n: generator(torch.randn(n, 128))


class Unused(types.ModuleType):
    """A module whose every attribute is an empty class: enough to be imported and never used."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


def timed(draw: Callable[[int], Tensor], n: int, rounds: int) -> float:
    """Images a second in batches of n: the median of so many rounds."""
    with torch.inference_mode():
        for _ in range(3):
            draw(n)
        times: list[float] = []
        for _ in range(rounds):
            started = time.perf_counter()
            draw(n)
            times.append(time.perf_counter() - started)
    return n / median(times)


def main() -> None:
    for name in UNUSED:
        sys.modules[name] = Unused(name)
    torch.set_num_threads(int(os.environ.get("BENCHMARK_THREADS", torch.get_num_threads())))
    for build in (stylegan2_pytorch, lightweight_gan):
        network, draw = build()
        network.eval()
        parameters = sum(p.numel() for p in network.parameters())
        for n in map(int, sys.argv[1:]):
            line = {"name": build.__name__, "parameters": parameters, "batch": n}
            print(json.dumps(line | {"images_per_s": timed(draw, n, 10)}), flush=True)


if __name__ == "__main__":
    main()
