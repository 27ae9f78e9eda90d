"""Projection: the W+ code with which a generator comes closest to a given picture.

Gradient descent on W+ (Image2StyleGAN, arXiv 1904.03189) with StyleGAN2's learning-rate ramps (arXiv
1912.04958, appendix D). The code is sought in whitened coordinates of w, where the mapping network's styles
are spread evenly in all directions (arXiv 2012.09036): a step is as large as the generator's own variety
there, and staying near the origin is staying near styles that it was trained with, so that the code can be
mixed like any other.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gan.checkpoint import Checkpoint
from gan.errors import UserError
from gan.generator import Generator
from gan.latents import Array, noise_from_seed
from gan.pictures.sprite import Pixels
from gan.projection.loss import PictureLoss, features_available
from gan.sampler import Sampler

STYLES_MEASURED = 4096  # how many w the whitening is measured with
STYLES_SEED = 0
CANDIDATE_PSI = 0.7
STD_FLOOR = 0.03  # directions in which w hardly varies keep this share of the largest deviation

OnStep = Callable[[int, float], None]  # (steps done, loss)


class ProjectionError(UserError, ValueError):
    """A picture that cannot be projected. Its text is fit to show to a user."""


@dataclass(frozen=True)
class ProjectionSettings:
    """How to search. The defaults take about 20 seconds on one CPU thread at 64×64."""

    steps: int = 300
    lr: float = 0.2  # of Adam, in whitened units
    ramp_up: float = 0.05  # share of the steps in which the learning rate rises
    ramp_down: float = 0.5  # share of the steps in which it falls to zero
    candidates: int = 256  # seeds tried as a start, beside the mean creature
    prior_weight: float = 0.01  # pull towards the distribution of w
    features: bool | None = None  # perceptual loss; None where its packages are installed
    noise_seed: int = 0


@dataclass(frozen=True, eq=False)
class Projection:
    """What a projection found. Distances are those of `distance`."""

    w_plus: Array  # float32 [L, w_dim]
    noise_seed: int
    picture: Pixels  # what the checkpoint draws from it, uint8 [H, W, 4]
    distance: float
    mean_distance: float  # of the mean creature, to compare with
    features: bool  # whether the perceptual loss took part


def project(
    checkpoint: Checkpoint,
    target: Pixels,
    settings: ProjectionSettings | None = None,
    on_step: OnStep | None = None,
    device: str | None = None,
) -> Projection:
    """Search the W+ code that draws `target`, straight-alpha RGBA uint8 [H, W, 4] of the checkpoint's size.

    Deterministic for one device and number of threads. Blocking, and single-minded: for a worker process.
    Raises `ProjectionError` for pixels of another size or type, or without anything visible.
    """
    settings = settings or ProjectionSettings()
    _check(target, checkpoint.config.resolution)
    features = features_available() if settings.features is None else settings.features
    sampler = Sampler(checkpoint, device)
    loss = PictureLoss(premultiplied(target).to(sampler.device), features)
    start, mean = _best_start(sampler, loss, settings)
    w_plus = _descend(sampler.generator, loss, torch.from_numpy(start).to(sampler.device), settings, on_step)
    picture = sampler.render(w_plus[None], [settings.noise_seed])[0]
    return Projection(
        w_plus, settings.noise_seed, picture, distance(picture, target), distance(mean, target), features
    )


def _descend(
    generator: Generator,
    loss: PictureLoss,
    start: Tensor,  # [L, w_dim]
    settings: ProjectionSettings,
    on_step: OnStep | None,
) -> Array:
    """Gradient descent from a first W+ code to the last, [L, w_dim]."""
    noise = [
        torch.from_numpy(layer)[None, None].to(start.device)
        for layer in noise_from_seed(settings.noise_seed, generator.synthesis.noise_shapes())
    ]
    space = WhitenedStyles.measure(generator)
    v = space.whiten(start).requires_grad_()
    optimizer = torch.optim.Adam([v], betas=(0.9, 0.999))
    for step in range(settings.steps):
        optimizer.param_groups[0]["lr"] = settings.lr * ramp(step / settings.steps, settings)
        image = generator.synthesis(space.colour(v)[None], noise)
        value = loss(image)[0]
        # How far from the mean (1 for a seed), and how far layers are from one another (0 for a seed).
        prior = v.square().mean() + (v - v.mean(dim=0)).square().mean()
        optimizer.zero_grad()
        (value + settings.prior_weight * prior).backward()
        optimizer.step()
        if on_step is not None:
            on_step(step + 1, value.item())
    return space.colour(v.detach()).cpu().numpy()


@dataclass(frozen=True)
class WhitenedStyles:
    """The distribution of w as a mean, principal axes and deviations: w = mean + axes · (deviation · v)."""

    mean: Tensor  # [w_dim]
    axes: Tensor  # [w_dim, w_dim], one axis a column
    deviation: Tensor  # [w_dim]

    @classmethod
    @torch.no_grad()
    def measure(cls, generator: Generator) -> WhitenedStyles:
        """From the w of many random z."""
        mean = generator.mapping.w_avg
        random = np.random.RandomState(STYLES_SEED)
        z = random.standard_normal((STYLES_MEASURED, generator.config.z_dim)).astype(np.float32)
        w = generator.mapping(torch.from_numpy(z).to(mean.device)) - mean
        variance, axes = torch.linalg.eigh((w.T @ w / len(w)).cpu().double())
        deviation = variance.clamp(min=1e-12).sqrt()
        deviation = deviation.clamp(min=STD_FLOOR * deviation.max().item())
        return cls(mean, axes.float().to(mean.device), deviation.float().to(mean.device))

    def whiten(self, w: Tensor) -> Tensor:
        """w [..., w_dim] → v [..., w_dim]."""
        return (w - self.mean) @ self.axes / self.deviation

    def colour(self, v: Tensor) -> Tensor:
        """v [..., w_dim] → w [..., w_dim]: the inverse of `whiten`."""
        return self.mean + (v * self.deviation) @ self.axes.T


def ramp(progress: float, settings: ProjectionSettings) -> float:
    """The learning rate's factor: a linear rise, then a half cosine down to zero."""
    up = min(1.0, progress / settings.ramp_up) if settings.ramp_up else 1.0
    down = min(1.0, (1 - progress) / settings.ramp_down) if settings.ramp_down else 1.0
    return up * (0.5 - 0.5 * math.cos(math.pi * down))


