"""Adversarial losses, gradient penalties, and what discriminators are shown of fakes."""

from __future__ import annotations

from typing import Any, cast

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


def penalises_fakes(loss: Loss) -> bool:
    """Whether R2 goes with R1: the relativistic loss does not converge without it (R3GAN, section 3)."""
    return loss == "rpgan"


def overfitting(real: Tensor, fake: Tensor) -> Tensor:
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


def clamp_images(images: Tensor) -> Tensor:
    """Images [N, 4, R, R] clamped to [−1, 1], what a picture can hold.

    Most of a sprite is exactly transparent, −1, and a network that adds numbers up never is: it comes to
    −1.02 here and −0.99 there. A discriminator that sees this can win without a look at any body.

    What would descend further outwards gets no gradient, or it would drift for ever; what would come back
    does, where `torch.clamp` would leave it outside for good.
    """
    return cast(Tensor, _Clamp.apply(images))


class _Clamp(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x.clamp(-1, 1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (x,), (gradient,) = ctx.saved_tensors, gradients
        outwards = ((x > 1) & (gradient < 0)) | ((x < -1) & (gradient > 0))
        return gradient.masked_fill(outwards, 0)
