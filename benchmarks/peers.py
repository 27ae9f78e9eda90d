"""Other projects' networks, in an environment of their own: run by generation_speed and against_peers.

    peers.py draw BATCH …                                times the generators
    peers.py train NAME DATA.npy OUT.npy MINUTES CLOCK   trains one as it is, and draws samples

Prints one JSON object a line. Nothing of newmon is imported. What is in the way on a machine without a GPU is
lifted at run time, and nothing else is changed:
 - torch.cuda.is_available() is asserted at the import: it says yes.
 - .cuda() stays where it is, and torch.device("cuda:0") is the CPU.
 - torchvision, aim and contrastive_learner are empty modules. torchvision has no build that goes with a CPU
   build of torch; it reads image folders and writes grids there, so the images come from a loader of ours and
   the trainers' own grids are left out. The other two are options that are off.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import tempfile
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

UNUSED = ("torchvision", "torchvision.transforms", "torchvision.utils", "aim", "contrastive_learner")
RESOLUTION = 64
BATCH = 32
SAMPLES = 5000
SAMPLE_BATCH = 50
TOLD_EVERY_S = 60.0
CAPACITY = 8  # of stylegan2-pytorch: widths from 256 at 4² to 16 at 64²
WIDTHS = {"fmap_max": 128, "fmap_inverse_coef": 11}  # of lightweight-gan: near the others'
# What both set by themselves for data sets below 100,000 images: min(0.5, (1e5 − N) · 3e-6).
AUGMENT_SLOPE, AUGMENT_BELOW, AUGMENT_MOST = 3e-6, 1e5, 0.5


class Unused(types.ModuleType):
    """A module whose every attribute is an empty class: enough to be imported and never used."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


class TorchOnCPU:
    """torch, for a module that asks for the first GPU by name."""

    device = staticmethod(lambda *_: torch.device("cpu"))

    def __getattr__(self, name: str) -> Any:
        return getattr(torch, name)


def package(name: str) -> Any:
    """Import one of the two packages on a machine without a GPU."""
    for unused in UNUSED:
        sys.modules[unused] = Unused(unused)
    torch.cuda.is_available = lambda: True
    Tensor.cuda = nn.Module.cuda = lambda self, *_: self  # pyright: ignore[reportAttributeAccessIssue]
    module = importlib.import_module(f"{name}.{name}")
    setattr(module, "torch", TorchOnCPU())  # noqa: B010  (a module of which nothing is known)
    return module


# -- drawing -------------------------------------------------------------------------------------------------


def stylegan2_pytorch() -> tuple[nn.Module, Callable[[int], Tensor]]:
    """Mapping network and generator."""
    module = package("stylegan2_pytorch")
    mapping = module.StyleVectorizer(512, 8, lr_mul=0.1)
    generator = module.Generator(RESOLUTION, 512, network_capacity=CAPACITY, transparent=True)
    return nn.ModuleList([mapping, generator]), styled(mapping, generator)


def lightweight_gan() -> tuple[nn.Module, Callable[[int], Tensor]]:
    """Its generator with attention left out, as by default."""
    module = package("lightweight_gan")
    generator = module.Generator(image_size=RESOLUTION, latent_dim=128, transparent=True, **WIDTHS)
    return generator, lambda n: generator(torch.randn(n, 128))


def styled(mapping: nn.Module, generator: Any) -> Callable[[int], Tensor]:
    """How stylegan2-pytorch draws n images."""

    def draw(n: int) -> Tensor:
        w = mapping(torch.randn(n, 512))
        styles = w[:, None].expand(-1, generator.num_layers, -1)
        return generator(styles, torch.rand(n, RESOLUTION, RESOLUTION, 1))

    return draw


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


def time_drawing(batches: list[int]) -> None:
    """{"name", "parameters", "batch", "images_per_s"} for both packages and each size of a batch."""
    for build in (stylegan2_pytorch, lightweight_gan):
        network, draw = build()
        network.eval()
        parameters = sum(p.numel() for p in network.parameters())
        for n in batches:
            line = {"name": build.__name__, "parameters": parameters, "batch": n}
            print(json.dumps(line | {"images_per_s": timed(draw, n, 10)}), flush=True)


# -- training ------------------------------------------------------------------------------------------------


