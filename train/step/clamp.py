"""Fakes as a picture can hold them, so that no judge can tell them from reals by values that nobody sees.

Most of a sprite is exactly transparent, −1, and a network that adds numbers up never is: it comes to −1.02
here and −0.99 there. A discriminator that sees this can win without a look at any body.
Clamped, everything from −1 down is as transparent as a real background.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor


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


def in_gamut(images: Tensor) -> Tensor:
    """Images [N, 4, R, R] clamped to [−1, 1].

    What would descend further outwards gets no gradient, or it would drift for ever; what would come back
    does, where `torch.clamp` would leave it outside for good.
    """
    return cast(Tensor, _Clamp.apply(images))
