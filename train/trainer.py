"""The training loop: one step from real images to updated networks, and what a run needs around it.

All randomness of a step comes from (seed, images seen), so a resumed run needs no stored generator state to
go on exactly as if it had never stopped (the idea is EDM2's).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from gan.discriminator import Discriminator
from gan.generator import Generator
from gan.layers import downsample, upsample
from train.augment import augment
from train.config import TrainConfig
from train.data import BalancedSampler, SpriteDataset
from train.ema import EMA
from train.eyes import Eyes
from train.losses import gradient_penalty, rpgan_discriminator_loss, rpgan_generator_loss
from train.precision import autocast, best_device, best_dtype
from train.schedule import Phase, check_stages, phase_at, total_images
from train.state import State, StateError, collect, restore

CALIBRATION_IMAGES = 256
M = TypeVar("M", bound=nn.Module)


class TrainingError(Exception):
    """Training that cannot go on. Its text is fit to show to a user."""


@dataclass
class StepStats:
    """The figures of one step; penalties and eyes are absent where they did not take part."""

    loss_d: float
    loss_g: float
    penalty: float | None = None
    loss_eyes: float | None = None


class Trainer:
    """Networks, optimisers and averages of one run, and the step that moves them."""

    def __init__(
        self,
        config: TrainConfig,
        dataset: SpriteDataset,
        device: torch.device | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        check_stages(config.stages, config.network.resolutions)
        if dataset.resolution % config.network.resolution:
            raise TrainingError(
                f"The data set's images are {dataset.resolution} pixels wide, which the network's "
                f"{config.network.resolution} do not divide. Build a data set of that resolution."
            )
        self.config = config
        self.dataset = dataset
        self.device = device or best_device()
        self.dtype = dtype or best_dtype(self.device)
        self.sampler = BalancedSampler(dataset.species, config.batch_size, config.seed)
        self.images_seen = 0

        torch.manual_seed(config.seed)
        self.generator = self._place(Generator(config.network))
        self.discriminator = self._place(Discriminator(config.discriminator))
        self.emas = [EMA(self.generator, half_life) for half_life in config.ema_half_lives_kimg]
        # Lazy regularisation: Adam is told of a step that is split in two (StyleGAN2, appendix B).
        lazy = config.penalty_interval / (config.penalty_interval + 1)
        self.optimizer_g = self._adam(self.generator.parameters(), config.lr, 1.0)
        self.optimizer_d = self._adam(self.discriminator.parameters(), config.lr, lazy)
        self.eyes: Eyes | None = None
        if config.eyes.enabled:
            self.eyes = self._place(Eyes(config.eyes.image_side, config.eyes.width))
            calibration = dataset.batch(self.sampler.slice(0, CALIBRATION_IMAGES)).to(self.device)
            self.eyes.calibrate(calibration)
            self.optimizer_eyes = self._adam(self.eyes.heads.parameters(), config.eyes.lr, 1.0)

    def _place(self, module: M) -> M:
        return module.to(self.device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]

    def _adam(self, parameters: Iterable[nn.Parameter], lr: float, lazy: float) -> Adam:
        beta1, beta2 = self.config.betas
        return Adam(parameters, lr * lazy, (beta1**lazy, beta2**lazy), eps=1e-8, fused=True)

    @property
    def phase(self) -> Phase:
        """Where the schedule stands."""
        return phase_at(self.config.stages, self.images_seen)

    @property
    def done(self) -> bool:
        """Whether the schedule has been shown in full."""
        return self.images_seen >= total_images(self.config.stages)

    # -- one step ------------------------------------------------------------------------------------------

    def step(self) -> StepStats:
        """Show one batch: update the discriminators, then the generator, then its averages."""
        config, phase = self.config, self.phase
        torch.manual_seed((config.seed << 40) + self.images_seen)
        real = augment(self._real_images(phase), config.augment)
        with autocast(self.device, self.dtype):
            w_plus = self._random_styles(config.batch_size)
            image = self.generator.synthesis(w_plus, resolution=phase.resolution, alpha=phase.alpha)
        # One batch of fakes serves both sides of the game.
        fake = augment(image.float(), config.augment)

        loss_d, penalty, logits_real = self._update_discriminator(real, fake.detach(), phase)
        looks = self.eyes is not None and phase.resolution >= config.eyes.from_resolution
        eyes_g, eyes_d = self._eyes_losses(real, fake) if looks else (None, None)
        if eyes_d is not None:
            _optimize(self.optimizer_eyes, eyes_d)

        self.discriminator.requires_grad_(False)
        with autocast(self.device, self.dtype):
            logits_fake = self.discriminator(fake, phase.alpha)
        # The reals only set the bar here, and one update barely moves it: not worth another forward pass.
        loss_g = rpgan_generator_loss(logits_real, logits_fake.float())
        total_g = loss_g if eyes_g is None else loss_g + config.eyes.weight * eyes_g
        _optimize(self.optimizer_g, total_g)
        self.discriminator.requires_grad_(True)

        self.images_seen += config.batch_size
        for ema in self.emas:
            ema.update(self.generator, self.images_seen, config.batch_size)
        stats = StepStats(loss_d, loss_g.item(), penalty, None if eyes_d is None else eyes_d.item())
        if not torch.isfinite(torch.tensor([stats.loss_d, stats.loss_g])).all():
            raise TrainingError(
                f"The losses stopped being finite at {self.images_seen / 1000:.1f} kimg. The last saved "
                "state is intact: resume from it with a lower --lr."
            )
        return stats

    def _real_images(self, phase: Phase) -> Tensor:
        """One batch [N, 4, R, R]. While a level fades in, the reals are blended as the fakes are."""
        indices = self.sampler.at(self.images_seen)
        real = self.dataset.batch(indices, phase.resolution).to(self.device)
        return real if phase.alpha == 1 else torch.lerp(upsample(downsample(real)), real, phase.alpha)

    def _random_styles(self, n: int) -> Tensor:
        """w_plus [N, L, w_dim]; some samples mix in a second style from a random layer on (StyleGAN 3.1)."""
        mapping, layers = self.generator.mapping, self.config.network.num_layers
        w = mapping(torch.randn(2 * n, self.config.network.z_dim, device=self.device))
        mapping.track(w)
        first, second = w.chunk(2)
        used = len(self.generator.synthesis.noise_shapes(self.phase.resolution))
        crossover = torch.randint(1, max(used, 2), (n, 1), device=self.device)
        mixes = torch.rand(n, 1, device=self.device) < self.config.mixing_probability
        takes_second = mixes & (torch.arange(layers, device=self.device) >= crossover)  # [N, L]
        return torch.where(takes_second[:, :, None], second[:, None], first[:, None])

    def _update_discriminator(
        self, real: Tensor, fake: Tensor, phase: Phase
    ) -> tuple[float, float | None, Tensor]:
        """One step of the ordinary discriminator.

        Returns its loss, the gradient penalty if it was due, and the logits of the reals [N] before the step.
        """
        config = self.config
        with autocast(self.device, self.dtype):
            logits_real = self.discriminator(real, phase.alpha)
            logits_fake = self.discriminator(fake, phase.alpha)
        loss = rpgan_discriminator_loss(logits_real.float(), logits_fake.float())
        total, penalty = loss, None
        if (self.images_seen // config.batch_size) % config.penalty_interval == 0:
            # R1 and R2 on the augmented images, half a batch of each: enough for a lazy penalty.
            half = max(len(real) // 2, 1)
            pair = [x[:half].clone().requires_grad_() for x in (real, fake)]
            with autocast(self.device, self.dtype):
                logits = [self.discriminator(x, phase.alpha).float() for x in pair]
            r1, r2 = (gradient_penalty(y, x) for y, x in zip(logits, pair, strict=True))
            penalty = (r1 + r2).item()
            total = loss + config.gamma * config.penalty_interval * (r1 + r2)
        _optimize(self.optimizer_d, total)
        return loss.item(), penalty, logits_real.detach().float()

    def _eyes_losses(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """Losses of generator and heads through the pretrained network, averaged over the heads.

        The frozen features of the fakes are computed once: attached for the generator, detached for the
        heads. The generator meets the heads as they were before this step's update.
        """
        assert self.eyes is not None
        with autocast(self.device, self.dtype):
            with torch.no_grad():
                features_real = self.eyes.features(real)
            features_fake = self.eyes.features(fake)
            maps_real = self.eyes.logits(features_real)
            maps_fake = self.eyes.logits([f.detach() for f in features_fake])
            self.eyes.heads.requires_grad_(False)
            maps_generator = self.eyes.logits(features_fake)
            self.eyes.heads.requires_grad_(True)
        loss_g = _mean(
            rpgan_generator_loss(r.detach().float(), f.float())
            for r, f in zip(maps_real, maps_generator, strict=True)
        )
        loss_d = _mean(
            rpgan_discriminator_loss(r.float(), f.float()) for r, f in zip(maps_real, maps_fake, strict=True)
        )
        return loss_g, loss_d

    # -- saving and resuming -------------------------------------------------------------------------------

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
            "config": self.config.to_dict(),
            "dataset": {key: self.dataset.index[key] for key in ("sha256", "count", "source")},
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
        if not stored.eyes.enabled or stored.eyes.width != self.config.eyes.width:
            # No heads that could be gone on with: new ones start afresh.
            modules.pop("eyes", None)
            optimizers.pop("optimizer_eyes", None)
        restore(state, modules, optimizers)
        self.images_seen = images_seen


def _optimize(optimizer: Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


def _mean(losses: Iterable[Tensor]) -> Tensor:
    return torch.stack(list(losses)).mean()