def trainer_of(name: str, folder: str, images: int) -> Any:
    """The package's own trainer with its own recipe, for small transparent pictures on a small machine."""
    module = package(name)
    probability = min(AUGMENT_MOST, (AUGMENT_BELOW - images) * AUGMENT_SLOPE) if images < AUGMENT_BELOW else 0
    shared: dict[str, Any] = {
        "base_dir": folder,
        "image_size": RESOLUTION,
        "transparent": True,
        "batch_size": BATCH,
        "aug_prob": probability,
    }
    if name == "stylegan2_pytorch":
        trainer = module.Trainer(**shared, network_capacity=CAPACITY)
    else:
        own = {"fmap_max": WIDTHS["fmap_max"], "fmap_inverse_coef": WIDTHS["fmap_inverse_coef"]}
        trainer = module.Trainer(**shared, **own, use_aim=False)
    trainer.evaluate = lambda *_, **__: None
    return trainer


def batches_of(images: np.ndarray) -> Iterator[Tensor]:
    """Straight-alpha RGBA in [0, 1], [BATCH, 4, H, W], each image once before any comes again."""
    random = np.random.default_rng(0)
    while True:
        order = random.permutation(len(images))
        for start in range(0, len(order) - BATCH + 1, BATCH):
            batch = images[np.sort(order[start : start + BATCH])]
            yield torch.from_numpy(batch.astype(np.float32) / 255).permute(0, 3, 1, 2).contiguous()


def drawers(name: str, gan: Any) -> dict[str, Callable[[int], Tensor]]:
    """How to draw with the generator as it is, and with its average."""
    if name == "stylegan2_pytorch":
        return {"last": styled(gan.S, gan.G), "average": styled(gan.SE, gan.GE)}
    latent_dim: int = gan.latent_dim
    return {
        "last": lambda n: gan.G(torch.randn(n, latent_dim)),
        "average": lambda n: gan.GE(torch.randn(n, latent_dim)),
    }


def train(name: str, data: Path, out: Path, minutes: float, clock: str) -> None:
    """Train for so many minutes; write OUT-last.npy and OUT-average.npy, uint8 RGBA [SAMPLES, H, W, 4].

    `clock` is "wall", or "cpu" for the time that was computed, shared out over the threads. Prints {"step",
    "images", "minutes"} now and then.
    """
    torch.manual_seed(0)
    images = np.load(data, mmap_mode="r")
    threads = torch.get_num_threads()
    now = time.monotonic if clock == "wall" else lambda: time.process_time() / threads
    with tempfile.TemporaryDirectory() as folder:
        trainer = trainer_of(name, folder, len(images))
        trainer.loader, trainer.dataset = batches_of(images), images
        started, told = now(), 0.0
        while (spent := now() - started) < minutes * 60:
            trainer.train()
            if spent - told > TOLD_EVERY_S:
                told = spent
                progress(trainer.steps, spent)
        progress(trainer.steps, now() - started)
    trainer.GAN.eval()
    for kind, draw in drawers(name, trainer.GAN).items():
        np.save(out.with_name(f"{out.stem}-{kind}.npy"), samples(draw))


def progress(steps: int, seconds: float) -> None:
    """Print how far it is."""
    print(json.dumps({"step": steps, "images": steps * BATCH, "minutes": seconds / 60}), flush=True)


@torch.no_grad()
def samples(draw: Callable[[int], Tensor]) -> np.ndarray:
    """uint8 RGBA [SAMPLES, H, W, 4], straight alpha."""
    torch.manual_seed(1)
    drawn = [draw(SAMPLE_BATCH).clamp(0, 1) for _ in range(SAMPLES // SAMPLE_BATCH)]
    return torch.cat(drawn).mul(255).round().byte().permute(0, 2, 3, 1).numpy()


def main() -> None:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("draw").add_argument("batches", nargs="+", type=int)
    training = commands.add_parser("train")
    training.add_argument("name", choices=["stylegan2_pytorch", "lightweight_gan"])
    training.add_argument("data", type=Path)
    training.add_argument("out", type=Path)
    training.add_argument("minutes", type=float)
    training.add_argument("clock", choices=["wall", "cpu"])
    wanted = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("BENCHMARK_THREADS", torch.get_num_threads())))
    if wanted.command == "draw":
        time_drawing(wanted.batches)
    else:
        train(wanted.name, wanted.data, wanted.out, wanted.minutes, wanted.clock)


if __name__ == "__main__":
    main()
