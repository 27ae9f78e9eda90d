"""Adversarial losses and gradient penalties."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def rpgan_discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Relativistic pairing GAN: each real should score above the fake beside it (R3GAN, arXiv 2501.05441).

    Logits of any one shape → a scalar. ln 2 ≈ 0.69 means that the discriminator cannot tell.
    """
    return F.softplus(fake - real).mean()


def rpgan_generator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """The generator's side of the same game."""
    return F.softplus(real - fake).mean()


def gradient_penalty(logits: Tensor, images: Tensor) -> Tensor:
    """E ‖∇D(x)‖² / 2: R1 on reals (Mescheder et al. 2018, arXiv 1801.04406), R2 on fakes.

    `images` [N, C, H, W] must require gradients and `logits` [N] must come from them.
    """
    (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return gradient.square().sum(dim=(1, 2, 3)).mean() / 2
