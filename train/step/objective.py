"""The players of the game, and what a share of a batch would have each of them change.

Nothing here moves a weight, draws a random number or talks to another process. So shares can be worked on at
the same time, in threads and in processes, and the mean of their gradients is the whole batch's.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import NamedTuple

import torch
from torch import Tensor, nn

from gan.discriminator import Discriminator
from gan.generator import Generator
from train.recipe import TrainConfig
from train.schedule import Phase
from train.step.batch import Batch
from train.step.clamp import in_gamut
from train.step.losses import discriminator_loss, generator_loss, gradient_penalty, lead, penalizes_fakes
from train.step.precision import Compute
from train.step.pretrained_discriminator import Eyes

Gradients = list[Tensor | None]  # of a player's parameters in their order; None for those that took no part
NAN = float("nan")


@dataclass
class StepStats:
    """The figures of one step; NaN where something did not take part."""

    loss_d: float
    loss_g: float
    lead: float  # of the discriminator (`losses.lead`)
    loss_eyes: float = NAN
    lead_eyes: float = NAN
    r1: float = NAN
    r2: float = NAN

    @property
    def most_lead(self) -> float:
        """Of the judge that leads more."""
        return max(self.lead, self.lead_eyes)  # comparing with NaN keeps the first


class Share(NamedTuple):
    """What came of a share of a batch. Gradients are scaled as `Players.scaler` does."""

    gradients: dict[str, Gradients]  # by player: "g", "d" and, once they look, "eyes"
    mean_w: Tensor  # [w_dim], of the styles that were drawn
    figures: Tensor  # float32, those of `StepStats` in its order


@dataclass(frozen=True)
class Players:
    """Generator, discriminator and eyes, and the rules they play by."""

    config: TrainConfig
    compute: Compute
    scaler: torch.amp.GradScaler  # pyright: ignore[reportPrivateImportUsage]
    generator: Generator
    discriminator: Discriminator
    eyes: Eyes | None

    def open_eyes(self, phase: Phase) -> Eyes | None:
        """The eyes, once they take part."""
        return self.eyes if phase.resolution >= self.config.eyes.from_resolution else None

    def play(self, batch: Batch, phase: Phase, penalizes: bool) -> Share:
        """Make fakes, and judge them against the reals.

        All players move at once: each judge looks at the batch once, and what it would have the fakes be
        (the loss's gradient at the pixels) is handed to the generator. `penalizes`: this step is one of those
        with gradient penalties.
        """
        real = batch.change_reals(batch.real)
        w = self.generator.mapping(batch.z.flatten(0, 1))  # [2N, w_dim]
        with self.compute.autocast():
            image = self.generator.synthesis(self._mix(w, batch), batch.noise, phase.resolution, phase.alpha)
        image = image.float()
        made = in_gamut(image) if self.config.clamps_fakes else image
        fake = batch.change_fakes(made)

        gradients: dict[str, Gradients] = {}
        gradients["d"], wanted, figures = self._discriminate(real, fake.detach(), phase, penalizes)
        shown, wishes = [fake], [wanted]  # what judges saw of the fakes, and would have them be
        if (eyes := self.open_eyes(phase)) is not None:
            real_seen = real if batch.change_reals_seen is None else batch.change_reals_seen(batch.real)
            seen = fake if batch.change_fakes_seen is None else batch.change_fakes_seen(made)
            gradients["eyes"], wanted, theirs = self._look(eyes, real_seen, seen.detach(), penalizes)
            figures |= theirs
            if seen is fake:
                wishes = [wishes[0] + wanted]
            else:
                shown, wishes = [*shown, seen], [*wishes, wanted]
        gradients["g"] = _gradients(shown, self.generator, wishes)
        return Share(gradients, w.detach().mean(dim=0), _in_order(figures))

    def _mix(self, w: Tensor, batch: Batch) -> Tensor:
        """Two styles a sample [2N, w_dim] → w_plus [N, L, w_dim]."""
        first, second = w.unflatten(0, (len(batch), 2)).unbind(1)
        layers = torch.arange(self.config.network.num_layers, device=w.device)
        takes_second = layers >= batch.crossover[:, None]  # [N, L]
        return torch.where(takes_second[:, :, None], second[:, None], first[:, None])

    def _discriminate(
        self, real: Tensor, fake: Tensor, phase: Phase, penalizes: bool
    ) -> tuple[Gradients, Tensor, dict[str, Tensor]]:
        """The discriminator's gradients, that of the generator's loss at the fakes, and the figures."""
        config = self.config
        fake = fake.clone().requires_grad_()
        with self.compute.autocast():
            logits_real = self.discriminator(real, phase.alpha).float()
            logits_fake = self.discriminator(fake, phase.alpha).float()
        loss = discriminator_loss(config.loss, logits_real, logits_fake)
        loss_g = generator_loss(config.loss, logits_real.detach(), logits_fake)
        figures = {"loss_d": loss, "loss_g": loss_g, "lead": lead(logits_real, logits_fake)}
        wanted = self._at_pixels(loss_g, fake)
        if penalizes:
            # R1 and R2 on the augmented images, every second one: enough for a lazy penalty.
            penalty = figures["r1"] = self._penalty(real[::2], phase)
            if penalizes_fakes(config.loss):
                figures["r2"] = self._penalty(fake.detach()[::2], phase)
                penalty = penalty + figures["r2"]
            loss = loss + config.gamma * config.penalty_interval * penalty
        return _gradients([self.scaler.scale(loss)], self.discriminator), wanted, figures

    def _look(
        self, eyes: Eyes, real: Tensor, fake: Tensor, penalizes: bool
    ) -> tuple[Gradients, Tensor, dict[str, Tensor]]:
        """The heads' gradients, that of the generator's loss at the fakes, and the figures."""
        config = self.config.eyes
        fake = fake.clone().requires_grad_()
        with self.compute.autocast():
            features_real, features_fake = eyes.features(real), eyes.features(fake)
            loss_g, loss, ahead = eyes.losses(features_real, features_fake)
        figures = {"loss_eyes": loss, "lead_eyes": ahead}
        wanted = self._at_pixels(config.weight * loss_g, fake)
        if config.gamma > 0 and penalizes:
            penalty = eyes.penalty(features_real) + eyes.penalty(features_fake)
            loss = loss + config.gamma * self.config.penalty_interval * penalty
        return _gradients([self.scaler.scale(loss)], eyes.heads), wanted, figures

    def _at_pixels(self, loss: Tensor, images: Tensor) -> Tensor:
        """The gradient of a loss at the images that it comes from; the graph is needed again."""
        return torch.autograd.grad(self.scaler.scale(loss), images, retain_graph=True)[0]

    def _penalty(self, images: Tensor, phase: Phase) -> Tensor:
        """The gradient penalty of the discriminator on these images: a scalar."""
        x = images.clone().requires_grad_()
        with self.compute.autocast():
            logits = self.discriminator(x, phase.alpha)
        return gradient_penalty(logits.float(), x)


def _gradients(results: list[Tensor], module: nn.Module, at_results: list[Tensor] | None = None) -> Gradients:
    """Of losses, or of results with gradients of their own, summed; None for parameters that hold still."""
    parameters = list(module.parameters())
    learning = [p for p in parameters if p.requires_grad]
    found = iter(torch.autograd.grad(results, learning, at_results, allow_unused=True))
    return [next(found) if p.requires_grad else None for p in parameters]


def _in_order(figures: dict[str, Tensor]) -> Tensor:
    """Scalars by name → as many as `StepStats` has, in its order, still on their device."""
    absent = torch.full_like(figures["loss_d"], NAN)
    return torch.stack([figures.get(field.name, absent).detach() for field in fields(StepStats)])
