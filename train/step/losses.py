"""Adversarial losses and gradient penalties."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from train.recipe import Loss


def discriminator_loss(loss: Loss, real: Tensor, fake: Tensor) -> Tensor:
    """What the discriminator minimises, from logits of any one shape: a scalar.

    `rpgan`: each real should score above the fake beside it (R3GAN, arXiv 2501.05441); ln 2 ≈ 0.69 means that
    the discriminator cannot tell. `nonsaturating`: reals above zero, fakes below (Goodfellow et al. 2014,
    arXiv 1406.2661); there it is 2 ln 2.
    """
    if loss == "rpgan":
        return F.softplus(fake - real).mean()
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def generator_loss(loss: Loss, real: Tensor, fake: Tensor) -> Tensor:
    """What the generator minimises: the other side of the same game. `nonsaturating` does not use `real`."""
    return F.softplus(real - fake).mean() if loss == "rpgan" else F.softplus(-fake).mean()


def penalizes_fakes(loss: Loss) -> bool:
    """Whether R2 goes with R1: the relativistic loss does not converge without it (R3GAN, section 3)."""
    return loss == "rpgan"


def lead(real: Tensor, fake: Tensor) -> Tensor:
    """How surely a discriminator tells reals from fakes: E[sign(D(real) − D(fake))], from −1 to 1.

    The overfitting heuristic r_t of StyleGAN2-ADA (arXiv 2006.06676, section 3.1) is E[sign(D(real))]. Under
    a relativistic loss only differences of logits mean anything, so here each real has a fake beside it.
    """
    return (real.detach() - fake.detach()).sign().float().mean()


def gradient_penalty(logits: Tensor, images: Tensor) -> Tensor:
    """E ‖∇D(x)‖² / 2: R1 on reals (Mescheder et al. 2018, arXiv 1801.04406), R2 on fakes.

    `images` [N, C, H, W] must require gradients and `logits` [N] must come from them.
    """
    (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return gradient.square().sum(dim=(1, 2, 3)).mean() / 2
