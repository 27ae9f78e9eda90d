"""One step of training as gradients: fakes are drawn, both discriminators look, and the generator follows.

All networks learn from one pass. Each discriminator looks at the batch once; what it would have the fakes be,
the gradient of the generator's loss at their pixels, goes back through the generator.

Nothing here moves a weight, draws a random number or talks to another process. So shares of a batch can be
worked on at the same time (`train.step.runner`), and the mean of their gradients is the whole batch's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from gan.discriminator import Discriminator
from gan.generator import Generator
from train.recipe import TrainConfig
from train.schedule import Phase
from train.step.batch import Batch
from train.step.losses import (
    clamp_images,
    discriminator_loss,
    generator_loss,
    gradient_penalty,
    overfitting,
    penalises_fakes,
)
from train.step.precision import Compute
from train.step.pretrained_discriminator import PretrainedDiscriminator

Gradients = list[Tensor | None]  # of a network's parameters in their order; None for those that took no part
NAN = float("nan")


@dataclass
class StepStats:
    """The figures of one step; NaN where something did not take part."""

    loss_d: float
    loss_g: float
    overfitting: float  # of the discriminator (`losses.overfitting`)
    loss_pretrained: float = NAN
    overfitting_pretrained: float = NAN
    r1: float = NAN
    r2: float = NAN


class StepGradients(NamedTuple):
    """What came of a batch, or of a share of it. Gradients are scaled as `Objective.scaler` does."""

    mean_w: Tensor  # [w_dim], of the styles that were drawn
    stats: Tensor  # float32 [7], in the order of `StepStats`
    discriminator: Gradients
    pretrained: Gradients | None  # of the heads; None before they take part
    generator: Gradients


class DiscriminatorPass(NamedTuple):
    """What one look of a discriminator at a batch gives."""

    gradients: Gradients  # its own
    at_fakes: Tensor  # [N, 4, R, R], the gradient of the generator's loss
    loss: Tensor
    loss_g: Tensor
    overfitting: Tensor
    r1: Tensor | None = None
    r2: Tensor | None = None


@dataclass(frozen=True)
class Objective:
    """The networks, and what each of them minimises."""

    config: TrainConfig
    compute: Compute
    scaler: torch.amp.GradScaler  # pyright: ignore[reportPrivateImportUsage]
    generator: Generator
    discriminator: Discriminator
    pretrained: PretrainedDiscriminator | None

    def pretrained_at(self, phase: Phase) -> PretrainedDiscriminator | None:
        """The pretrained discriminator, once it takes part."""
        return self.pretrained if phase.resolution >= self.config.pretrained.from_resolution else None

    def gradients(self, batch: Batch, phase: Phase, with_penalty: bool) -> StepGradients:
        """All networks' gradients. `with_penalty`: this step is one of those with gradient penalties."""
        w, image = self._generate(batch, phase)
        real, fake = batch.augment_reals(batch.real), batch.augment_fakes(image)
        first = self._discriminate(real, fake.detach(), phase, with_penalty)
        shown, wanted = [fake], [first.at_fakes]  # what was seen of the fakes, and what it should become

        second = None
        if (pretrained := self.pretrained_at(phase)) is not None:
            real_seen, fake_seen = real, fake
            if batch.augment_reals_pretrained is not None and batch.augment_fakes_pretrained is not None:
                real_seen = batch.augment_reals_pretrained(batch.real)
                fake_seen = batch.augment_fakes_pretrained(image)
            second = self._discriminate_pretrained(pretrained, real_seen, fake_seen.detach(), with_penalty)
            if fake_seen is fake:
                wanted = [first.at_fakes + second.at_fakes]
            else:
                shown, wanted = [fake, fake_seen], [first.at_fakes, second.at_fakes]

        return StepGradients(
            w.detach().mean(dim=0),
            _stats(first, second),
            first.gradients,
            second and second.gradients,
            _gradients(shown, self.generator, wanted),
        )

    def _generate(self, batch: Batch, phase: Phase) -> tuple[Tensor, Tensor]:
        """The batch's styles w [2N, w_dim], and its fakes before augmentation: [N, 4, R, R]."""
        w = self.generator.mapping(batch.z.flatten(0, 1))
        first, second = w.unflatten(0, (len(batch), 2)).unbind(1)
        layers = torch.arange(self.config.network.num_layers, device=w.device)
        takes_second = layers >= batch.crossover[:, None]  # [N, L]
        w_plus = torch.where(takes_second[:, :, None], second[:, None], first[:, None])
        with self.compute.autocast():
            image = self.generator.synthesis(w_plus, batch.noise, phase.resolution, phase.alpha)
        image = image.float()
        return w, clamp_images(image) if self.config.clamps_fakes else image

    def _discriminate(
        self, real: Tensor, fake: Tensor, phase: Phase, with_penalty: bool
    ) -> DiscriminatorPass:
        """The discriminator's part: its loss with R1 and R2, and what it wants of the generator."""
        config = self.config
        fake = fake.clone().requires_grad_()
        with self.compute.autocast():
            logits_real = self.discriminator(real, phase.alpha).float()
            logits_fake = self.discriminator(fake, phase.alpha).float()
        loss = total = discriminator_loss(config.loss, logits_real, logits_fake)
        loss_g = generator_loss(config.loss, logits_real.detach(), logits_fake)
        at_fakes = self._at_pixels(loss_g, fake)
        r1 = r2 = None
        if with_penalty:
            # On the augmented images, every second one: enough for a lazy penalty.
            penalty = r1 = self._penalty(real[::2], phase)
            if penalises_fakes(config.loss):
                r2 = self._penalty(fake.detach()[::2], phase)
                penalty = r1 + r2
            total = loss + config.gamma * config.penalty_interval * penalty
        gradients = _gradients([self.scaler.scale(total)], self.discriminator)
        return DiscriminatorPass(
            gradients, at_fakes, loss, loss_g, overfitting(logits_real, logits_fake), r1, r2
        )

    def _discriminate_pretrained(
        self, pretrained: PretrainedDiscriminator, real: Tensor, fake: Tensor, with_penalty: bool
    ) -> DiscriminatorPass:
        """The same of the pretrained discriminator: of its heads, as its network is frozen."""
        config = self.config.pretrained
        fake = fake.clone().requires_grad_()
        with self.compute.autocast():
            features_real, features_fake = pretrained.features(real), pretrained.features(fake)
            loss_g, loss, told_apart = pretrained.losses(features_real, features_fake)
        at_fakes = self._at_pixels(config.weight * loss_g, fake)
        total = loss
        if config.gamma > 0 and with_penalty:
            penalty = pretrained.penalty(features_real) + pretrained.penalty(features_fake)
            total = loss + config.gamma * self.config.penalty_interval * penalty
        gradients = _gradients([self.scaler.scale(total)], pretrained.heads)
        return DiscriminatorPass(gradients, at_fakes, loss, loss_g, told_apart)

    def _at_pixels(self, loss: Tensor, images: Tensor) -> Tensor:
        """The gradient of a loss at the images that it comes from; the graph is needed again."""
        return torch.autograd.grad(self.scaler.scale(loss), images, retain_graph=True)[0]

    def _penalty(self, images: Tensor, phase: Phase) -> Tensor:
        """The gradient penalty of the discriminator on these images: a scalar."""
        x = images.clone().requires_grad_()
        with self.compute.autocast():
            logits = self.discriminator(x, phase.alpha)
        return gradient_penalty(logits.float(), x)


def _gradients(
    results: Sequence[Tensor], module: nn.Module, at_results: Sequence[Tensor] | None = None
) -> Gradients:
    """Of losses, or of results with gradients of their own, summed; None for parameters that are frozen."""
    parameters = list(module.parameters())
    learning = [p for p in parameters if p.requires_grad]
    found = iter(torch.autograd.grad(results, learning, at_results, allow_unused=True))
    return [next(found) if p.requires_grad else None for p in parameters]


def _stats(first: DiscriminatorPass, second: DiscriminatorPass | None) -> Tensor:
    """As many scalars as `StepStats` has, in its order, still on their device."""
    absent = torch.full_like(first.loss, NAN)
    loss_pretrained, overfitting_pretrained = (
        (absent, absent) if second is None else (second.loss, second.overfitting)
    )
    r1 = absent if first.r1 is None else first.r1
    r2 = absent if first.r2 is None else first.r2
    scalars = first.loss, first.loss_g, first.overfitting, loss_pretrained, overfitting_pretrained, r1, r2
    return torch.stack([scalar.detach() for scalar in scalars])
