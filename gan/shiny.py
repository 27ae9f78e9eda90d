"""A creature in other colours: its shape and its features, with the colour levels of another style.

StyleGAN's style mixing (arXiv 1812.04948, section 3.1) at the finest levels alone. Several styles are tried,
and what came of each is measured: a shiny differs visibly from the creature and is not grey.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from gan.latents import Array, mix_by_level, z_of_colours
from gan.pictures.lab import OUTLINE, chroma, difference, to_lab
from gan.pictures.sprite import Pixels
from gan.sampler import CHUNK, Sampler

DONORS = 16  # styles that are tried at most
DONOR_PSI = 1.0  # of those: a shiny may be more colourful than its kind
DIFFERENT = 15.0  # mean CIEDE2000 of the visible pixels from which on two pictures are told apart at a glance
COLOURFUL = 15.0  # mean chroma of what is no outline, from which on a creature is not grey


@dataclass(frozen=True, slots=True)
class Palette:
    """How the colours of a picture compare with those of another one of the same creature."""

    difference: float  # mean CIEDE2000 of the pixels that both show
    chroma: float  # mean of the picture's pixels that are no outline

    @property
    def is_shiny(self) -> bool:
        """Whether it differs visibly and is not grey."""
        return self.difference >= DIFFERENT and self.chroma >= COLOURFUL


def compare(plain: Pixels, other: Pixels) -> Palette:
    """How another picture of a creature differs in its colours; RGBA uint8 [H, W, 4] both."""
    both = (plain[..., 3] > 127) & (other[..., 3] > 127)
    if not both.any():
        return Palette(0.0, 0.0)
    before, after = (to_lab(picture[both][:, :3] / 255) for picture in (plain, other))
    body = after[:, 0] > OUTLINE
    colourful = float(chroma(after[body]).mean()) if body.any() else 0.0
    return Palette(float(difference(before, after).mean()), colourful)


@torch.inference_mode()
def donor(sampler: Sampler, seed: int, number: int) -> Array:
    """float32 [L, w_dim]: one of the styles whose colours the shiny of a seed may have."""
    z = torch.from_numpy(z_of_colours(seed, sampler.config.z_dim, number))[None].to(sampler.device)
    mapping = sampler.generator.mapping
    w = mapping.truncate(mapping(z), DONOR_PSI)
    return np.repeat(w.cpu().numpy(), sampler.num_layers, axis=0)


def shiny(
    sampler: Sampler, plain: Pixels, w_plus: Array, seed: int, noise_seed: int
) -> tuple[Array, Pixels] | None:
    """The shiny of a creature with W+ [L, w_dim] that looks like `plain`, [H, W, 4], unfinished.

    Its W+, which differs at the colour levels alone, and its raw picture. It follows from the seed: of the
    first few styles the one that differs most among those that are shiny; of the next few where none is, and
    so on. None where nothing that was tried is, as with a network that has no levels of colours.
    """
    for start in range(0, DONORS, CHUNK):
        donors = [donor(sampler, seed, number) for number in range(start, start + CHUNK)]
        codes = [mix_by_level(w_plus, one, ["colours"], sampler.levels) for one in donors]
        pictures = sampler.render(np.stack(codes), [noise_seed] * CHUNK, raw=True)
        palettes = [compare(plain, picture) for picture in pictures]
        if found := [i for i, palette in enumerate(palettes) if palette.is_shiny]:
            best = max(found, key=lambda i: palettes[i].difference)
            return codes[best], pictures[best]
    return None
