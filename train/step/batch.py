"""One step's images and random numbers: drawn for the whole batch, and worked on in shares.

Whatever the number of threads and processes, each has the same batch and takes its rows. That costs little,
and makes the result independent of how many share the work.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from train.recipe import TrainConfig
from train.step.augment import Changes


@dataclass(frozen=True)
class Batch:
    """N reals, and all that chance decides about them and about N fakes to make."""

    real: Tensor  # [N, 4, R, R], as they come from the data set
    change_reals: Changes
    z: Tensor  # [N, 2, z_dim]: two styles of each fake
    crossover: Tensor  # [N], the layer from which on the second style is taken; L for never
    noise: list[Tensor]  # one [N, 1, H, W] a layer
    change_fakes: Changes
    # What the pretrained discriminator sees, where it has augmentations of its own.
    change_reals_seen: Changes | None = None
    change_fakes_seen: Changes | None = None

    @classmethod
    def draw(
        cls,
        real: Tensor,
        config: TrainConfig,
        noise_sides: list[int],  # of the layers that take part
        augment_probability: float | Tensor,
        augment_probability_eyes: float | Tensor = 0.0,
    ) -> Batch:
        """Draw from the global generator of the device that the real images are on.

        The second probability counts where the pretrained discriminator has augmentations of its own.
        """
        n, side, device = len(real), real.shape[-1], real.device

        def changes() -> Changes:
            return Changes.draw(n, side, config.augment, augment_probability, device)

        change_reals = changes()
        z = torch.randn(n, 2, config.network.z_dim, device=device)
        # Some samples mix in a second style from a random layer on (StyleGAN 3.1).
        crossover = torch.randint(1, max(len(noise_sides), 2), (n,), device=device)
        mixes = torch.rand(n, device=device) < config.mixing_probability
        crossover = crossover.masked_fill(~mixes, config.network.num_layers)
        noise = [torch.randn(n, 1, side, side, device=device) for side in noise_sides]
        change_fakes, seen = changes(), config.eyes.augment
        if seen is None:
            return cls(real, change_reals, z, crossover, noise, change_fakes)
        theirs = [Changes.draw(n, side, seen, augment_probability_eyes, device) for _ in range(2)]
        return cls(real, change_reals, z, crossover, noise, change_fakes, *theirs)

    def __len__(self) -> int:
        return len(self.real)

    def share(self, k: int, of: int) -> Batch:
        """Part k of so many equal ones, which must divide the batch."""
        rows = slice(k * len(self) // of, (k + 1) * len(self) // of)
        return Batch(
            self.real[rows],
            self.change_reals.rows(rows),
            self.z[rows],
            self.crossover[rows],
            [noise[rows] for noise in self.noise],
            self.change_fakes.rows(rows),
            self.change_reals_seen and self.change_reals_seen.rows(rows),
            self.change_fakes_seen and self.change_fakes_seen.rows(rows),
        )
