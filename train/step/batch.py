"""One step's images and random numbers: drawn for the whole batch, and worked on in shares.

Whatever the number of threads and processes, each has the same batch and takes its rows. That costs little,
and makes the result independent of how many share the work.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from train.recipe import TrainConfig
from train.step.augment import Augmentation


@dataclass(frozen=True)
class Batch:
    """N reals, and all that chance decides about them and about N fakes to make."""

    real: Tensor  # [N, 4, R, R], as they come from the data set
    augment_reals: Augmentation
    z: Tensor  # [N, 2, z_dim]: two styles of each fake
    crossover: Tensor  # [N], the layer from which on the second style is taken; L for never
    noise: list[Tensor]  # one [N, 1, H, W] a layer
    augment_fakes: Augmentation
    # For the pretrained discriminator, where it has augmentations of its own.
    augment_reals_pretrained: Augmentation | None = None
    augment_fakes_pretrained: Augmentation | None = None

    @classmethod
    def draw(
        cls,
        real: Tensor,
        config: TrainConfig,
        noise_sides: list[int],  # of the layers that take part
        augment_probability: float | Tensor,
        pretrained_augment_probability: float | Tensor = 0.0,
    ) -> Batch:
        """Draw from the global generator of the device that the real images are on.

        The second probability counts where the pretrained discriminator has augmentations of its own.
        """
        n, side, device = len(real), real.shape[-1], real.device
        augment_reals = Augmentation.draw(n, side, config.augment, augment_probability, device)
        z = torch.randn(n, 2, config.network.z_dim, device=device)
        # Some samples mix in a second style from a random layer on (StyleGAN 3.1).
        crossover = torch.randint(1, max(len(noise_sides), 2), (n,), device=device)
        mixes = torch.rand(n, device=device) < config.mixing_probability
        crossover = crossover.masked_fill(~mixes, config.network.num_layers)
        noise = [torch.randn(n, 1, side, side, device=device) for side in noise_sides]
        augment_fakes = Augmentation.draw(n, side, config.augment, augment_probability, device)
        own = config.pretrained.augment
        if own is None:
            return cls(real, augment_reals, z, crossover, noise, augment_fakes)
        reals_too = Augmentation.draw(n, side, own, pretrained_augment_probability, device)
        fakes_too = Augmentation.draw(n, side, own, pretrained_augment_probability, device)
        return cls(real, augment_reals, z, crossover, noise, augment_fakes, reals_too, fakes_too)

    def __len__(self) -> int:
        return len(self.real)

    def share(self, k: int, of: int) -> Batch:
        """Part k of so many equal ones, which must divide the batch."""
        rows = slice(k * len(self) // of, (k + 1) * len(self) // of)
        return Batch(
            self.real[rows],
            self.augment_reals.rows(rows),
            self.z[rows],
            self.crossover[rows],
            [noise[rows] for noise in self.noise],
            self.augment_fakes.rows(rows),
            self.augment_reals_pretrained and self.augment_reals_pretrained.rows(rows),
            self.augment_fakes_pretrained and self.augment_fakes_pretrained.rows(rows),
        )
