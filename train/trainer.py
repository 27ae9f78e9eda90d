"""The training loop's body: one step from real images to updated networks, and what a resume needs.

All randomness of a step comes from (seed, images seen), so a resumed run needs no stored generator state to
go on exactly as if it had never stopped (the idea is EDM2's).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from gan.discriminator import Discriminator
from gan.generator import Generator
from gan.layers import downsample, upsample
from train.augment import adjusted, augment
from train.config import LEAST_SHARE, TrainConfig
from train.data import BalancedSampler, SpriteDataset
from train.distributed import Draw, World
from train.ema import EMA
from train.eyes import Eyes
from train.gamut import in_gamut
from train.holdout import by_share
from train.losses import discriminator_loss, generator_loss, gradient_penalty, lead, penalizes_fakes
from train.precision import Compute, choose
from train.schedule import Phase, check_stages, lr_decay, phase_at, total_images
from train.side_by_side import SideBySide
from train.state import State, StateError, collect, restore

CALIBRATION_IMAGES = 256


class TrainingError(Exception):
    """Training that cannot go on. Its text is fit to show to a user."""


class DivergedError(TrainingError):
    """Losses or weights stopped being finite: whoever runs the loop goes back to the last good state."""


@dataclass
class StepStats:
    """The figures of one step, over all processes; NaN where something did not take part."""

    loss_d: float
    loss_g: float
    lead: float  # of the discriminator that leads more (`losses.lead`)
    loss_eyes: float = float("nan")
    r1: float = float("nan")
    r2: float = float("nan")


class Trainer:
    """Networks, optimisers and averages of one run, and the step that moves them."""

    def __init__(
        self,
        config: TrainConfig,
        dataset: SpriteDataset,
        compute: Compute | None = None,
        world: World | None = None,
    ) -> None:
        check_stages(config.stages, config.network.resolutions)
        self.config = config
        self.dataset = dataset
        self.compute = compute or choose()
        self.world = world or World(device=self.compute.device)
        _check_fits(config, dataset, self.world)
        self.shown = np.flatnonzero(~by_share(dataset, config.holdout))  # the images that are trained on
        self.sampler = BalancedSampler(
            dataset.species[self.shown], config.seed, self.world.rank, self.world.size
        )
        self.draw = Draw(self.world)
        # Judges that share gradients with other processes must do so in one order, and a GPU has one queue.
        self.side_by_side = SideBySide(self.compute.device.type == "cpu" and self.world.size == 1)
        self.images_seen = 0
        self.began_with: str | None = None  # the checkpoint whose networks the run started from
        self.lr_factor = 1.0  # below 1 once the run has diverged
        self.augment_probability = config.augment.probability

        torch.manual_seed(config.seed)
        place = self.compute.place
        self.generator = place(Generator(config.network))
        self.discriminator = place(Discriminator(config.discriminator))
        self.emas = [EMA(self.generator, half_life) for half_life in config.ema_half_lives_kimg]
        # Loss and penalty share a step, so Adam needs none of StyleGAN2's corrections for lazy regularisation
        # (appendix B): these are for a penalty with steps of its own.
        self.optimizer_g = self._adam(self.generator.parameters(), config.lr)
        self.optimizer_d = self._adam(self.discriminator.parameters(), config.lr)
        self.eyes: Eyes | None = None
        if config.eyes.enabled:
            self.eyes = place(Eyes(config.eyes))
            calibration = dataset.batch(self.shown[self.sampler.slice(0, CALIBRATION_IMAGES)])
            self.eyes.calibrate(calibration.to(self.compute.device))
            self.optimizer_eyes = self._adam(self.eyes.heads.parameters(), config.eyes.lr)
        # Only float16 needs its losses scaled; with other formats this does nothing.
        self.scaler = torch.amp.GradScaler(  # pyright: ignore[reportPrivateImportUsage]
            self.compute.device.type, enabled=self.compute.dtype == torch.float16
        )

    def _adam(self, parameters: Iterable[nn.Parameter], lr: float) -> Adam:
        group = {"params": list(parameters), "full_lr": lr}
        return Adam([group], lr, self.config.betas, eps=1e-8, fused=True)

    @property
    def phase(self) -> Phase:
        """Where the schedule stands."""
        return phase_at(self.config.stages, self.images_seen)

    @property
    def done(self) -> bool:
        """Whether the schedule has been shown in full. Beyond it the last stage goes on."""
        return self.images_seen >= total_images(self.config.stages)

    @property
    def batch_size(self) -> int:
        """How many images the next step shows, over all processes."""
        return self.config.batch_at(self.images_seen, self.world.size)

    @property
    def _penalizes(self) -> bool:
        """Whether this step is one of those with gradient penalties."""
        return (self.images_seen // self.batch_size) % self.config.penalty_interval == 0

    # -- one step ------------------------------------------------------------------------------------------

    def step(self) -> StepStats:
        """Show one batch: update the discriminators, then the generator, then its averages.

        Raises `DivergedError` when a loss is not finite; the weights are then beyond use.
        """
        config, phase, autocast = self.config, self.phase, self.compute.autocast
        self._set_learning_rates()
        torch.manual_seed(_step_seed(config.seed, self.images_seen))
        real = self._augment(self._real_images(phase))
        w_plus = self._random_styles(len(real), phase)
        noise = [self.draw.normal(len(w_plus), 1, side, side) for side in self._noise_sides(phase)]
        with autocast():
            image = self.generator.synthesis(w_plus, noise, phase.resolution, phase.alpha)
        image = image.float()
        fake = self._augment(in_gamut(image) if config.clamps_fakes else image)

        # All players move at once: each judge looks at the batch once, and what it would have the fakes be
        # (the loss's gradient at the pixels) is handed to the generator.
        judged = fake.detach()
        if self.eyes is not None and phase.resolution >= config.eyes.from_resolution:
            stats, towards_real = self._update_both(self.eyes, real, judged, phase)
        else:
            stats, towards_real = self._update_discriminator(real, judged, phase)
        self._optimize(self.optimizer_g, fake, towards_real)
        self.scaler.update()

        shown = self.batch_size
        self.images_seen += shown
        for ema in self.emas:
            ema.update(self.generator, self.images_seen, shown)
        return self._settle(stats, shown)

    def _settle(self, stats: StepStats, shown: int) -> StepStats:
        """Average the figures over all processes, and act on them alike everywhere."""
        names = [field.name for field in fields(stats)]
        values = torch.tensor([getattr(stats, name) for name in names], device=self.compute.device)
        stats = StepStats(**dict(zip(names, self.world.mean(values).tolist(), strict=True)))
        if not torch.isfinite(torch.tensor([stats.loss_d, stats.loss_g])).all():
            raise DivergedError(f"The losses stopped being finite at {self.images_seen / 1000:.1f} kimg.")
        self.augment_probability = adjusted(self.augment_probability, stats.lead, shown, self.config.augment)
        return stats

    def _augment(self, images: Tensor) -> Tensor:
        return augment(images, self.config.augment, self.augment_probability, self.draw)

    def _real_images(self, phase: Phase) -> Tensor:
        """Own share of a batch [N, 4, R, R]. While a level fades in, reals are blended as fakes are."""
        indices = self.shown[self.sampler.at(self.images_seen, self.batch_size)]
        real = self.dataset.batch(indices, phase.resolution).to(self.compute.device)
        return real if phase.alpha == 1 else torch.lerp(upsample(downsample(real)), real, phase.alpha)

    def _noise_sides(self, phase: Phase) -> list[int]:
        return self.generator.synthesis.noise_shapes(phase.resolution)

    def _random_styles(self, n: int, phase: Phase) -> Tensor:
        """w_plus [N, L, w_dim]; some samples mix in a second style from a random layer on (StyleGAN 3.1)."""
        config, draw, mapping = self.config, self.draw, self.generator.mapping
        w = mapping(draw.normal(n, 2, config.network.z_dim).flatten(0, 1))  # [2N, w_dim]
        mapping.track(self.world.mean(w.detach().mean(dim=0, keepdim=True)))
        first, second = w.unflatten(0, (n, 2)).unbind(1)
        used = len(self._noise_sides(phase))
        crossover = draw.integers(1, max(used, 2), n, 1)
        mixes = draw.uniform(n, 1) < config.mixing_probability
        layers = torch.arange(config.network.num_layers, device=crossover.device)
        takes_second = mixes & (layers >= crossover)  # [N, L]
        return torch.where(takes_second[:, :, None], second[:, None], first[:, None])

    def _update_discriminator(self, real: Tensor, fake: Tensor, phase: Phase) -> tuple[StepStats, Tensor]:
        """One step of the ordinary discriminator, in answer to reals and fakes [N, 4, R, R].

        Returns the figures of both players, and the gradient of the generator's loss at the fakes.
        """
        config, autocast = self.config, self.compute.autocast
        fake = fake.clone().requires_grad_()
        with autocast():
            logits_real = self.discriminator(real, phase.alpha).float()
            logits_fake = self.discriminator(fake, phase.alpha).float()
        loss = discriminator_loss(config.loss, logits_real, logits_fake)
        loss_g = generator_loss(config.loss, logits_real.detach(), logits_fake)
        stats = StepStats(loss.item(), loss_g.item(), lead(logits_real, logits_fake).item())
        towards_real = self._at_pixels(loss_g, fake)
        if self._penalizes:
            # R1 and R2 on the augmented images, every second one: enough for a lazy penalty.
            penalty = r1 = self._penalty(real[::2], phase)
            stats.r1 = r1.item()
            if penalizes_fakes(config.loss):
                r2 = self._penalty(fake.detach()[::2], phase)
                stats.r2 = r2.item()
                penalty = r1 + r2
            loss = loss + config.gamma * config.penalty_interval * penalty
        self._optimize(self.optimizer_d, self.scaler.scale(loss))
        return stats, towards_real

    def _update_both(self, eyes: Eyes, real: Tensor, fake: Tensor, phase: Phase) -> tuple[StepStats, Tensor]:
        """`_update_discriminator` and one step of the eyes' heads, whose gradient at the fakes is added.

        The eyes take longer than the discriminator, so they have both threads while they look.
        """
        seen = fake.clone().requires_grad_()

        def look(images: Tensor) -> list[Tensor]:
            with self.compute.autocast():
                return eyes.features(images)

        features_real, features_fake = self.side_by_side(lambda: look(real), lambda: look(seen))
        (stats, towards_real), (loss, ahead, towards_eyes) = self.side_by_side(
            lambda: self._update_discriminator(real, fake, phase),
            lambda: self._update_heads(eyes, features_real, features_fake, seen),
        )
        stats.loss_eyes, stats.lead = loss, max(stats.lead, ahead)
        return stats, towards_real.add_(towards_eyes)

    def _update_heads(
        self, eyes: Eyes, real: list[Tensor], fake: list[Tensor], seen: Tensor
    ) -> tuple[float, float, Tensor]:
        """One step of the heads, from the features of reals and of the fakes `seen` [N, 4, R, R].

        Returns their loss, how far they lead, and the gradient of the generator's loss at the fakes.
        """
        config = self.config.eyes
        with self.compute.autocast():
            loss_g, loss, ahead = eyes.losses(real, fake)
        stated = loss.item()
        towards_real = self._at_pixels(config.weight * loss_g, seen)
        if config.gamma > 0 and self._penalizes:
            penalty = eyes.penalty(real) + eyes.penalty(fake)
            loss = loss + config.gamma * self.config.penalty_interval * penalty
        self._optimize(self.optimizer_eyes, self.scaler.scale(loss))
        return stated, ahead.item(), towards_real

    def _at_pixels(self, loss: Tensor, images: Tensor) -> Tensor:
        """The (scaled) gradient of a loss at the images that it comes from; the graph is needed again."""
        return torch.autograd.grad(self.scaler.scale(loss), images, retain_graph=True)[0]

    def _penalty(self, images: Tensor, phase: Phase) -> Tensor:
        """The gradient penalty of the discriminator on these images: a scalar."""
        x = images.clone().requires_grad_()
        with self.compute.autocast():
            logits = self.discriminator(x, phase.alpha)
        return gradient_penalty(logits.float(), x)

    def _optimize(self, optimizer: Optimizer, result: Tensor, gradient: Tensor | None = None) -> None:
        """Move the optimiser's parameters, and nothing else, against a loss, or a result and its gradient."""
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        optimizer.zero_grad(set_to_none=True)
        result.backward(gradient, inputs=parameters)
        self.world.average_gradients(parameters)
        self.scaler.step(optimizer)

    # -- saving and resuming -------------------------------------------------------------------------------

    def lower_lr(self, factor: float) -> None:
        """Multiply all learning rates, now and in every later state."""
        self.lr_factor *= factor
        self._set_learning_rates()

    def _set_learning_rates(self) -> None:
        """The recipe's; the eyes' heads keep theirs however long the run is."""
        decay = lr_decay(self.images_seen, self.config.lr_decay_kimg)
        for name, optimizer in self._parts()[1].items():
            for group in optimizer.param_groups:
                group["lr"] = group["full_lr"] * self.lr_factor * (1 if name == "optimizer_eyes" else decay)

    def _parts(self) -> tuple[dict[str, nn.Module], dict[str, Optimizer]]:
        modules: dict[str, nn.Module] = {"generator": self.generator, "discriminator": self.discriminator}
        modules |= {f"ema{ema.half_life_kimg:g}": ema.generator for ema in self.emas}
        optimizers: dict[str, Optimizer] = {"optimizer_g": self.optimizer_g, "optimizer_d": self.optimizer_d}
        if self.eyes is not None:
            modules["eyes"] = self.eyes.heads
            optimizers["optimizer_eyes"] = self.optimizer_eyes
        return modules, optimizers

    def state(self) -> State:
        """Everything that `load_state` needs to go on exactly from here."""
        values: dict[str, Any] = {
            "images_seen": self.images_seen,
            "began_with": self.began_with,
            "config": self.config.to_dict(),
            "dataset": {key: self.dataset.index[key] for key in ("sha256", "count", "source")},
            "augment_probability": self.augment_probability,
            "lr_factor": self.lr_factor,
            "scaler": self.scaler.state_dict(),
        }
        return State(collect(*self._parts()), values)

    def load_state(self, state: State) -> None:
        """Go on from a saved state. Raises `StateError` if it belongs to other networks or a later stage."""
        images_seen, stored = state.images_seen, state.config
        reached = phase_at(stored.stages, images_seen).resolution
        planned = phase_at(self.config.stages, images_seen).resolution
        if planned < reached:
            raise StateError(
                f"The saved state has reached {reached} pixels, but these stages would put it back at "
                f"{planned}."
            )
        modules, optimizers = self._parts()
        if not stored.eyes.enabled or _heads(stored) != _heads(self.config):
            # No heads that could be gone on with: new ones start afresh.
            modules.pop("eyes", None)
            optimizers.pop("optimizer_eyes", None)
        restore(state, modules, optimizers)
        self.images_seen = images_seen
        self.began_with = state.began_with
        self.augment_probability = state.number("augment_probability", self.config.augment.probability)
        self.lower_lr(state.number("lr_factor", 1.0) / self.lr_factor)
        if scaler := state.values.get("scaler"):
            self.scaler.load_state_dict(scaler)


def _heads(config: TrainConfig) -> tuple[int, int, bool]:
    """What the shapes of the eyes' heads hang on."""
    return config.eyes.width, config.eyes.first_stride, config.eyes.minibatch_stddev


def _step_seed(seed: int, images_seen: int) -> int:
    """A seed below 2³² for one step: torch's generator on CPUs ignores higher bits."""
    return int(np.random.SeedSequence([seed, images_seen]).generate_state(1)[0])


def _check_fits(config: TrainConfig, dataset: SpriteDataset, world: World) -> None:
    """Raises `TrainingError` for data or a number of processes that the recipe cannot be followed with."""
    if dataset.resolution % config.network.resolution:
        raise TrainingError(
            f"The data set's images are {dataset.resolution} pixels wide, which the network's "
            f"{config.network.resolution} do not divide. Build a data set of that resolution."
        )
    if config.batch_size % (LEAST_SHARE * world.size) and world.size > 1:
        raise TrainingError(
            f"{world.size} processes cannot share batches of {config.batch_size} in whole groups of four: "
            f"choose a --batch-size that {LEAST_SHARE * world.size} divides."
        )