def distance(a: Pixels, b: Pixels) -> float:
    """Root mean square difference of two sprites uint8 [H, W, 4], premultiplied, each channel in [0, 1]."""
    difference = (premultiplied(a) - premultiplied(b)) / 2
    return float(difference.square().mean().sqrt())


def premultiplied(rgba: Pixels) -> Tensor:
    """Straight-alpha uint8 [H, W, 4] → what a network draws: premultiplied RGBA [1, 4, H, W] in [−1, 1]."""
    x = torch.from_numpy(rgba.astype(np.float32) / 255)
    x[..., :3] *= x[..., 3:]
    return x.permute(2, 0, 1)[None] * 2 - 1


def _best_start(sampler: Sampler, loss: PictureLoss, settings: ProjectionSettings) -> tuple[Array, Pixels]:
    """The most similar of some creatures, as W+ [L, w_dim]; and a picture of the mean creature."""
    codes = np.concatenate(
        [
            sampler.w_from_seeds([0], 0.0, pick=False),
            sampler.w_from_seeds(range(settings.candidates), CANDIDATE_PSI, pick=False),
        ]
    )
    sprites = sampler.render(codes, [settings.noise_seed] * len(codes), raw=True)
    with torch.no_grad():
        values = [loss(premultiplied(sprite).to(sampler.device)).item() for sprite in sprites]
    return codes[int(np.argmin(values))], sprites[0]


def _check(target: Pixels, resolution: int) -> None:
    if target.dtype != np.uint8 or target.shape != (resolution, resolution, 4):
        raise ProjectionError(
            f"A picture to project must be RGBA of {resolution}×{resolution} pixels for this checkpoint."
        )
    if not target[..., 3].any():
        raise ProjectionError("The picture is fully transparent: there is nothing to project.")
