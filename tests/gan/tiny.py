"""A network small enough to test with, with nothing left at a value that would hide a mistake."""

from pathlib import Path

import torch

from gan.checkpoint import Checkpoint, load, save
from gan.config import NetworkConfig, Style
from gan.generator import Generator
from gan.pictures.enlarge import Enlarger, EnlargerConfig

STYLES: tuple[Style, ...] = ("adain", "demodulation")


def tiny_config(style: Style = "demodulation") -> NetworkConfig:
    """Three resolutions: 4, 8 and 16 pixels."""
    return NetworkConfig(channels=(16, 16, 8), style=style, z_dim=32, w_dim=32, mapping_layers=3)


def tiny_generator(style: Style = "demodulation", seed: int = 0) -> Generator:
    """A generator whose biases, noise strengths and mean style are not zero, as after training."""
    torch.manual_seed(seed)
    generator = Generator(tiny_config(style))
    with torch.no_grad():
        for name, parameter in generator.named_parameters():
            if name.endswith(("bias", "strength")):
                # A bias that is multiplied by a small learning rate must be larger to matter.
                size = 10 if name.startswith("mapping") else 0.2
                parameter.add_(torch.randn_like(parameter) * size)
        generator.mapping.w_avg.copy_(generator.mapping(torch.randn(500, 32)).mean(dim=0))
    return generator.eval().requires_grad_(False)


def tiny_checkpoint(path: Path, style: Style = "demodulation", seed: int = 0) -> Checkpoint:
    """`tiny_generator`, saved to `path` and loaded from there."""
    save(path, tiny_generator(style, seed), {"kimg": 1.5})
    return load(path)


def tiny_enlarger(seed: int = 0) -> Enlarger:
    """One that adds noticeable, random details."""
    torch.manual_seed(seed)
    return Enlarger(EnlargerConfig(width=8, depth=2, smallest_island=0, largest_hole=0)).eval()
